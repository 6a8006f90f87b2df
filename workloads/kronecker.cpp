#include "workloads/kronecker.h"

#include <cassert>
#include <numeric>
#include <random>
#include <utility>

namespace faultline::workloads {
namespace {

// The standard fixes what mt19937_64 yields but not what its distributions make of it, so draws are turned into choices
// by integers here.

/// A probability as a bound on a draw.
constexpr std::uint64_t below(double probability) { return static_cast<std::uint64_t>(probability * 0x1p64); }

/// Uniform in [0, n).
std::uint32_t draw_index(std::mt19937_64& random, std::uint32_t n) {
    return static_cast<std::uint32_t>(((random() >> 32) * n) >> 32);
}

}  // namespace

std::vector<Edge> kronecker_edges(unsigned scale, unsigned edge_factor, std::uint64_t seed) {
    assert(scale < 32);
    constexpr std::uint64_t kA = below(0.57);
    constexpr std::uint64_t kAB = below(0.57 + 0.19);
    constexpr std::uint64_t kABC = below(0.57 + 0.19 + 0.19);
    const std::uint32_t vertices = 1u << scale;
    std::mt19937_64 random(seed);

    std::vector<std::uint32_t> number(vertices);
    std::iota(number.begin(), number.end(), 0u);
    for (std::uint32_t i = vertices; i > 1; --i) std::swap(number[i - 1], number[draw_index(random, i)]);

    std::vector<Edge> edges(std::size_t{edge_factor} << scale);
    for (Edge& edge : edges) {
        Edge corner;
        for (unsigned level = 0; level < scale; ++level) {
            const std::uint64_t draw = random();
            const bool lower = draw >= kAB;
            const bool right = lower ? draw >= kABC : draw >= kA;
            corner.row |= std::uint32_t{lower} << level;
            corner.column |= std::uint32_t{right} << level;
        }
        edge = {number[corner.row], number[corner.column]};
    }
    return edges;
}

Graph kronecker_graph(unsigned scale, std::uint64_t seed) {
    return make_graph(1u << scale, kronecker_edges(scale, kKroneckerEdgeFactor, seed), false);
}

}  // namespace faultline::workloads
