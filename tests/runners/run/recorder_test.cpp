#include "runners/run/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_directory.h"

namespace faultline::runners {
namespace {

using results::Json;
using results::StoredResult;
using testing::ElementsAre;
using testing::IsEmpty;

Json entry(const std::string& name, int repetition) {
    return {{"name", name},
            {"run_name", name},
            {"run_type", "iteration"},
            {"repetitions", 2},
            {"repetition_index", repetition},
            {"threads", 1},
            {"iterations", 5},
            {"real_time", 10.0 + repetition},
            {"cpu_time", 1.0},
            {"time_unit", "ns"}};
}

class RecorderTest : public testing::Test {
protected:
    RecorderTest() {
        auto opened = results::Store::open(directory_.path() / "faultline.db", results::Database::Mode::kCreate);
        store_.emplace(*std::move(opened));
        results::NewRun run;
        run.uid = results::draw_run_uid();
        run_ = *store_->begin_run(run);
        job_.family = "fault/a";
        job_.benchmarks = {"fault/a/1", "fault/a/2"};
        job_.repetitions = 2;
    }

    Recorder recorder(std::set<std::string> stored = {}) {
        return {*store_,
                run_,
                "boot",
                {{"env_kernel_debug", "none"}, {"device", "as probed"}},
                directory_.path() / "latency",
                std::move(stored)};
    }

    /// A report as far as it is written, in the middle of its list.
    std::filesystem::path report(const std::vector<Json>& entries) const {
        std::string text = R"({"context": {"device": "D"}, "benchmarks": [)";
        for (const Json& e : entries) text += e.dump() + ",";
        return directory_.write("child.json", text + R"({"name": "fau)");
    }

    std::vector<std::string> stored() const {
        std::vector<std::string> names;
        const auto runs = store_->find(results::all_runs());
        const Status read = store_->visit(runs->at(0), {}, [&](StoredResult&& s) {
            EXPECT_EQ(s.result.repetitions(), 2u);
            names.push_back(s.result.name);
        });
        EXPECT_TRUE(read.ok());
        return names;
    }

    TemporaryDirectory directory_;
    std::optional<results::Store> store_;
    results::RunId run_;
    Job job_;
};

TEST_F(RecorderTest, StoresABenchmarkOnceAllItsRepetitionsAreReported) {
    Recorder r = recorder();
    ASSERT_TRUE(r.begin(job_, {}).ok());
    r.look(directory_.path() / "child.json");  // not there yet
    r.look(report({entry("fault/a/1", 0)}));
    EXPECT_THAT(stored(), IsEmpty());
    r.look(report({entry("fault/a/1", 0), entry("fault/a/1", 1), entry("fault/a/2", 0)}));
    EXPECT_THAT(stored(), ElementsAre("fault/a/1"));
    r.look(report({entry("fault/a/1", 0), entry("fault/a/1", 1), entry("fault/a/2", 0), entry("fault/a/2", 1)}));
    EXPECT_THAT(stored(), ElementsAre("fault/a/1", "fault/a/2"));
    const auto run = store_->find(results::all_runs())->at(0);
    EXPECT_EQ(run.device, "D");
    EXPECT_EQ(store_->environment_of(run)->at("env_kernel_debug"), "none");
}

TEST_F(RecorderTest, WhatAnInterruptCutShortIsLeftForTheResumedRun) {
    Recorder r = recorder();
    ASSERT_TRUE(r.begin(job_, {}).ok());
    results::PartialReport part;
    part.report =
        *results::read_benchmark_report(report({entry("fault/a/1", 0), entry("fault/a/1", 1), entry("fault/a/2", 0)}));
    results::FamilyRecord record;
    record.state = "interrupted";
    ASSERT_TRUE(r.end(record, part).ok());
    EXPECT_THAT(stored(), ElementsAre("fault/a/1"));
}

TEST_F(RecorderTest, WhatAnEarlierProcessStoredIsNotStoredAgain) {
    Recorder r = recorder({"fault/a/1"});
    ASSERT_TRUE(r.begin(job_, {}).ok());
    r.look(report({entry("fault/a/1", 0), entry("fault/a/1", 1), entry("fault/a/2", 0), entry("fault/a/2", 1)}));
    EXPECT_THAT(stored(), ElementsAre("fault/a/2"));
}

}  // namespace
}  // namespace faultline::runners
