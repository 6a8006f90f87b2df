#include "workloads/graph.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <numeric>

namespace faultline::workloads {
namespace {

/// Sorts each vertex's neighbours, drops repeated ones and closes the gaps.
void compact(Graph& graph) {
    std::uint64_t out = 0;
    std::uint64_t begin = 0;
    for (std::uint32_t v = 0; v < graph.vertices(); ++v) {
        const std::uint64_t end = graph.offsets[v + std::size_t{1}];
        const auto first = graph.neighbours.begin() + static_cast<std::ptrdiff_t>(begin);
        const auto last = graph.neighbours.begin() + static_cast<std::ptrdiff_t>(end);
        std::sort(first, last);
        const auto kept = std::unique(first, last);
        const auto to = graph.neighbours.begin() + static_cast<std::ptrdiff_t>(out);
        out = static_cast<std::uint64_t>(std::move(first, kept, to) - graph.neighbours.begin());
        graph.offsets[v + std::size_t{1}] = out;
        begin = end;
    }
    graph.neighbours.resize(out);
    graph.neighbours.shrink_to_fit();
}

}  // namespace

Graph make_graph(std::uint32_t vertices, std::span<const Edge> edges, bool directed) {
    assert(vertices < kUnreached);
    Graph graph;
    graph.directed = directed;
    graph.offsets.assign(vertices + std::size_t{1}, 0);
    const auto for_each_arc = [&](const auto& visit) {
        for (const Edge edge : edges) {
            assert(edge.row < vertices && edge.column < vertices);
            if (edge.row == edge.column) continue;
            visit(edge.row, edge.column);
            if (!directed) visit(edge.column, edge.row);
        }
    };
    for_each_arc([&](std::uint32_t from, std::uint32_t) { ++graph.offsets[from + std::size_t{1}]; });
    std::partial_sum(graph.offsets.begin(), graph.offsets.end(), graph.offsets.begin());

    graph.neighbours.resize(graph.offsets.back());
    std::vector<std::uint64_t> cursor(graph.offsets.begin(), graph.offsets.end() - 1);
    for_each_arc([&](std::uint32_t from, std::uint32_t to) { graph.neighbours[cursor[from]++] = to; });
    compact(graph);
    return graph;
}

Expected<Graph> graph_of(const SparseMatrix& matrix, const std::string& name) {
    const auto bad = [&](const std::string& what) { return Error{ErrorKind::kBadInput, name + ": " + what}; };
    if (matrix.rows != matrix.columns)
        return bad(
            fmt::format("not a graph: the adjacency matrix is {} x {}, not square", matrix.rows, matrix.columns));
    if (matrix.rows == 0) return bad("not a graph: no vertices");
    // A few digits can state billions of vertices. The search needs about four words a vertex.
    const auto memory =
        static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    const std::uint64_t needed = std::uint64_t{matrix.rows} * 4 * sizeof(std::uint64_t);
    if (matrix.rows == kUnreached || needed > memory / 2)
        return bad(fmt::format("too large: {} vertices need {} MiB, over half of this machine's memory", matrix.rows,
                               needed >> 20));
    return make_graph(matrix.rows, matrix.coordinates, !matrix.symmetric);
}

std::uint32_t busiest_vertex(const Graph& graph) {
    assert(graph.vertices() > 0);
    std::uint32_t best = 0;
    for (std::uint32_t v = 1; v < graph.vertices(); ++v) {
        if (graph.degree(v) > graph.degree(best)) best = v;
    }
    return best;
}

std::vector<std::uint32_t> bfs_levels(const Graph& graph, std::uint32_t root) {
    std::vector<std::uint32_t> levels(graph.vertices(), kUnreached);
    std::vector<std::uint32_t> queue{root};
    levels[root] = 0;
    for (std::size_t head = 0; head < queue.size(); ++head) {
        const std::uint32_t v = queue[head];
        for (std::uint64_t i = graph.offsets[v]; i < graph.offsets[v + std::size_t{1}]; ++i) {
            const std::uint32_t neighbour = graph.neighbours[i];
            if (levels[neighbour] != kUnreached) continue;
            levels[neighbour] = levels[v] + 1;
            queue.push_back(neighbour);
        }
    }
    return levels;
}

std::string first_difference(std::span<const std::uint32_t> right, std::span<const std::uint32_t> found) {
    assert(right.size() == found.size());
    const auto text = [](std::uint32_t level) {
        return level == kUnreached ? std::string("unreached") : fmt::format("level {}", level);
    };
    const auto [r, f] = std::mismatch(right.begin(), right.end(), found.begin());
    if (r == right.end()) return {};
    return fmt::format("wrong answer: vertex {}: {}, should be {}", r - right.begin(), text(*f), text(*r));
}

std::uint64_t edges_traversed(const Graph& graph, std::span<const std::uint32_t> levels) {
    std::uint64_t arcs = 0;
    for (std::uint32_t v = 0; v < graph.vertices(); ++v) {
        if (levels[v] != kUnreached) arcs += graph.degree(v);
    }
    return graph.directed ? arcs : arcs / 2;
}

}  // namespace faultline::workloads
