#include "results/store/sqlite.h"

#include <fmt/format.h>

#include <algorithm>

namespace faultline::results {
namespace {

// A writer holds the file for one benchmark's transaction, 0.2 ms; an import or a slow disk takes longer. Beyond this
// it hangs, and that is said.
constexpr int kBusyMilliseconds = 20000;

struct Cause {
    ErrorKind kind;
    const char* text;
};

Cause cause_of(int code) {
    switch (code & 0xff) {
        case SQLITE_CORRUPT:
            return {ErrorKind::kBadInput,
                    "the database is corrupt; restore a copy, or salvage it with sqlite3's .recover"};
        case SQLITE_NOTADB:
            return {ErrorKind::kBadInput, "not an SQLite database"};
        case SQLITE_FULL:
            return {ErrorKind::kUnavailable, "the disk is full; free space and try again: all that was stored is kept"};
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return {ErrorKind::kUnavailable, "no permission to write the database or its directory"};
        case SQLITE_CANTOPEN:
            return {ErrorKind::kUnavailable, "cannot open the database: is its directory there, and yours to write?"};
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return {ErrorKind::kUnavailable, "another process holds the database; try again when it has ended"};
        case SQLITE_IOERR:
            return {ErrorKind::kUnavailable, "reading or writing the database failed: is the disk full or broken?"};
        case SQLITE_NOMEM:
        case SQLITE_MISUSE:
            return {ErrorKind::kInternal, "SQLite was used wrongly"};
        default:
            // Statements are fixed and were tried: where one is refused, the file is not what this program wrote.
            return {ErrorKind::kBadInput, "the database is damaged, or another program changed it"};
    }
}

}  // namespace

Statement& Statement::bind(int parameter, std::int64_t value) {
    sqlite3_bind_int64(statement_.get(), parameter, value);
    return *this;
}

Statement& Statement::bind(int parameter, double value) {
    sqlite3_bind_double(statement_.get(), parameter, value);
    return *this;
}

Statement& Statement::bind(int parameter, std::string_view value) {
    // A null pointer would bind NULL.
    const char* text = value.data() == nullptr ? "" : value.data();
    sqlite3_bind_text64(statement_.get(), parameter, text, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    return *this;
}

Statement& Statement::bind_blob(int parameter, std::span<const std::uint8_t> value) {
    const void* data = value.empty() ? "" : static_cast<const void*>(value.data());
    sqlite3_bind_blob64(statement_.get(), parameter, data, value.size(), SQLITE_TRANSIENT);
    return *this;
}

Statement& Statement::bind_optional(int parameter, std::string_view value) {
    if (!value.empty()) return bind(parameter, value);
    sqlite3_bind_null(statement_.get(), parameter);
    return *this;
}

Error Statement::reset_after(int code) {
    const Error error = database_->error_of(code);  // before the reset forgets it
    sqlite3_reset(statement_.get());
    return error;
}

Expected<bool> Statement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) return reset_after(code);
    sqlite3_reset(statement_.get());
    return false;
}

Status Statement::run() {
    const Expected<bool> row = step();
    return row ? Status() : Status(row.error());
}

std::string_view Statement::text(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::span<const std::uint8_t> Statement::blob(int column) const {
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

Expected<std::unique_ptr<Database>> Database::open(const std::filesystem::path& path, Mode mode) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
        return Error{ErrorKind::kBadInput, path.string() + ": a directory, not a database"};
    }
    if (mode == Mode::kExisting && !std::filesystem::exists(path, ignored)) {
        return Error{
            ErrorKind::kBadInput,
            fmt::format("{}: no such database; `faultline run` and `faultline import` make one", path.string())};
    }
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
    sqlite3* raw = nullptr;
    // Without SQLite's own mutex: a Store is used by one thread at a time.
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (mode == Mode::kCreate ? SQLITE_OPEN_CREATE : 0);
    const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
    std::unique_ptr<Database> database(new Database(path, raw));
    if (code != SQLITE_OK) return database->error_of(code);
    sqlite3_busy_timeout(raw, kBusyMilliseconds);
    // FULL: a commit is on disk when it returns, since what is measured may bring the machine down. A damaged file must
    // end in an error: its cells are checked and its schema is not trusted.
    if (Status s = database->execute("PRAGMA page_size = 8192; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                                     "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF;"
                                     "PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY");
        !s) {
        return s.error();
    }
    FL_RETURN_IF_ERROR(database->enter_wal());
    return database;
}

Status Database::enter_wal() const {
    // SQLite does not wait here as it does elsewhere, since two that switch a new file would wait for each other.
    constexpr int kPauseMilliseconds = 5;
    int code = SQLITE_BUSY;
    for (int waited = 0; code == SQLITE_BUSY && waited < kBusyMilliseconds; waited += kPauseMilliseconds) {
        if (waited > 0) sqlite3_sleep(kPauseMilliseconds);
        code = sqlite3_exec(connection_.get(), "PRAGMA journal_mode = WAL", nullptr, nullptr, nullptr);
    }
    return code == SQLITE_OK ? Status() : Status(error_of(code));
}

Expected<Statement> Database::prepare(std::string_view sql) const {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v2(connection_.get(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr);
    if (code != SQLITE_OK) return error_of(code);
    return Statement(this, raw);
}

Expected<Statement*> Database::cached(std::string_view sql) const {
    if (const auto it = cached_.find(sql); it != cached_.end()) {
        sqlite3_reset(it->second.statement_.get());  // its last use may have ended early
        return &it->second;
    }
    FL_ASSIGN_OR_RETURN(auto statement, prepare(sql));
    return &cached_.emplace(sql, std::move(statement)).first->second;
}

Status Database::define(const char* name, std::string (*function)(std::string_view)) const {
    using Function = std::string (*)(std::string_view);
    const auto call = [](sqlite3_context* context, int, sqlite3_value** arguments) {
        const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(arguments[0]));
        if (text == nullptr) return sqlite3_result_null(context);
        const auto length = static_cast<std::size_t>(sqlite3_value_bytes(arguments[0]));
        const auto made = reinterpret_cast<Function>(sqlite3_user_data(context))({text, length});
        sqlite3_result_text(context, made.data(), static_cast<int>(made.size()), SQLITE_TRANSIENT);
    };
    const int code = sqlite3_create_function_v2(connection_.get(), name, 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                                reinterpret_cast<void*>(function), call, nullptr, nullptr, nullptr);
    return code == SQLITE_OK ? Status() : Status(error_of(code));
}

Status Database::execute(const char* sql) const {
    const int code = sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
    return code == SQLITE_OK ? Status() : Status(error_of(code));
}

Expected<std::int64_t> Database::integer(std::string_view sql) const {
    FL_ASSIGN_OR_RETURN(auto statement, prepare(sql));
    FL_ASSIGN_OR_RETURN(const auto row, statement.step());
    return row ? statement.integer(0) : 0;
}

Status Database::atomically(const std::function<Status()>& work) {
    if (in_transaction_) return work();
    // The write lock at once. A transaction that read first and asked for it later would be refused without waiting
    // where another has written meanwhile.
    FL_RETURN_IF_ERROR(execute("BEGIN IMMEDIATE"));
    in_transaction_ = true;
    Status status = work();
    in_transaction_ = false;
    if (status) status = execute("COMMIT");
    // Some failures have rolled back already; then there is nothing left to roll back.
    if (!status && sqlite3_get_autocommit(connection_.get()) == 0) (void)execute("ROLLBACK");
    return status;
}

Error Database::error_of(int code) const {
    const Cause cause = cause_of(code);
    const char* said = connection_ ? sqlite3_errmsg(connection_.get()) : sqlite3_errstr(code);
    return {cause.kind, fmt::format("{}: {} ({})", path_.string(), cause.text, one_line(said))};
}

std::string one_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, ' ');
    return text;
}

}  // namespace faultline::results
