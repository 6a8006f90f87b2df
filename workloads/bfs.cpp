// workload/bfs/<graph>/svm: the built-in graphs, and that of FAULTLINE_GRAPH.
//
// Constant: the graph, the root (its busiest vertex) and the kernel. Cold: each iteration searches a copy of the graph
// in memory that malloc has just taken from the kernel, made and judged outside the measured time. Data: every answer
// is compared with that of a search on the CPU. edges_per_second: TEPS, each edge of the component once;
// bytes_per_second is over the arrays. Cannot tell: what a search costs that needs no copy back of each frontier's
// size.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "device/family.h"
#include "vocabulary/environment_variables.h"
#include "workloads/gpu_bfs.h"
#include "workloads/graph.h"
#include "workloads/karate.h"
#include "workloads/kronecker.h"
#include "workloads/matrix_market.h"

namespace faultline::workloads {
namespace {

constexpr std::uint64_t kKroneckerSeed = 1;

/// A graph with the search's right answer, made when it is first needed: a list of benchmarks needs none.
class Problem {
public:
    explicit Problem(std::function<Graph()> make) : make_(std::move(make)) {}

    struct Made {
        Graph graph;
        std::uint32_t root = 0;
        std::vector<std::uint32_t> levels;
        std::uint64_t edges = 0;  ///< that the search traverses
    };

    const Made& get() {
        if (!made_) {
            Made made{make_(), 0, {}, 0};
            made.root = busiest_vertex(made.graph);
            made.levels = bfs_levels(made.graph, made.root);
            made.edges = edges_traversed(made.graph, made.levels);
            made_ = std::move(made);
        }
        return *made_;
    }

private:
    std::function<Graph()> make_;
    std::optional<Made> made_;
};

void report(benchmark::State& state, const Problem::Made& problem, Bytes touched,
            const std::optional<device::GtCounters>& moved) {
    using benchmark::Counter;
    const auto edges = static_cast<double>(problem.edges);
    state.SetBytesProcessed(static_cast<std::int64_t>(touched.count) * state.iterations());
    state.counters["edges"] = edges;
    state.counters["edges_per_second"] = Counter(edges, Counter::kIsIterationInvariantRate);
    state.counters["bytes"] = static_cast<double>(touched.count);
    if (!moved) return;
    for (const auto& [name, value] : moved->all()) {
        if (value > 0) state.counters["gt." + name] = Counter(static_cast<double>(value), Counter::kAvgIterations);
    }
    if (const auto faults = moved->value("svm_pagefault_count")) {
        state.counters["faults"] = Counter(static_cast<double>(*faults), Counter::kAvgIterations);
        state.counters["faults_per_second"] = Counter(static_cast<double>(*faults), Counter::kIsRate);
    }
}

void bfs(benchmark::State& state, device::Session& session, Problem& lazy_problem) try {
    const Problem::Made& problem = lazy_problem.get();
    Expected<GpuBfs> gpu = GpuBfs::create(session);
    if (!gpu) return state.SkipWithError(gpu.error().message.c_str());
    state.SetLabel(session.label());

    Bytes touched;
    std::optional<device::GtCounters> moved;
    for (auto _ : state) {
        BfsMemory memory(problem.graph, problem.root);
        touched = memory.size();
        const Expected<device::GtCounters> before = session.gt_counters();

        const auto start = std::chrono::steady_clock::now();
        const Status status = gpu->search(memory);
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;

        if (!status) return state.SkipWithError(session.explain(status.error()).message.c_str());
        const Expected<device::GtCounters> after = session.gt_counters();
        if (const std::string wrong = first_difference(problem.levels, memory.levels.span()); !wrong.empty())
            return state.SkipWithError(wrong.c_str());
        if (before && after) {
            const Expected<device::GtCounters> delta = after->since(*before);
            if (!delta) return state.SkipWithError(delta.error().message.c_str());
            if (!moved) moved.emplace();
            moved->add(*delta);
        }
        state.SetIterationTime(elapsed.count());
    }
    report(state, problem, touched, moved);
} catch (const std::bad_alloc&) {
    state.SkipWithError("not enough memory for the graph");
}

/// The file's name without directory and ".mtx", in characters that a benchmark's name may have.
std::string name_of(const std::string& path) {
    std::filesystem::path file = std::filesystem::path(path).filename();
    if (file.extension() == ".mtx") file.replace_extension();
    std::string name = file.string();
    for (char& c : name) {
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-' && c != '_') c = '_';
    }
    return name;
}

/// kBadInput when the user's file cannot be read as a graph.
Status add(device::Registration& registration) {
    std::vector<std::pair<std::string, std::function<Graph()>>> graphs;
    graphs.emplace_back("karate",
                        [] { return *graph_of(*parse_matrix_market(karate_mtx(), "karate.mtx"), "karate.mtx"); });
    for (const unsigned scale : {14u, 16u})
        graphs.emplace_back(fmt::format("kron-{}", scale), [scale] { return kronecker_graph(scale, kKroneckerSeed); });

    const char* path = std::getenv(env::kGraph);
    if (path != nullptr && *path != '\0') {
        FL_ASSIGN_OR_RETURN(SparseMatrix matrix, read_matrix_market(path));
        FL_ASSIGN_OR_RETURN(Graph graph, graph_of(matrix, path));
        const std::string name = name_of(path);
        for (const auto& built_in : graphs) {
            if (built_in.first == name)
                return Error{ErrorKind::kBadInput,
                             fmt::format("{}: the name {} is that of a built-in graph", path, name)};
        }
        graphs.emplace_back(name, [made = std::move(graph)] { return made; });
    }
    for (auto& [name, make] : graphs) {
        auto problem = std::make_shared<Problem>(std::move(make));
        registration.add(
            registration.name().word(name).word("svm"),
            [session = registration.session(), problem](benchmark::State& state) { bfs(state, *session, *problem); });
    }
    return {};
}

const device::Family kFamily("workload/bfs", "How fast is breadth-first search over a graph in malloc memory?", add);

}  // namespace

}  // namespace faultline::workloads
