// A store and a run directory that an older Faultline wrote: what is in them goes on under today's names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "results/atomic_file.h"
#include "results/compare/compare.h"
#include "results/manifest.h"
#include "results/store/import.h"
#include "results/store/sample_reader.h"
#include "results/store/store.h"
#include "tests/temporary_directory.h"

namespace faultline::results {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

class FormerStore : public testing::Test {
protected:
    /// As it was, by the version before.
    std::filesystem::path write() {
        const auto sql = read_file(FAULTLINE_STORE_VERSION_2);
        EXPECT_TRUE(sql.ok()) << sql.error().message;
        const auto path = directory_.path() / "old.db";
        const auto database = Database::open(path, Database::Mode::kCreate);
        EXPECT_TRUE(database.ok()) << database.error().message;
        const Status written = (*database)->execute(sql->c_str());
        EXPECT_TRUE(written.ok()) << written.error().message;
        return path;
    }
    Store open() {
        auto store = Store::open(write(), Database::Mode::kExisting);
        EXPECT_TRUE(store.ok()) << store.error().message;
        return *std::move(store);
    }
    static std::vector<RunInfo> runs(const Store& store, const std::string& reference) {
        const auto parsed = parse_run_reference(reference);
        EXPECT_TRUE(parsed.ok());
        const auto found = store.find(*parsed);
        EXPECT_TRUE(found.ok()) << found.error().message;
        return found.ok() ? *found : std::vector<RunInfo>();
    }
    static std::set<std::string> names(const Store& store, const std::string& uid) {
        std::set<std::string> all;
        for (const RunInfo& run : runs(store, uid)) all.merge(*store.benchmarks_of(run.id));
        return all;
    }

    TemporaryDirectory directory_;
};

TEST_F(FormerStore, BenchmarksHaveTheirNamesOfToday) {
    const Store store = open();
    EXPECT_THAT(
        names(store, std::string(16, '1')),
        UnorderedElementsAre("p2p/migration/direct/one/from:1/to:0", "p2p/migration/direct/one/from:0/to:1",
                             "p2p/migration/direct/both/from:1/to:0", "p2p/remote_access/read/one/from:1/to:0",
                             "p2p/remote_access/read/one/from:0/to:1", "p2p/remote_access/read/both/from:1/to:0",
                             "p2p/remote_access/write/one/from:0/to:1", "p2p/remote_access/write/one/from:1/to:0",
                             "p2p/remote_access/write/both/from:0/to:1", "p2p/remote_chase/one/from:1/to:0",
                             "p2p/remote_chase/one/from:0/to:1", "p2p/remote_chase/both/from:1/to:0",
                             "p2p/copy/one/size:64K/from:0/to:1", "p2p/copy/one/size:64K/from:1/to:0",
                             "p2p/copy/both/size:64K/from:0/to:1"));
    EXPECT_THAT(names(store, std::string(16, '3')), UnorderedElementsAre("migration/to_host/read/size:64K"));
    // The interrupted one is gone on with by the names that programs list today.
    EXPECT_THAT(names(store, std::string(16, '2')), UnorderedElementsAre("fault/parallelism/read/threads:1"));
}

TEST_F(FormerStore, WhatOneRunTellsApartStaysApart) {
    const Store store = open();
    EXPECT_THAT(names(store, std::string(16, '4')), UnorderedElementsAre("BM_a", "BM_a/real_time", "BM_b"));
    EXPECT_THAT(names(store, std::string(16, '5')), UnorderedElementsAre("BM_b", "BM_c"));
}

TEST_F(FormerStore, NothingIsLost) {
    const Store store = open();
    std::size_t results = 0;
    std::size_t with_latencies = 0;
    for (const char digit : std::string("12345")) {
        for (const RunInfo& run : runs(store, std::string(16, digit))) {
            const Status read = store.visit(run, {.benchmark = {}, .latencies = true}, [&](StoredResult&& stored) {
                ++results;
                with_latencies += stored.result.latency.empty() ? 0 : 1;
            });
            ASSERT_TRUE(read.ok()) << read.error().message;
        }
    }
    EXPECT_EQ(results, 22u);
    EXPECT_EQ(with_latencies, 11u);
    const auto steps = store.steps();
    ASSERT_TRUE(steps.ok()) << steps.error().message;
    ASSERT_EQ(steps->size(), 1u);
    EXPECT_EQ(steps->front().benchmark, "p2p/migration/direct/one/from:0/to:1");
}

TEST_F(FormerStore, IsBroughtToTodayOnce) {
    const auto path = write();
    for (int i = 0; i < 2; ++i) {
        const auto store = Store::open(path, Database::Mode::kExisting);
        ASSERT_TRUE(store.ok()) << store.error().message;
        EXPECT_EQ(names(*store, std::string(16, '5')).size(), 2u);
    }
}

/// As a program of today reports a benchmark.
BenchmarkResult named_result(const std::string& name) {
    BenchmarkResult result;
    result.name = name;
    result.metrics = {"iterations", "real_time", "cpu_time"};
    result.values = {{8}, {1000}, {1000}};
    result.errors = {""};
    return result;
}

TEST_F(FormerStore, ARunOfTodayIsComparedWithThoseOfOld) {
    Store store = open();
    NewRun run;
    run.uid = "00000000000000aa";
    run.label = "new";
    run.started_utc = "2026-02-01T00:00:00Z";
    const auto context = store.context_of(runs(store, std::string(16, '1')).front().id);
    ASSERT_TRUE(context.ok());
    run.context = *context;
    const auto begun = store.begin_run(run);
    ASSERT_TRUE(begun.ok()) << begun.error().message;
    const auto process = store.begin_process(*begun, "another boot", {});
    ASSERT_TRUE(process.ok());
    for (const std::string& name : names(store, std::string(16, '1')))
        ASSERT_TRUE(store.add_result(*begun, *process, named_result(name)).ok());
    ASSERT_TRUE(store.end_run(*begun, RunState::kComplete, 1, "").ok());

    const auto before = samples_of(store, std::string(16, '1'));
    const auto after = samples_of(store, "label:new");
    ASSERT_TRUE(before.ok() && after.ok());
    CompareOptions options;
    options.metrics = {"real_time"};
    const auto comparison = compare(*before, *after, options);
    ASSERT_TRUE(comparison.ok()) << comparison.error().message;
    EXPECT_EQ(comparison->rows.size(), 15u);
    for (const ComparedMetric& row : comparison->rows) {
        EXPECT_TRUE(row.median_a.has_value() && row.median_b.has_value()) << row.benchmark << ": " << row.reason;
    }
}

TEST_F(FormerStore, ARunDirectoryOfOldIsImportedUnderTodaysNames) {
    const auto run = directory_.path() / "run";
    std::filesystem::create_directories(run / "latency");
    const std::string old = "p2p/remote_access/read/one/pair:1-0/iterations:8/manual_time";
    ASSERT_TRUE(
        write_file_atomically(
            run / "run.json",
            R"({"context": {"date": "2026-01-02T03:04:05+00:00", "num_cpus": 4}, "benchmarks": [{"name": ")" + old +
                R"(", "run_name": ")" + old +
                R"(", "run_type": "iteration", "iterations": 8, "real_time": 1, "cpu_time": 1, "time_unit": "ns"}]})")
            .ok());
    Manifest manifest;
    manifest.started_utc = "2026-01-02T03:04:05Z";
    manifest.families.emplace_back().family = "p2p/remote_access";
    manifest.latency_files = {"latency/old.lat"};
    ASSERT_TRUE(write_file_atomically(run / "manifest.json", to_json(manifest).dump()).ok());
    ASSERT_TRUE(write_file_atomically(run / "latency" / "old.lat",
                                      "# faultline-latency 1\n# benchmark: " + old +
                                          "\n# unit: ns\n# columns: repetition iteration latency\n0 0 7\n0 1 9\n")
                    .ok());

    Store store = open();
    const auto imported = import_path(store, run, "");
    ASSERT_TRUE(imported.ok()) << imported.error().message;
    std::vector<std::string> found;
    const Status read = store.visit(imported->run, {.benchmark = {}, .latencies = true}, [&](StoredResult&& stored) {
        found.push_back(stored.result.name);
        EXPECT_EQ(stored.result.latency.count(), 2u);
    });
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_THAT(found, ElementsAre("p2p/remote_access/read/one/from:0/to:1"));
}

}  // namespace
}  // namespace faultline::results
