// Kronecker graphs as Graph500 uses them (specification 2.0, section 3): skewed degrees, small diameter, any size.
//
// 2^scale vertices; each edge picks one of the four quadrants of the adjacency matrix `scale` times over, with
// probabilities A = 0.57, B = 0.19, C = 0.19, D = 0.05; then the vertices are renumbered at random, so that number says
// nothing of degree. The same arguments give the same edges on every machine. Thread safety: shares nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "workloads/graph.h"

namespace faultline::workloads {

/// Graph500's edges per vertex.
inline constexpr unsigned kKroneckerEdgeFactor = 16;

/// edge_factor * 2^scale edges, self-loops and repetitions among them. REQUIRES: scale < 32.
std::vector<Edge> kronecker_edges(unsigned scale, unsigned edge_factor, std::uint64_t seed);

/// The undirected graph of kronecker_edges(scale, kKroneckerEdgeFactor, seed).
Graph kronecker_graph(unsigned scale, std::uint64_t seed);

}  // namespace faultline::workloads
