// The layout of the results store and how an older one becomes the newest. docs/results.md explains each table.
//
// A migration is never changed once it has been released: the next version is one more entry. The version that a file
// has is SQLite's user_version; application_id tells a store from other SQLite databases. Thread safety: as Database.
#pragma once

#include <cstdint>
#include <span>

#include "base/expected.h"
#include "results/store/sqlite.h"

namespace faultline::results {

/// "Fltl", in the file's header where file(1) and sqlite3 see it.
inline constexpr std::int32_t kApplicationId = 0x466c746c;

/// The statements that lead from version i to version i + 1, for each i.
std::span<const char* const> schema_migrations();

/// Brings `database` to the version after the last of `migrations`, all in one transaction. An empty file gets the
/// whole schema. Error: kBadInput for another program's database and for a version newer than this program.
Status migrate(Database& database, std::span<const char* const> migrations);

}  // namespace faultline::results
