#include "workloads/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "workloads/karate.h"

namespace faultline::workloads {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::uint32_t kNo = kUnreached;

TEST(Graph, StoresAnUndirectedEdgeBothWays) {
    const std::vector<Edge> edges{{2, 0}, {1, 0}};
    const Graph graph = make_graph(3, edges, false);
    EXPECT_THAT(graph.offsets, ElementsAre(0, 2, 3, 4));
    EXPECT_THAT(graph.neighbours, ElementsAre(1, 2, 0, 0));
    EXPECT_EQ(graph.edges(), 2u);
}

TEST(Graph, StoresADirectedEdgeOnce) {
    const std::vector<Edge> edges{{2, 0}, {1, 0}};
    const Graph graph = make_graph(3, edges, true);
    EXPECT_THAT(graph.offsets, ElementsAre(0, 0, 1, 2));
    EXPECT_THAT(graph.neighbours, ElementsAre(0, 0));
    EXPECT_EQ(graph.edges(), 2u);
}

TEST(Graph, DropsSelfLoopsAndRepeatedEdges) {
    const std::vector<Edge> edges{{1, 1}, {0, 1}, {1, 0}, {0, 1}, {2, 2}};
    const Graph graph = make_graph(3, edges, false);
    EXPECT_THAT(graph.offsets, ElementsAre(0, 1, 2, 2));
    EXPECT_THAT(graph.neighbours, ElementsAre(1, 0));
    EXPECT_EQ(graph.edges(), 1u);
}

TEST(Graph, ComesFromAnAdjacencyMatrix) {
    const auto matrix =
        parse_matrix_market("%%MatrixMarket matrix coordinate real general\n3 3 2\n1 2 5\n2 3 -1\n", "t.mtx");
    ASSERT_TRUE(matrix.ok());
    const auto graph = graph_of(*matrix, "t.mtx");
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    EXPECT_TRUE(graph->directed);
    EXPECT_THAT(bfs_levels(*graph, 0), ElementsAre(0, 1, 2));
    EXPECT_THAT(bfs_levels(*graph, 2), ElementsAre(kNo, kNo, 0));
}

TEST(Graph, RefusesWhatIsNoGraph) {
    const auto error_of = [](std::uint32_t rows, std::uint32_t columns) {
        SparseMatrix matrix;
        matrix.rows = rows;
        matrix.columns = columns;
        const auto graph = graph_of(matrix, "t.mtx");
        return graph.ok() ? std::string("no error") : graph.error().message;
    };
    EXPECT_EQ(error_of(3, 4), "t.mtx: not a graph: the adjacency matrix is 3 x 4, not square");
    EXPECT_EQ(error_of(0, 0), "t.mtx: not a graph: no vertices");
    EXPECT_THAT(error_of(kUnreached, kUnreached), HasSubstr("t.mtx: too large: 4294967295 vertices"));
}

Graph karate() {
    const auto matrix = parse_matrix_market(karate_mtx(), "karate.mtx");
    EXPECT_TRUE(matrix.ok());
    const auto graph = graph_of(*matrix, "karate.mtx");
    EXPECT_TRUE(graph.ok());
    return *graph;
}

// What the literature states of this graph.
TEST(KarateClub, IsTheKnownGraph) {
    const Graph graph = karate();
    EXPECT_EQ(graph.vertices(), 34u);
    EXPECT_EQ(graph.edges(), 78u);
    EXPECT_FALSE(graph.directed);
    EXPECT_EQ(graph.degree(0), 16u);
    EXPECT_EQ(graph.degree(33), 17u);
    EXPECT_EQ(busiest_vertex(graph), 33u);

    std::uint64_t triangles = 0;
    const auto linked = [&](std::uint32_t a, std::uint32_t b) {
        return std::binary_search(graph.neighbours.begin() + static_cast<std::ptrdiff_t>(graph.offsets[a]),
                                  graph.neighbours.begin() + static_cast<std::ptrdiff_t>(graph.offsets[a + 1]), b);
    };
    for (std::uint32_t a = 0; a < 34; ++a)
        for (std::uint32_t b = a + 1; b < 34; ++b)
            for (std::uint32_t c = b + 1; c < 34; ++c) triangles += linked(a, b) && linked(b, c) && linked(a, c);
    EXPECT_EQ(triangles, 45u);
}

TEST(KarateClub, SearchFromTheFirstVertexHasFourLevels) {
    const auto levels = bfs_levels(karate(), 0);
    std::vector<int> count(4);
    for (const std::uint32_t level : levels) {
        ASSERT_LT(level, 4u);
        ++count[level];
    }
    EXPECT_THAT(count, ElementsAre(1, 16, 9, 8));
}

TEST(Bfs, FindsDistancesOnAPathAndLeavesOtherComponentsOut) {
    const std::vector<Edge> edges{{0, 1}, {1, 2}, {2, 3}, {4, 5}};
    const Graph graph = make_graph(6, edges, false);
    const auto levels = bfs_levels(graph, 0);
    EXPECT_THAT(levels, ElementsAre(0, 1, 2, 3, kNo, kNo));
    EXPECT_EQ(edges_traversed(graph, levels), 3u);
    EXPECT_EQ(edges_traversed(graph, bfs_levels(graph, 4)), 1u);
}

TEST(Bfs, AWrongAnswerIsNamed) {
    const std::vector<std::uint32_t> right{0, 1, 2, kNo};
    EXPECT_EQ(first_difference(right, right), "");
    EXPECT_EQ(first_difference(right, std::vector<std::uint32_t>{0, 1, 3, 3}),
              "wrong answer: vertex 2: level 3, should be level 2");
    EXPECT_EQ(first_difference(right, std::vector<std::uint32_t>{0, 1, 2, 3}),
              "wrong answer: vertex 3: level 3, should be unreached");
}

TEST(Bfs, CountsDirectedEdgesOnce) {
    const std::vector<Edge> edges{{0, 1}, {1, 2}, {2, 0}, {3, 0}};
    const Graph graph = make_graph(4, edges, true);
    EXPECT_EQ(edges_traversed(graph, bfs_levels(graph, 0)), 3u);
}

// Two properties that fix the levels: an edge spans at most one level, and every level but the root's has a parent.
TEST(Bfs, LevelsAreDistancesOnRandomGraphs) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 50; ++round) {
        const auto vertices = static_cast<std::uint32_t>(1 + random() % 200);
        std::vector<Edge> edges(random() % 400);
        for (Edge& edge : edges) edge = {std::uint32_t(random() % vertices), std::uint32_t(random() % vertices)};
        const Graph graph = make_graph(vertices, edges, false);
        const std::uint32_t root = std::uint32_t(random() % vertices);
        const auto levels = bfs_levels(graph, root);
        ASSERT_EQ(levels[root], 0u);
        for (std::uint32_t v = 0; v < vertices; ++v) {
            bool has_parent = false;
            for (std::uint64_t i = graph.offsets[v]; i < graph.offsets[v + std::size_t{1}]; ++i) {
                const std::uint32_t level = levels[graph.neighbours[i]];
                ASSERT_EQ(level == kUnreached, levels[v] == kUnreached);
                if (level == kUnreached) continue;
                ASSERT_LE(levels[v], level + 1);
                has_parent |= level + 1 == levels[v];
            }
            ASSERT_EQ(has_parent, levels[v] != kUnreached && v != root) << "vertex " << v;
        }
    }
}

}  // namespace
}  // namespace faultline::workloads
