// Stands in for faultline-bench and, by the name it is started under, for faultline-workloads: benchmarks with the
// names of the real ones that measure nothing. FAKE_BEHAVIOUR="NAME=ACTION;..." makes some misbehave:
//   crash, exit3, error, skip  as it says
//   hang                       announces its process id through the FIFO FAKE_FIFO (if set), then waits for ever
//   deaf                       the same, and SIGTERM does not end it
//   cutlat                     leaves half a latency file
//   slow                       takes half as long again
// FAKE_GARBAGE makes the whole report garbage. FAKE_ENVIRONMENT names a file to write the received environment to.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "vocabulary/family.h"

namespace {

using faultline::ListedFamily;

// The names that FAKE_BEHAVIOUR gives; Google Benchmark adds how it times.
const std::vector<ListedFamily> kBench = {
    {"fault/first_touch",
     "What does the first GPU access to a page of malloc memory cost?",
     {"fault/first_touch/read/cpu_touched/stride:4K", "fault/first_touch/atomic/cpu_touched/stride:64K"}},
    {"fault/parallelism",
     "How does the fault rate grow with the number of GPU threads that fault at once?",
     {"fault/parallelism/read/threads:1", "fault/parallelism/read/threads:2", "fault/parallelism/read/threads:4"}},
    {"fault/same_page_storm",
     "What does it cost when many GPU threads fault on one page at once?",
     {"fault/same_page_storm/write/threads:4"}},
};
const std::vector<ListedFamily> kWorkloads = {
    {"workload/bfs", "How fast is breadth-first search over a graph in malloc memory?", {"workload/bfs/karate/svm"}},
};

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::string action_of(const std::string& benchmark) {
    const std::string all = ";" + environment("FAKE_BEHAVIOUR") + ";";
    const std::string key = ";" + benchmark + "=";
    const std::size_t at = all.find(key);
    if (at == std::string::npos) return "";
    const std::size_t begin = at + key.size();
    return all.substr(begin, all.find(';', begin) - begin);
}

[[noreturn]] void wait_for_ever() {
    if (const std::string fifo = environment("FAKE_FIFO"); !fifo.empty()) {
        const int fd = ::open(fifo.c_str(), O_WRONLY);
        const std::string pid = std::to_string(::getpid());
        if (::write(fd, pid.data(), pid.size()) < 0) std::abort();
        ::close(fd);
    }
    for (;;) ::pause();
}

void write_latencies(const std::string& benchmark, bool cut) {
    const std::string directory = environment("FAULTLINE_LATENCY_DIR");
    if (directory.empty()) return;
    std::string name = benchmark;
    std::replace(name.begin(), name.end(), '/', '_');
    std::ofstream out(std::filesystem::path(directory) / (name + ".lat"));
    out << "# faultline-latency 1\n# benchmark: " << benchmark << "/manual_time\n# unit: ns\n";
    if (!cut) out << "# columns: repetition iteration latency\n0 0 1000\n";
}

void behave(benchmark::State& state, const std::string& name) {
    const std::string action = action_of(name);
    if (action == "crash") {
        std::signal(SIGSEGV, SIG_DFL);  // a sanitizer's handler would exit instead
        std::raise(SIGSEGV);
    }
    if (action == "exit3") std::_Exit(3);
    if (action == "deaf") std::signal(SIGTERM, SIG_IGN);
    if (action == "hang" || action == "deaf") wait_for_ever();
    if (action == "skip") return state.SkipWithError("skipped: there is one device, and this takes two");
    if (action == "error") return state.SkipWithError("the data is wrong");
    for (auto _ : state) state.SetIterationTime(action == "slow" ? 0.0015 : 0.001);
    state.counters["faults_per_second"] = 123456;
    state.counters["latency_p50_ns"] = 1500;
    state.counters["latency_p99_ns"] = 20500;
    state.counters["latency_p999_ns"] = 312000;
    state.counters["latency_max_ns"] = 4100000;
    state.SetBytesProcessed(state.iterations() * 1000000);
    write_latencies(name, action == "cutlat");
}

}  // namespace

int main(int argc, char** argv) {
    if (const std::string file = environment("FAKE_ENVIRONMENT"); !file.empty()) {
        std::ofstream out(file, std::ios::trunc);
        for (char** entry = environ; *entry != nullptr; ++entry) out << *entry << '\n';
    }
    if (!environment("FAKE_GARBAGE").empty()) {
        for (int i = 1; i < argc; ++i) {
            const std::string argument = argv[i];
            if (argument.starts_with("--benchmark_out=")) {
                std::ofstream(argument.substr(16)) << "{\"context\": {}, \"benchmarks\": 7}";
                return 0;
            }
        }
    }
    const auto& families = std::string(argv[0]).ends_with("faultline-workloads") ? kWorkloads : kBench;
    if (argc == 2 && argv[1] == faultline::kListFlag) {
        std::cout << faultline::format_families(families);
        return 0;
    }
    for (const ListedFamily& family : families) {
        for (const std::string& name : family.benchmarks) {
            benchmark::RegisterBenchmark(name.c_str(), [name](benchmark::State& state) {
                behave(state, name);
            })->UseManualTime();
        }
    }
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
