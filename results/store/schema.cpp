#include "results/store/schema.h"

#include <fmt/format.h>

#include <array>

#include "vocabulary/former_name.h"

namespace faultline::results {
namespace {

constexpr const char* kVersion1 = R"sql(
CREATE TABLE environment (
    id    INTEGER PRIMARY KEY,
    facts TEXT NOT NULL UNIQUE              -- JSON object of strings, keys sorted
) STRICT;

CREATE TABLE run (
    id             INTEGER PRIMARY KEY,
    uid            TEXT NOT NULL UNIQUE,    -- 16 hexadecimal digits
    label          TEXT NOT NULL,
    suite          TEXT NOT NULL,           -- '' for an import
    started_utc    TEXT NOT NULL,           -- ISO 8601
    seconds        REAL NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('running', 'complete', 'interrupted')),
    directory      TEXT NOT NULL,           -- absolute; '' for an import of a single file
    work_directory TEXT NOT NULL,           -- where the directory is being built; '' once it has its name
    environment_id INTEGER NOT NULL REFERENCES environment,
    kernel         TEXT NOT NULL,           -- of the environment, for references
    device         TEXT NOT NULL,
    policy         TEXT NOT NULL,
    model          TEXT NOT NULL,
    benchmarks     INTEGER NOT NULL DEFAULT 0,
    failed         INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE run_detail (                   -- apart from run, which stays small enough to be listed quickly
    run_id  INTEGER PRIMARY KEY REFERENCES run ON DELETE CASCADE,
    request TEXT NOT NULL,                  -- JSON: what was asked for, to resume with; 'null' for an import
    context TEXT NOT NULL                   -- JSON: Google Benchmark's context
) STRICT;
CREATE INDEX run_by_start ON run (started_utc);
CREATE INDEX run_by_directory ON run (directory);

CREATE TABLE process (
    id      INTEGER PRIMARY KEY,
    run_id  INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
    boot    TEXT NOT NULL,                  -- boot id; '' where unknown
    family  TEXT NOT NULL,
    command TEXT NOT NULL,                  -- JSON list
    state   TEXT NOT NULL,                  -- 'running', then as in manifest.json
    detail  TEXT NOT NULL,
    planned INTEGER NOT NULL,               -- benchmarks that were to run
    failed  INTEGER NOT NULL,
    seconds REAL NOT NULL
) STRICT;
CREATE INDEX process_by_run ON process (run_id);

CREATE TABLE benchmark (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE layout (
    id      INTEGER PRIMARY KEY,
    metrics TEXT NOT NULL UNIQUE            -- JSON list of names
) STRICT;

CREATE TABLE result (
    id           INTEGER PRIMARY KEY,
    run_id       INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
    benchmark_id INTEGER NOT NULL REFERENCES benchmark,
    process_id   INTEGER NOT NULL REFERENCES process ON DELETE CASCADE,
    threads      INTEGER NOT NULL,
    time_unit    TEXT NOT NULL,             -- of real_time and cpu_time
    label        TEXT NOT NULL,
    errors       TEXT,                      -- JSON list of one message a repetition, '' where it ran; NULL: all ran
    layout_id    INTEGER NOT NULL REFERENCES layout,
    repetitions  INTEGER NOT NULL,
    samples      BLOB NOT NULL,             -- little-endian doubles [metric][repetition], NaN where absent
    UNIQUE (run_id, benchmark_id, process_id)
) STRICT;
CREATE INDEX result_by_benchmark ON result (benchmark_id, run_id);
CREATE INDEX result_by_process ON result (process_id);

CREATE TABLE latency (
    result_id    INTEGER PRIMARY KEY REFERENCES result ON DELETE CASCADE,
    distribution BLOB NOT NULL              -- results/statistics/histogram.h
) STRICT;
)sql";

// Nights, and the steps that each of them reported, so that none is reported twice.
constexpr const char* kVersion2 = R"sql(
CREATE TABLE night (
    id          INTEGER PRIMARY KEY,        -- ascending: a later night has a greater one
    started_utc TEXT NOT NULL,              -- ISO 8601
    state       TEXT NOT NULL CHECK (state IN ('running', 'complete', 'abandoned')),
    resumes     INTEGER NOT NULL DEFAULT 0, -- how often it was gone on with
    thinned     INTEGER NOT NULL DEFAULT 0, -- 1: of the samples of its runs only medians are left
    request     TEXT NOT NULL,              -- JSON: what was asked for, to go on with
    verdict     TEXT NOT NULL               -- JSON; 'null' until there is one
) STRICT;
ALTER TABLE run ADD COLUMN night_id INTEGER REFERENCES night;
CREATE INDEX run_by_night ON run (night_id) WHERE night_id IS NOT NULL;

CREATE TABLE step (
    id             INTEGER PRIMARY KEY,
    night_id       INTEGER NOT NULL REFERENCES night,  -- that reported it
    first_night_id INTEGER NOT NULL REFERENCES night,  -- the first after it
    benchmark_id   INTEGER NOT NULL REFERENCES benchmark,
    metric         TEXT NOT NULL,
    before         REAL NOT NULL,           -- medians, in the metric's unit
    after          REAL NOT NULL,
    worse          INTEGER NOT NULL         -- 1: for the worse, 0: for the better
) STRICT;
CREATE INDEX step_by_night ON step (night_id);
)sql";

// One name for a benchmark: results of the names that are the same today come together under it, so that a history goes
// on. Names that one run has beside each other stay apart under what they are called: those are several benchmarks.
constexpr const char* kVersion3 = R"sql(
CREATE TEMP TABLE renaming AS SELECT id AS old_id, present_name(name) AS name FROM benchmark;
CREATE INDEX temp.renaming_by_id ON renaming (old_id);
DELETE FROM renaming WHERE name IN (
    SELECT same.name
    FROM (SELECT name FROM renaming GROUP BY name HAVING count(*) > 1) AS same
    JOIN renaming ON renaming.name = same.name
    JOIN (SELECT DISTINCT benchmark_id, run_id FROM result) AS used ON used.benchmark_id = renaming.old_id
    GROUP BY same.name, used.run_id HAVING count(*) > 1);
CREATE TEMP TABLE merging AS
    SELECT old_id, first_id FROM renaming JOIN (SELECT name, min(old_id) AS first_id FROM renaming GROUP BY name)
    USING (name) WHERE old_id <> first_id;
UPDATE result SET benchmark_id = (SELECT first_id FROM merging WHERE old_id = benchmark_id)
    WHERE benchmark_id IN (SELECT old_id FROM merging);
UPDATE step SET benchmark_id = (SELECT first_id FROM merging WHERE old_id = benchmark_id)
    WHERE benchmark_id IN (SELECT old_id FROM merging);
DELETE FROM benchmark WHERE id IN (SELECT old_id FROM merging);
UPDATE benchmark SET name = (SELECT name FROM renaming WHERE old_id = id) WHERE id IN (SELECT old_id FROM renaming);
DROP TABLE merging;
DROP TABLE renaming;
)sql";

constexpr std::array kMigrations = {kVersion1, kVersion2, kVersion3};

Error refused(const Database& database, const std::string& why) {
    return {ErrorKind::kBadInput, fmt::format("{}: {}", database.path().string(), why)};
}

}  // namespace

std::span<const char* const> schema_migrations() { return kMigrations; }

Status migrate(Database& database, std::span<const char* const> migrations) {
    const auto newest = static_cast<std::int64_t>(migrations.size());
    Expected<std::int64_t> version = database.integer("PRAGMA user_version");
    if (!version) return version.error();
    Expected<std::int64_t> application = database.integer("PRAGMA application_id");
    if (!application) return application.error();
    if (*version == newest && *application == kApplicationId) return {};
    FL_RETURN_IF_ERROR(database.define("present_name", present_name));
    // First without the lock, so that whoever only reads never waits for a writer. Anything else is looked at again
    // under it, since another process may be making the store.
    return database.atomically([&]() -> Status {
        version = database.integer("PRAGMA user_version");
        if (!version) return version.error();
        application = database.integer("PRAGMA application_id");
        if (!application) return application.error();
        FL_ASSIGN_OR_RETURN(const auto tables, database.integer("SELECT count(*) FROM sqlite_schema"));
        if (*application != kApplicationId && (tables > 0 || *version != 0)) {
            return refused(database, "an SQLite database, but not a results store of Faultline");
        }
        if (*version > newest || *version < 0) {
            return refused(database, fmt::format("schema version {}, but this faultline knows only up to {}; use a "
                                                 "newer faultline",
                                                 *version, newest));
        }
        for (std::int64_t v = *version; v < newest; ++v) {
            FL_RETURN_IF_ERROR(database.execute(migrations[static_cast<std::size_t>(v)]));
        }
        return database.execute(
            fmt::format("PRAGMA user_version = {}; PRAGMA application_id = {}", newest, kApplicationId).c_str());
    });
}

}  // namespace faultline::results
