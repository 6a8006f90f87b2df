// faultline-store-bench: does the store stay quick with years of nightly runs in it?
//
//     faultline-store-bench [--runs=10000] [--benchmarks=300] [--db=PATH] [Google Benchmark's flags]
//
// Fills PATH (default: a file in a temporary directory) with runs of 3 repetitions, 24 counters and 200 latencies a
// benchmark, up to the number asked for; a PATH that exists is filled up and kept. Each benchmark opens the store anew,
// as a command does; the file is in the page cache after it was filled.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "results/store/export.h"
#include "results/store/sample_reader.h"

namespace faultline::results {
namespace {

namespace fs = std::filesystem;

struct Generated {
    fs::path path;
    std::uint64_t runs = 10000;
    std::uint64_t benchmarks = 300;
    fs::path temporary;  ///< to be removed in the end
};

Generated g_generated;

/// Every hundredth run is of the set "weekly"; kernels change every 50 runs.
NewRun new_run(std::uint64_t number) {
    NewRun run;
    run.uid = draw_run_uid();
    run.label = number % 100 == 0 ? "weekly" : "nightly";
    run.suite = "all";
    run.started_utc = fmt::format("20{:02}-{:02}-{:02}T{:02}:00:00Z", 20 + number / 8064, 1 + number / 672 % 12,
                                  1 + number / 24 % 28, number % 24);
    run.directory = fmt::format("/generated/{}", number);
    run.context = {{"date", run.started_utc},
                   {"num_cpus", 16},
                   {"device", "Generated device"},
                   {"policy", "xe-7.0"},
                   {"model", "native"},
                   {"env_kernel_release", fmt::format("6.{}.0-rc{}", number / 400, number / 50 % 8)}};
    return run;
}

BenchmarkResult new_result(std::uint64_t run, std::uint64_t benchmark) {
    BenchmarkResult result;
    result.name = fmt::format("fault/family_{}/read/cpu_touched/case:{}", benchmark / 20, benchmark);
    result.metrics = {"iterations", "real_time", "cpu_time", "faults_per_second"};
    for (int i = 0; i < 20; ++i) result.metrics.push_back(fmt::format("gt.svm_{}_pagefault_us", i));
    result.errors.resize(3);
    for (std::size_t m = 0; m < result.metrics.size(); ++m) {
        const double base = 1000.0 * static_cast<double>(benchmark + 1) + static_cast<double>(run % 100);
        result.values.push_back({base, base * 1.01, base * 0.99});
    }
    for (std::uint64_t i = 0; i < 200; ++i) result.latency.add(50'000 + run % 97 * 11 + benchmark * 701 + i * i * 13);
    return result;
}

Status add_run(Store& store, std::uint64_t number) {
    FL_ASSIGN_OR_RETURN(const auto run, store.begin_run(new_run(number)));
    Expected<ProcessId> process = ProcessId{};
    for (std::uint64_t b = 0; b < g_generated.benchmarks; ++b) {
        if (b % 20 == 0) {
            FamilyRecord family;
            family.family = fmt::format("fault/family_{}", b / 20);
            family.state = "ok";
            process = store.begin_process(run, fmt::format("boot-{}", number / 3), family);
            if (!process) return process.error();
        }
        FL_RETURN_IF_ERROR(store.add_result(run, *process, new_result(number, b)));
    }
    return store.end_run(run, RunState::kComplete, 600, fmt::format("/generated/{}", number));
}

Status fill() {
    FL_ASSIGN_OR_RETURN(auto store, Store::open(g_generated.path, Database::Mode::kCreate));
    FL_ASSIGN_OR_RETURN(const auto present, store.find(all_runs()));
    constexpr std::uint64_t kBatch = 50;  // of runs in a transaction, since here nothing is lost by a kill
    for (std::uint64_t number = present.size(); number < g_generated.runs;) {
        const Status status = store.atomically([&]() -> Status {
            for (std::uint64_t i = 0; i < kBatch && number < g_generated.runs; ++i, ++number) {
                FL_RETURN_IF_ERROR(add_run(store, number));
            }
            return {};
        });
        if (!status) return status;
    }
    return {};
}

Expected<Store> open() { return Store::open(g_generated.path, Database::Mode::kExisting); }

void list_all(benchmark::State& state) {
    for (auto _ : state) {
        const auto store = open();
        const auto runs = store ? store->find(all_runs()) : Expected<std::vector<RunInfo>>(store.error());
        if (!runs) return state.SkipWithError(runs.error().message.c_str());
        state.counters["runs"] = static_cast<double>(runs->size());
    }
}

void read_sets(benchmark::State& state, const char* a, const char* b) {
    for (auto _ : state) {
        std::size_t samples = 0;
        for (const char* reference : {a, b}) {
            const auto store = open();
            const auto set = store ? samples_of(*store, reference) : Expected<SampleSet>(store.error());
            if (!set) return state.SkipWithError(set.error().message.c_str());
            for (const Series& series : set->series) samples += series.samples.size();
        }
        state.counters["samples"] = static_cast<double>(samples);
    }
}

void trend(benchmark::State& state) {
    for (auto _ : state) {
        const auto store = open();
        const auto set = store ? samples_of(*store, fmt::format("last:{}", g_generated.runs),
                                            {.benchmark = new_result(0, g_generated.benchmarks / 2).name,
                                             .metric = "faults_per_second"})
                               : Expected<SampleSet>(store.error());
        if (!set) return state.SkipWithError(set.error().message.c_str());
        state.counters["samples"] = static_cast<double>(set->series.at(0).samples.size());
    }
}

/// What a run pays to keep one benchmark, its transaction on disk.
void store_one(benchmark::State& state) {
    auto store = open();
    const auto run = store ? store->begin_run(new_run(0)) : Expected<RunId>(store.error());
    if (!run) return state.SkipWithError(run.error().message.c_str());
    std::uint64_t next = 0;
    Expected<ProcessId> process = ProcessId{};
    for (auto _ : state) {
        if (next % g_generated.benchmarks == 0) process = store->begin_process(*run, "boot", {});
        const Status s = process ? store->add_result(*run, *process, new_result(0, next++ % g_generated.benchmarks))
                                 : Status(process.error());
        if (!s) return state.SkipWithError(s.error().message.c_str());
    }
}

void register_benchmarks() {
    benchmark::RegisterBenchmark("store/list", list_all)->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark("store/read_two_runs", read_sets, "last:1", "label:weekly last:1")
        ->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark("store/read_two_sets_of_10", read_sets, "label:nightly last:10",
                                 "label:weekly last:10")
        ->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark("store/trend", trend)->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark("store/add_benchmark", store_one)->Unit(benchmark::kMicrosecond);
}

/// Takes this program's own arguments; false for one that is neither its own nor Google Benchmark's.
bool take(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        const auto value = [&](std::string_view key) {
            return argument.starts_with(key) ? argv[i] + key.size() : nullptr;
        };
        if (const char* runs = value("--runs=")) {
            g_generated.runs = std::strtoull(runs, nullptr, 10);
        } else if (const char* benchmarks = value("--benchmarks=")) {
            g_generated.benchmarks = std::strtoull(benchmarks, nullptr, 10);
        } else if (const char* path = value("--db=")) {
            g_generated.path = path;
        } else {
            return false;
        }
    }
    return g_generated.runs > 0 && g_generated.benchmarks > 0;
}

int fail(const std::string& message) {
    fmt::print(stderr, "faultline-store-bench: {}\n", message);
    return 2;
}

int main_of(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (!take(argc, argv)) return fail("arguments: --runs=N, --benchmarks=N, --db=PATH, and Google Benchmark's own");
    if (g_generated.path.empty()) {
        std::string name = (fs::temp_directory_path() / "faultline-store-bench-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) return fail("no temporary directory");
        g_generated.temporary = name;
        g_generated.path = g_generated.temporary / "faultline.db";
    }
    const Status filled = fill();
    if (filled) {
        benchmark::AddCustomContext("runs", std::to_string(g_generated.runs));
        benchmark::AddCustomContext("benchmarks", std::to_string(g_generated.benchmarks));
        benchmark::AddCustomContext("file_mib", std::to_string(fs::file_size(g_generated.path) >> 20));
        register_benchmarks();
        benchmark::RunSpecifiedBenchmarks();
    }
    std::error_code ignored;
    if (!g_generated.temporary.empty()) fs::remove_all(g_generated.temporary, ignored);
    return filled ? 0 : fail(filled.error().message);
}

}  // namespace
}  // namespace faultline::results

int main(int argc, char** argv) { return faultline::results::main_of(argc, argv); }
