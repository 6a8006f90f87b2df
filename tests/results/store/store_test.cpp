#include "results/store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <random>

#include "results/atomic_file.h"
#include "results/store/sample_reader.h"
#include "results/store/schema.h"
#include "tests/results/store/stored_run.h"
#include "tests/temporary_directory.h"

namespace faultline::results {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

class StoreTest : public testing::Test {
protected:
    fs::path path() const { return directory_.path() / "faultline.db"; }
    const TemporaryDirectory& directory() const { return directory_; }

    Store open() const {
        auto store = Store::open(path(), Database::Mode::kCreate);
        EXPECT_TRUE(store.ok()) << store.error().message;
        return *std::move(store);
    }

    static std::vector<std::string> uids(const Store& store, const std::string& reference) {
        const auto parsed = parse_run_reference(reference);
        EXPECT_TRUE(parsed.ok()) << parsed.error().message;
        const auto runs = store.find(*parsed);
        EXPECT_TRUE(runs.ok()) << runs.error().message;
        std::vector<std::string> found;
        for (const RunInfo& run : *runs) found.push_back(run.uid);
        return found;
    }

    static std::string error_of(const Store& store, const std::string& reference) {
        const auto parsed = parse_run_reference(reference);
        if (!parsed) return parsed.error().message;
        const auto runs = store.find(*parsed);
        return runs.ok() ? "" : runs.error().message;
    }

    static std::vector<StoredResult> results(const Store& store, const RunInfo& run) {
        std::vector<StoredResult> found;
        const Status status = store.visit(run, {.benchmark = {}, .latencies = true},
                                          [&](StoredResult&& r) { found.push_back(std::move(r)); });
        EXPECT_TRUE(status.ok()) << status.error().message;
        return found;
    }

    static std::string uid(std::uint64_t number) { return new_run(number).uid; }

private:
    TemporaryDirectory directory_;
};

TEST_F(StoreTest, GivesBackWhatWasStored) {
    {
        Store store = open();
        ASSERT_TRUE(store_run(store, 7, 5, "nightly").ok());
    }
    const Store store = open();
    const auto runs = store.find(all_runs());
    ASSERT_TRUE(runs.ok());
    ASSERT_EQ(runs->size(), 1u);
    const RunInfo& run = runs->front();
    EXPECT_EQ(run.label, "nightly");
    EXPECT_EQ(run.kernel, "6.19.0");
    EXPECT_EQ(run.policy, "fine-grained");
    EXPECT_EQ(run.state, RunState::kComplete);
    EXPECT_EQ(run.benchmarks, 5);
    EXPECT_EQ(run.failed, 0);
    const auto stored = results(store, run);
    ASSERT_EQ(stored.size(), 5u);
    for (std::size_t b = 0; b < stored.size(); ++b) {
        expect_same(stored[b].result, result_of(7, b));
        EXPECT_EQ(stored[b].boot, "boot-3");
    }
    const auto environment = store.environment_of(run);
    ASSERT_TRUE(environment.ok());
    EXPECT_THAT(*environment,
                UnorderedElementsAre(Pair("device", "Faultline reference (model: native)"), Pair("model", "native"),
                                     Pair("num_cpus", "4"), Pair("policy", "fine-grained"),
                                     Pair("env_kernel_release", "6.19.0")));
}

TEST_F(StoreTest, FailedRepetitionsKeepTheirReasonAndGiveNoSamples) {
    Store store = open();
    const auto run = store.begin_run(new_run(1));
    const auto process = store.begin_process(*run, "boot", {});
    BenchmarkResult result = result_of(1, 0);
    result.errors[1] = "the data is wrong";
    for (auto& row : result.values) row[1] = std::numeric_limits<double>::quiet_NaN();
    ASSERT_TRUE(store.add_result(*run, *process, result).ok());
    const auto info = store.find_uid(uid(1));
    ASSERT_TRUE(info.ok() && *info);
    EXPECT_EQ((*info)->failed, 1);
    EXPECT_THAT(results(store, **info)[0].result.errors, ElementsAre("", "the data is wrong", ""));
    const auto set = samples_of(store, uid(1), {.benchmark = {}, .metric = "real_time"});
    ASSERT_TRUE(set.ok());
    ASSERT_EQ(set->series.size(), 1u);
    ASSERT_EQ(set->series[0].samples.size(), 2u);
    EXPECT_EQ(set->series[0].samples[1].repetition, 2);
}

TEST_F(StoreTest, ReferencesMeanTheRunsThatMatchAllParts) {
    Store store = open();
    for (const std::uint64_t n : {1, 2, 3, 4, 5}) {
        ASSERT_TRUE(store_run(store, n, 1, n <= 3 ? "nightly" : "weekly").ok());
    }
    EXPECT_THAT(uids(store, "label:nightly"), ElementsAre(uid(3), uid(2), uid(1)));
    EXPECT_THAT(uids(store, "label:nightly last:2"), ElementsAre(uid(3), uid(2)));
    EXPECT_THAT(uids(store, "last:1"), ElementsAre(uid(5)));
    EXPECT_THAT(uids(store, " label:*ly  policy:xe-7.0 "), ElementsAre(uid(4), uid(2)));
    EXPECT_THAT(uids(store, "kernel:6.19.0"), ElementsAre(uid(4), uid(1)));
    EXPECT_THAT(uids(store, "kernel:6.2?.0"), ElementsAre(uid(5), uid(2)));
    EXPECT_THAT(uids(store, uid(2).substr(0, 6)), ElementsAre(uid(2)));
    EXPECT_THAT(uids(store, uid(2) + " label:nightly"), ElementsAre(uid(2)));
}

TEST_F(StoreTest, ALabelThatNoReferenceCouldNameIsRefused) {
    for (const char* label : {"a/b", "/a", "a b", "a\n", "a*", "a?"}) {
        const Status checked = check_label(label);
        ASSERT_FALSE(checked.ok()) << label;
        EXPECT_EQ(checked.error().kind, ErrorKind::kBadInput);
        EXPECT_THAT(checked.error().message, HasSubstr(label));
    }
    for (const char* label : {"", "nightly", "matrix@6.19.0-rc1+", "label:x"})
        EXPECT_TRUE(check_label(label).ok()) << label;

    Store store = open();
    ASSERT_TRUE(store_run(store, 1, 1, "label:x").ok());
    EXPECT_THAT(uids(store, "label:label:x"), ElementsAre(uid(1)));
}

TEST_F(StoreTest, AnUnknownReferenceSaysWhatThereIs) {
    Store store = open();
    ASSERT_TRUE(store_run(store, 1, 1, "nightly").ok());
    EXPECT_THAT(error_of(store, "label:nighly"),
                AllOf(HasSubstr("\"label:nighly\""), HasSubstr("labels are: nightly")));
    EXPECT_THAT(error_of(store, "kernel:7.0"), HasSubstr("kernels are: 6.19.0"));
    EXPECT_THAT(error_of(store, "ffffffff"), HasSubstr("no stored run matches \"ffffffff\""));
    EXPECT_THAT(error_of(store, "runs/a"), HasSubstr("`faultline import "));
    EXPECT_THAT(error_of(store, "color:red"),
                HasSubstr("unknown key \"color\"; keys: label, kernel, policy, night, last"));
    EXPECT_THAT(error_of(store, "label:"), HasSubstr("nothing after the colon"));
    EXPECT_THAT(error_of(store, "last:0"), HasSubstr("at least 1"));
    EXPECT_THAT(error_of(store, "last:-1"), HasSubstr("at least 1"));
    EXPECT_THAT(error_of(store, "  "), HasSubstr("empty"));
    EXPECT_THAT(error_of(store, "abc"), HasSubstr("not a directory, and not a run's id"));
    EXPECT_THAT(error_of(store, "yesterday"), HasSubstr("not a directory, and not a run's id"));
}

TEST_F(StoreTest, AnAmbiguousIdIsRefused) {
    Store store = open();
    for (const char* uid : {"aaaa000000000001", "aaaa000000000002"}) {
        NewRun run = new_run(1);
        run.uid = uid;
        ASSERT_TRUE(store.begin_run(run).ok());
    }
    EXPECT_THAT(error_of(store, "aaaa"), HasSubstr("ambiguous: 2 runs begin so"));
    EXPECT_THAT(uids(store, "aaaa000000000002"), ElementsAre("aaaa000000000002"));
}

// A run that a set would pick up while it grows, or after it was killed, would change what the set means.
TEST_F(StoreTest, SetsHoldWholeRunsOnly) {
    Store store = open();
    ASSERT_TRUE(store_run(store, 1, 1, "nightly").ok());
    ASSERT_TRUE(store.begin_run(new_run(2, "nightly")).ok());
    const auto interrupted = store.begin_run(new_run(3, "nightly"));
    ASSERT_TRUE(store.end_run(*interrupted, RunState::kInterrupted, 1, "").ok());
    EXPECT_THAT(uids(store, "label:nightly"), ElementsAre(uid(1)));
    EXPECT_THAT(uids(store, uid(2)), ElementsAre(uid(2)));
    EXPECT_EQ(store.find(all_runs())->size(), 3u);
}

TEST_F(StoreTest, SamplesAreNestedByBootAndProcess) {
    Store store = open();
    for (const std::uint64_t n : {2, 3, 4}) ASSERT_TRUE(store_run(store, n, 2, "nightly").ok());
    const auto set = samples_of(store, "label:nightly");
    ASSERT_TRUE(set.ok()) << set.error().message;
    EXPECT_EQ(set->label, "label:nightly");
    EXPECT_EQ(set->environment.at("policy"), "fine-grained | xe-7.0");
    EXPECT_EQ(set->environment.at("model"), "native");
    ASSERT_EQ(set->series.size(), 2u * 24u);
    const Series& series = set->series[3];
    EXPECT_EQ(series.benchmark, "fault/family_0/case:0");
    EXPECT_EQ(series.metric.name, "faults_per_second");
    EXPECT_EQ(series.metric.unit, "1/s");
    EXPECT_EQ(series.metric.direction, Direction::kHigher);
    ASSERT_EQ(series.samples.size(), 9u);
    EXPECT_EQ(series.samples[0].boot, "boot-1");
    EXPECT_EQ(series.samples[3].boot, "boot-1");
    EXPECT_EQ(series.samples[8].boot, "boot-2");
    EXPECT_EQ(series.samples[0].process, series.samples[2].process);
    EXPECT_NE(series.samples[2].process, series.samples[3].process);
    EXPECT_EQ(series.samples[8].repetition, 2);
    EXPECT_EQ(series.samples[8].value, result_of(4, 0).values[3][2]);
}

TEST_F(StoreTest, TimesAreInNanosecondsWhateverTheReportsUnit) {
    Store store = open();
    const auto run = store.begin_run(new_run(1));
    const auto process = store.begin_process(*run, "", {});
    BenchmarkResult result = result_of(1, 0);
    result.time_unit = "ms";
    ASSERT_TRUE(store.add_result(*run, *process, result).ok());
    const auto set = samples_of(store, uid(1), {.benchmark = result.name, .metric = "real_time"});
    ASSERT_TRUE(set.ok());
    EXPECT_EQ(set->series.at(0).samples.at(0).value, result.values[1][0] * 1e6);
}

TEST_F(StoreTest, AnAtomicGroupThatFailsLeavesNothing) {
    Store store = open();
    const Status status = store.atomically([&]() -> Status {
        if (Status s = store_run(store, 1, 3); !s) return s;
        return Error{ErrorKind::kBadInput, "no"};
    });
    EXPECT_EQ(status.error().message, "no");
    EXPECT_TRUE(store.find(all_runs())->empty());
    EXPECT_TRUE(store_run(store, 1, 3).ok());
}

TEST_F(StoreTest, TwoWritersShareTheFile) {
    Store a = open();
    Store b = open();
    ASSERT_TRUE(store_run(a, 1, 2).ok());
    ASSERT_TRUE(store_run(b, 2, 2).ok());
    EXPECT_EQ(a.find(all_runs())->size(), 2u);
}

TEST_F(StoreTest, ANewerSchemaIsRefused) {
    { open(); }
    {
        auto database = Database::open(path(), Database::Mode::kExisting);
        ASSERT_TRUE((*database)->execute("PRAGMA user_version = 99").ok());
    }
    const auto store = Store::open(path(), Database::Mode::kCreate);
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.error().kind, ErrorKind::kBadInput);
    EXPECT_THAT(store.error().message,
                AllOf(HasSubstr(path().string()), HasSubstr("schema version 99"), HasSubstr("use a newer faultline")));
}

TEST_F(StoreTest, AnotherProgramsDatabaseIsLeftAlone) {
    {
        auto database = Database::open(path(), Database::Mode::kCreate);
        ASSERT_TRUE((*database)->execute("CREATE TABLE mine (x)").ok());
    }
    const auto store = Store::open(path(), Database::Mode::kCreate);
    ASSERT_FALSE(store.ok());
    EXPECT_THAT(store.error().message, HasSubstr("not a results store"));
}

TEST_F(StoreTest, MissingAndForeignFilesAreOneLine) {
    EXPECT_THAT(Store::open(path(), Database::Mode::kExisting).error().message, HasSubstr("no such database"));
    EXPECT_FALSE(fs::exists(path()));
    const fs::path text = directory().write("text.db", std::string(5000, 'x'));
    EXPECT_THAT(Store::open(text, Database::Mode::kCreate).error().message, HasSubstr("not an SQLite database"));
    EXPECT_EQ(*read_file(text), std::string(5000, 'x'));
    EXPECT_THAT(Store::open(directory().path(), Database::Mode::kCreate).error().message, HasSubstr("a directory"));
    EXPECT_THAT(Store::open(text / "below.db", Database::Mode::kCreate).error().message, HasSubstr("cannot open"));
}

TEST_F(StoreTest, MigrationsRunInOrderAndAllOrNothing) {
    auto database = Database::open(path(), Database::Mode::kCreate);
    ASSERT_TRUE(database.ok());
    const std::vector<const char*> first = {"CREATE TABLE a (x); INSERT INTO a VALUES (1)"};
    ASSERT_TRUE(migrate(**database, first).ok());
    const std::vector<const char*> broken = {first[0], "UPDATE a SET x = x + 1", "nonsense"};
    EXPECT_FALSE(migrate(**database, broken).ok());
    EXPECT_EQ(*(*database)->integer("PRAGMA user_version"), 1);
    EXPECT_EQ(*(*database)->integer("SELECT x FROM a"), 1);
    const std::vector<const char*> whole = {first[0], "UPDATE a SET x = x + 1", "UPDATE a SET x = x * 10"};
    ASSERT_TRUE(migrate(**database, whole).ok());
    EXPECT_EQ(*(*database)->integer("PRAGMA user_version"), 3);
    EXPECT_EQ(*(*database)->integer("SELECT x FROM a"), 20);
    ASSERT_TRUE(migrate(**database, whole).ok());
    EXPECT_EQ(*(*database)->integer("SELECT x FROM a"), 20);
}

// Of a file that SQLite finds nothing wrong with, each part that does not fit the rest.
TEST_F(StoreTest, ValuesThatDoNotFitTogetherAreNamed) {
    for (const char* damage :
         {"UPDATE result SET samples = zeroblob(8)", "UPDATE result SET samples = zeroblob(8 * 24)",
          "UPDATE result SET samples = zeroblob(8 * 24 * 3 + 1)", "UPDATE result SET repetitions = 0",
          "UPDATE result SET repetitions = 2", "UPDATE result SET repetitions = -1",
          "UPDATE result SET repetitions = 4611686018427387904", "UPDATE result SET errors = '[\"\"]'",
          "UPDATE result SET errors = '7'", "UPDATE layout SET metrics = '[1]'", "UPDATE layout SET metrics = '[]'",
          "UPDATE layout SET metrics = '{'", "UPDATE latency SET distribution = x'0100'"}) {
        std::error_code ignored;
        fs::remove(path(), ignored);
        Store store = open();
        ASSERT_TRUE(store_run(store, 1, 1).ok());
        auto database = Database::open(path(), Database::Mode::kExisting);
        ASSERT_TRUE((*database)->execute(damage).ok());
        const auto run = store.find_uid(uid(1));
        int taken = 0;
        const Status read = store.visit(**run, {.benchmark = {}, .latencies = true}, [&](StoredResult&&) { ++taken; });
        ASSERT_FALSE(read.ok()) << damage;
        EXPECT_EQ(taken, 0) << damage;
        EXPECT_THAT(read.error().message, HasSubstr("benchmark fault/family_0/case:0 is damaged")) << damage;
    }
}

// Bytes flipped anywhere: every call ends, with data or with one line, and what is read is of the right shape.
TEST_F(StoreTest, ADamagedFileNeverCrashesTheReader) {
    {
        Store store = open();
        for (const std::uint64_t n : {1, 2}) ASSERT_TRUE(store_run(store, n, 5, "nightly").ok());
    }
    const std::string whole = *read_file(path());
    const std::uint64_t seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    int refused = 0;
    for (int round = 0; round < 300; ++round) {
        std::string bytes = whole;
        for (std::uint64_t i = 1 + random() % 64; i > 0; --i)
            bytes[random() % bytes.size()] = static_cast<char>(random());
        if (round % 10 == 0) bytes.resize(random() % bytes.size());
        const fs::path file = directory().write("damaged/" + std::to_string(round) + ".db", bytes);
        const auto store = Store::open(file, Database::Mode::kExisting);
        Status status = store ? Status() : Status(store.error());
        if (store) {
            const auto set = samples_of(*store, "label:nightly");
            if (!set) status = set.error();
            const auto runs = store->find(all_runs());
            for (std::size_t i = 0; runs && i < runs->size(); ++i) {
                const Status read =
                    store->visit((*runs)[i], {.benchmark = {}, .latencies = true},
                                 [](StoredResult&& r) { ASSERT_EQ(r.result.values.size(), r.result.metrics.size()); });
                if (!read) status = read;
            }
        }
        if (!status) {
            ++refused;
            EXPECT_EQ(status.error().kind, ErrorKind::kBadInput) << status.error().message;
            EXPECT_THAT(status.error().message, testing::StartsWith(file.string() + ": "));
            EXPECT_EQ(status.error().message.find('\n'), std::string::npos);
        }
    }
    EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace faultline::results
