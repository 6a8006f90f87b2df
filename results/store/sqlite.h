// SQLite as values and Statuses: a connection, a prepared statement, a transaction.
//
// Every failure of SQLite becomes one line that names the file and says what to do: kBadInput where the file is at
// fault (corrupt, not a database), kUnavailable where the machine is (disk full, no permission, locked). Thread safety:
// a connection and its statements belong to one thread at a time; several connections, also of several processes, may
// use one file. Ownership: statements do not outlive their connection.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/expected.h"

namespace faultline::results {

class Database;

/// A prepared statement. Parameters count from 1, columns from 0, as in SQLite.
class Statement {
public:
    Statement& bind(int parameter, std::int64_t value);
    Statement& bind(int parameter, double value);
    Statement& bind(int parameter, std::string_view value);
    Statement& bind_blob(int parameter, std::span<const std::uint8_t> value);
    /// As text where it is not empty, else NULL.
    Statement& bind_optional(int parameter, std::string_view value);

    /// True: a row is there. False: the statement is at its end and may be bound and stepped anew.
    Expected<bool> step();
    /// Steps a statement that gives no rows.
    Status run();

    std::int64_t integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
    double real(int column) const { return sqlite3_column_double(statement_.get(), column); }
    /// Valid until the next step.
    std::string_view text(int column) const;
    std::span<const std::uint8_t> blob(int column) const;
    bool is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    Statement(const Database* database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
    Error reset_after(int code);

    const Database* database_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
public:
    enum class Mode { kCreate, kExisting };

    /// In WAL, every commit on disk when it returns: what is measured may bring the machine down.
    static Expected<std::unique_ptr<Database>> open(const std::filesystem::path& path, Mode mode);
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    Expected<Statement> prepare(std::string_view sql) const;
    /// A statement of this connection that is prepared once, at its beginning: one use of it must end before the next.
    Expected<Statement*> cached(std::string_view sql) const;
    /// One or several statements without parameters.
    Status execute(const char* sql) const;
    /// Lets statements of this connection call `function`, which gives the same for the same text, as NAME(text).
    Status define(const char* name, std::string (*function)(std::string_view)) const;
    /// The first column of the first row of a statement without parameters; 0 without a row.
    Expected<std::int64_t> integer(std::string_view sql) const;
    std::int64_t last_row_id() const { return sqlite3_last_insert_rowid(connection_.get()); }

    /// Runs `work` in one transaction: all of it is stored when this returns ok, else nothing. A call inside a call
    /// joins the outer transaction.
    Status atomically(const std::function<Status()>& work);

    const std::filesystem::path& path() const { return path_; }
    /// What the last failure of this connection was. `code` as SQLite gave it.
    Error error_of(int code) const;

private:
    struct Close {
        void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
    };
    Database(std::filesystem::path path, sqlite3* connection) : path_(std::move(path)), connection_(connection) {}

    Status enter_wal() const;

    std::filesystem::path path_;
    std::unique_ptr<sqlite3, Close> connection_;
    mutable std::map<std::string, Statement, std::less<>> cached_;
    bool in_transaction_ = false;
};

/// What a damaged file says, fit for an error's one line: control characters become blanks.
std::string one_line(std::string text);

}  // namespace faultline::results
