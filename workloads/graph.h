// Graphs in compressed sparse rows, and the breadth-first search that judges what the GPU found.
//
// Self-loops and repeated edges are dropped: a search never gains by them. Neighbours are in rising order.
// Thread safety: values; the functions share nothing.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "base/expected.h"
#include "workloads/matrix_market.h"

namespace faultline::workloads {

/// Level of a vertex that a search does not reach.
inline constexpr std::uint32_t kUnreached = std::numeric_limits<std::uint32_t>::max();

/// An edge from the vertex `row` to the vertex `column`, as in an adjacency matrix.
using Edge = Coordinate;

struct Graph {
    std::vector<std::uint64_t> offsets;  ///< vertex v's neighbours are neighbours[offsets[v] .. offsets[v + 1])
    std::vector<std::uint32_t> neighbours;
    bool directed = false;  ///< false: every edge is stored in both directions

    std::uint32_t vertices() const { return static_cast<std::uint32_t>(offsets.size() - 1); }
    std::uint64_t degree(std::uint32_t v) const { return offsets[v + std::size_t{1}] - offsets[v]; }
    /// Edges as a reader counts them: those of an undirected graph once.
    std::uint64_t edges() const { return directed ? neighbours.size() : neighbours.size() / 2; }
};

/// REQUIRES: every end of an edge is below `vertices`, which is below kUnreached.
Graph make_graph(std::uint32_t vertices, std::span<const Edge> edges, bool directed);

/// The graph whose adjacency matrix this is; `name` is what errors call it. Errors: not square, no vertex, too large.
Expected<Graph> graph_of(const SparseMatrix& matrix, const std::string& name);

/// The vertex with most neighbours, the lowest of several: a root that lies in the largest component of most graphs.
/// REQUIRES: at least one vertex.
std::uint32_t busiest_vertex(const Graph& graph);

/// Distance of every vertex from `root` in edges, or kUnreached: a plain search on the CPU.
std::vector<std::uint32_t> bfs_levels(const Graph& graph, std::uint32_t root);

/// The first vertex whose level is not the right one, in one line; empty when there is none. REQUIRES: equal sizes.
std::string first_difference(std::span<const std::uint32_t> right, std::span<const std::uint32_t> found);

/// Edges that a search with this outcome looked at, counted as Graph::edges() does (the numerator of Graph500's TEPS).
std::uint64_t edges_traversed(const Graph& graph, std::span<const std::uint32_t> levels);

}  // namespace faultline::workloads
