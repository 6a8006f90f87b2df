#include "workloads/kronecker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace faultline::workloads {
namespace {

std::uint64_t hash_of(const std::vector<Edge>& edges) {
    std::uint64_t hash = 14695981039346656037ull;
    for (const Edge edge : edges) {
        for (const std::uint32_t end : {edge.row, edge.column}) hash = (hash ^ end) * 1099511628211ull;
    }
    return hash;
}

TEST(Kronecker, SameArgumentsSameEdges) {
    EXPECT_EQ(kronecker_edges(10, 16, 1), kronecker_edges(10, 16, 1));
    EXPECT_NE(kronecker_edges(10, 16, 1), kronecker_edges(10, 16, 2));
}

// Results of different machines are compared, so the graph may never change unnoticed. The value comes from a second
// implementation of the generator's definition.
TEST(Kronecker, EdgesAreThoseOfEveryOtherMachine) {
    EXPECT_EQ(hash_of(kronecker_edges(10, 16, 1)), 1523923652705377771ull);
}

TEST(Kronecker, HasTheStatedSize) {
    const auto edges = kronecker_edges(12, 16, 7);
    EXPECT_EQ(edges.size(), 16u << 12);
    for (const Edge edge : edges) {
        ASSERT_LT(edge.row, 1u << 12);
        ASSERT_LT(edge.column, 1u << 12);
    }
}

TEST(Kronecker, DegreesSumToTwiceTheEdgesThatAreNeitherLoopsNorRepeated) {
    auto edges = kronecker_edges(10, 16, 3);
    const Graph graph = make_graph(1u << 10, edges, false);
    for (Edge& edge : edges) {
        if (edge.row < edge.column) std::swap(edge.row, edge.column);
    }
    std::erase_if(edges, [](Edge edge) { return edge.row == edge.column; });
    const auto key = [](Edge edge) { return std::uint64_t{edge.row} << 32 | edge.column; };
    std::sort(edges.begin(), edges.end(), [&](Edge a, Edge b) { return key(a) < key(b); });
    edges.erase(std::unique(edges.begin(), edges.end()), edges.end());

    std::uint64_t sum = 0;
    for (std::uint32_t v = 0; v < graph.vertices(); ++v) sum += graph.degree(v);
    EXPECT_EQ(sum, 2 * edges.size());
    EXPECT_EQ(graph.edges(), edges.size());
}

// The initiator's row sums say how often a bit of a vertex number is set, before renumbering: both ends of an edge are
// in the lower half with probability A + B = A + C = 0.76. Renumbering keeps degrees, so the busiest half of the
// vertices must hold far more than half of the ends.
TEST(Kronecker, DegreesAreSkewedAsTheInitiatorSays) {
    const auto edges = kronecker_edges(12, 16, 11);
    std::vector<std::uint32_t> degrees(1u << 12);
    for (const Edge edge : edges) {
        ++degrees[edge.row];
        ++degrees[edge.column];
    }
    std::sort(degrees.begin(), degrees.end(), std::greater<>());
    const auto ends = std::accumulate(degrees.begin(), degrees.begin() + (1 << 11), std::uint64_t{0});
    // 0.97: the half of the numbers with fewest of 12 bits set, a number with k set having weight 0.76^(12-k) 0.24^k.
    EXPECT_NEAR(static_cast<double>(ends) / static_cast<double>(2 * edges.size()), 0.97, 0.02);
    EXPECT_GT(degrees.front(), 100 * degrees[1 << 11]);
}

TEST(Kronecker, NumbersSayNothingOfDegree) {
    const auto edges = kronecker_edges(12, 16, 11);
    const auto low = std::count_if(edges.begin(), edges.end(), [](Edge edge) { return edge.row < (1u << 11); });
    EXPECT_NEAR(static_cast<double>(low) / static_cast<double>(edges.size()), 0.5, 0.12);
}

TEST(Kronecker, AVertexOfTheLargestComponentIsTheBusiest) {
    const Graph graph = kronecker_graph(10, 1);
    const auto levels = bfs_levels(graph, busiest_vertex(graph));
    const auto reached = std::count_if(levels.begin(), levels.end(), [](std::uint32_t l) { return l != kUnreached; });
    EXPECT_GT(reached, 700);
    EXPECT_EQ(edges_traversed(graph, levels), graph.edges());
}

}  // namespace
}  // namespace faultline::workloads
