// Keeping and finding what was measured: run into the store, runs, import, export.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "results/store/export.h"
#include "results/store/sample_reader.h"
#include "tests/runners/store_fixture.h"

namespace faultline::runners {
namespace {

using results::RunState;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

TEST_F(StoreCommand, RunStoresEveryBenchmarkWithItsLatencies) {
    const std::vector<std::string> arguments = {"run",           "--output", output().string(), "--label", "nightly",
                                                "--repetitions", "3"};
    ASSERT_EQ(faultline(arguments).code, 0);
    const auto stored = runs();
    ASSERT_THAT(stored, SizeIs(1));
    EXPECT_EQ(stored[0].state, RunState::kComplete);
    EXPECT_EQ(stored[0].label, "nightly");
    EXPECT_EQ(stored[0].suite, "quick");
    EXPECT_EQ(stored[0].benchmarks, 7);
    EXPECT_EQ(stored[0].failed, 0);
    EXPECT_EQ(stored[0].directory, output());
    EXPECT_EQ(report().context["faultline"]["run"], stored[0].uid);
    const auto latencies = latencies_of(store(), stored);
    ASSERT_TRUE(latencies.ok());
    EXPECT_THAT(*latencies, SizeIs(7));
    EXPECT_EQ(latencies->at(kParallel1).max(), 1000u);
    // The store holds what the file holds, number for number.
    const auto exported = report_of(store(), stored[0]);
    ASSERT_TRUE(exported.ok());
    EXPECT_EQ(names(*exported), names(report()));
    for (const auto& result : results_of(*exported)) {
        const auto file = results_of(report());
        const auto same = std::find_if(file.begin(), file.end(), [&](const auto& r) { return r.name == result.name; });
        EXPECT_EQ(result.metrics, same->metrics);
        EXPECT_EQ(result.values, same->values);
        EXPECT_EQ(result.repetitions(), 3u);
    }
    EXPECT_EQ(exported->context, report().context);
    std::string boot;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
    const auto set = results::samples_of(store(), "label:nightly");
    ASSERT_TRUE(set.ok());
    EXPECT_EQ(set->series[0].samples[0].boot, boot);
    EXPECT_EQ(set->environment.at("policy"), "xe-7.0");
}

TEST_F(StoreCommand, RunsListsThoseThatMatch) {
    ASSERT_EQ(faultline({"run", "--output", (root() / "a b").string(), "--label", "a"}).code, 0);
    ASSERT_EQ(faultline({"run", "--output", output().string(), "--label", "b"}).code, 0);
    const auto listed = [&](std::vector<std::string> reference) {
        reference.insert(reference.begin(), {"runs", "--json"});
        std::vector<std::string> labels;
        const Json all = Json::parse(faultline(reference).out);
        for (const Json& run : all["runs"]) labels.push_back(run["label"]);
        return labels;
    };
    EXPECT_THAT(listed({}), ElementsAre("b", "a"));
    EXPECT_THAT(listed({"policy:xe-7.0", "last:1"}), ElementsAre("b"));
    EXPECT_THAT(listed({"policy:xe-7.0 label:a"}), ElementsAre("a"));
    EXPECT_THAT(listed({output().string()}), ElementsAre("b"));
    EXPECT_THAT(listed({(root() / "a b").string()}), ElementsAre("a"));
    EXPECT_THAT(faultline({"runs", "label:a"}).out,
                AllOf(HasSubstr(" complete "), HasSubstr("Fake reference, xe-7.0")));
}

TEST_F(StoreCommand, FailuresAreStoredAsFailures) {
    environment["FAKE_BEHAVIOUR"] = kParallel2 + "=crash";
    ASSERT_EQ(run().code, 1);
    const auto stored = runs();
    ASSERT_THAT(stored, SizeIs(1));
    EXPECT_EQ(stored[0].state, RunState::kComplete);
    EXPECT_EQ(stored[0].benchmarks, 7);
    EXPECT_EQ(stored[0].failed, 2);
}

TEST_F(StoreCommand, ImportStoresReportsAndDirectoriesOnce) {
    ASSERT_EQ(run().code, 0);
    const std::string uid = runs()[0].uid;
    environment["FAULTLINE_DB"] = (root() / "other.db").string();
    const ChildResult first = faultline({"import", "--label", "lab", output().string()});
    EXPECT_EQ(first.code, 0) << first.err;
    EXPECT_EQ(first.out, output().string() + ": stored as run " + uid + ", 7 benchmarks\n");
    EXPECT_THAT(faultline({"import", output().string()}).out, HasSubstr("already stored as run " + uid));
    EXPECT_THAT(faultline({"import", output().string(), "--label", "other"}).out, HasSubstr("; its label stays '"));
    // The same run directory elsewhere is the same run.
    fs::rename(output(), root() / "moved");
    EXPECT_EQ(faultline({"import", (root() / "moved").string()}).code, 0);
    const Json listed = Json::parse(faultline({"runs", "--json"}).out);
    ASSERT_THAT(listed["runs"], SizeIs(1));
    EXPECT_EQ(listed["runs"][0]["directory"], (root() / "moved").string());
    EXPECT_EQ(listed["runs"][0]["label"], "lab");
    EXPECT_EQ(listed["runs"][0]["state"], "complete");
    const auto opened = Store::open(root() / "other.db", results::Database::Mode::kExisting);
    EXPECT_THAT(*latencies_of(*opened, *opened->find(results::all_runs())), SizeIs(7));
}

TEST_F(StoreCommand, AGoogleBenchmarkReportComesOutAsItWentIn) {
    // Any program's report, aggregates and all.
    const fs::path file = root() / "report.json";
    const auto made = run_child({.argv = {FAKE_BENCH, "--benchmark_repetitions=3", "--benchmark_min_time=0.01",
                                          "--benchmark_out=" + file.string()}});
    ASSERT_TRUE(made.ok() && made->ok());
    ASSERT_EQ(faultline({"import", file.string()}).code, 0);
    const auto in = results::read_benchmark_report(file);
    const ChildResult out = faultline({"export", "last:1"});
    ASSERT_EQ(out.code, 0) << out.err;
    const auto exported = results::parse_benchmark_report(out.out, "export");
    ASSERT_TRUE(exported.ok());
    EXPECT_EQ(exported->context, in->context);
    Json iterations = Json::array();
    for (const Json& entry : in->benchmarks) {
        if (entry["run_type"] == "iteration") iterations.push_back(entry);
    }
    ASSERT_EQ(iterations.size(), exported->benchmarks.size());
    for (std::size_t i = 0; i < iterations.size(); ++i) {
        for (const auto& [key, value] : iterations[i].items()) {
            if (key == "family_index" || key == "per_family_instance_index") continue;  // the same order, other numbers
            EXPECT_EQ(exported->benchmarks[i][key], value) << i << " " << key;
        }
        EXPECT_EQ(exported->benchmarks[i].size(), iterations[i].size());
    }
}

TEST_F(StoreCommand, ExportsCsvAndHgrm) {
    environment["FAKE_BEHAVIOUR"] = kTouch4K + "=error";
    ASSERT_EQ(run().code, 1);
    const ChildResult csv = faultline({"export", "last:1", "--format", "csv"});
    EXPECT_EQ(csv.code, 0) << csv.err;
    const std::string uid = runs()[0].uid;
    EXPECT_THAT(csv.out,
                AllOf(StartsWith("run,boot,process,benchmark,repetition,metric,unit,value,error\n" + uid + ","),
                      HasSubstr("," + kTouch4K + ",0,,,,the data is wrong\n"),
                      HasSubstr("," + kParallel1 + ",0,faults_per_second,1/s,123456,\n")));
    const fs::path directory = root() / "hgrm";
    const ChildResult hgrm = faultline({"export", "last:1", "--format", "hgrm", "--output", directory.string()});
    EXPECT_EQ(hgrm.code, 0) << hgrm.err;
    const auto text = results::read_file(directory / "fault.parallelism.read.threads:1.hgrm");
    ASSERT_TRUE(text.ok());
    EXPECT_THAT(*text, HasSubstr("#[Max     =     1000.000, Total count    =            1]"));
}

TEST_F(StoreCommand, BadInputIsOneLineAndStatusTwo) {
    ASSERT_EQ(run({"--label", "nightly"}).code, 0);
    const std::string text = directory().write("text.db", std::string(4096, 'x')).string();
    const std::string report = directory().write("bad.json", "{").string();
    const std::string cut = directory().write("cut.json", R"({"context": {}, "benchmarks": [)").string();
    const std::string aggregates = directory()
                                       .write("agg.json", R"({"context": {"date": "2026-01-01T00:00:00Z"},
        "benchmarks": [{"name": "a_mean", "run_name": "a", "run_type": "aggregate", "real_time": 1, "cpu_time": 1}]})")
                                       .string();
    const std::string newer = (root() / "newer.db").string();
    {
        ASSERT_TRUE(Store::open(newer, results::Database::Mode::kCreate).ok());
        auto database = results::Database::open(newer, results::Database::Mode::kExisting);
        ASSERT_TRUE((*database)->execute("PRAGMA user_version = 42").ok());
    }
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
        {{"runs", "--db", text}, "text.db: not an SQLite database"},
        {{"runs", "--db", newer}, "newer.db: schema version 42"},
        {{"runs", "--db", (root() / "none.db").string()}, "none.db: no such database"},
        {{"run", "--db", text}, "text.db: not an SQLite database"},
        {{"run", "--db", "/proc/faultline.db"}, "/proc/faultline.db: cannot open"},
        {{"run", "--label", "a b"}, "label \"a b\""},
        {{"run", "--resume", "label:none", "--db", (root() / "none.db").string()}, "none.db: no such database"},
        {{"run", "--resume", "label:none"}, "the newest labels are: nightly"},
        {{"run", "--resume", "label:nightly", "--suite", "all"}, "--resume"},
        {{"runs", "color:red"}, "unknown key \"color\""},
        {{"export", "label:none"}, "the newest labels are: nightly"},
        {{"export", "ffff0000"}, "no stored run matches \"ffff0000\""},
        {{"export", "label:nightly", "--format", "xml"}, "xml"},
        {{"export", "label:nightly", "--format", "hgrm"}, "--output"},
        {{"export", "label:nightly", "--output", (root() / "none/x").string()}, "none/x"},
        {{"import", (root() / "none.json").string()}, "none.json"},
        {{"import", report}, "bad.json"},
        {{"import", cut}, "cut.json: ends early"},
        {{"import", aggregates}, "no repetition to import"},
        {{"import", root().string()}, "run.json"},
    };
    for (const auto& [arguments, expected] : cases) {
        const ChildResult result = faultline(arguments);
        EXPECT_EQ(result.code, 2) << expected << result.err;
        EXPECT_THAT(result.err, AllOf(StartsWith("faultline: "), HasSubstr(expected)));
        EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
        EXPECT_THAT(result.out, IsEmpty()) << expected;
    }
    EXPECT_THAT(runs(), SizeIs(1));
}

// Whatever was wrong with what was asked for: no store is made for it.
TEST_F(StoreCommand, ARefusedRunLeavesNoStore) {
    for (const auto& more : std::vector<std::vector<std::string>>{
             {"--suite", "none"}, {"--filter", "nothing-like-it"}, {"--device", "xe"}, {"--label", "*"}}) {
        EXPECT_EQ(run(more).code, 2);
        EXPECT_FALSE(fs::exists(database())) << more[0];
    }
}

}  // namespace
}  // namespace faultline::runners
