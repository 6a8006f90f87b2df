// Breadth-first search on the GPU, level by level, over a graph in ordinary malloc memory that the kernel faults in.
//
// Thread safety: one thread at a time. Ownership: a GpuBfs must go before its Session; it keeps nothing of a BfsMemory.
#pragma once

#include <cstdint>

#include "base/expected.h"
#include "base/units.h"
#include "device/buffer.h"
#include "device/module.h"
#include "device/session.h"
#include "workloads/fresh_array.h"
#include "workloads/graph.h"

namespace faultline::workloads {

/// All that one search touches, in memory of its own: the graph and the levels are written by the CPU here, the
/// frontiers are not (but for the root).
struct BfsMemory {
    BfsMemory(const Graph& graph, std::uint32_t root);

    FreshArray<std::uint64_t> offsets;
    FreshArray<std::uint32_t> neighbours;
    FreshArray<std::uint32_t> levels;    ///< the answer; the root's is 0, all others kUnreached before the search
    FreshArray<std::uint32_t> frontier;  ///< holds the root
    FreshArray<std::uint32_t> next;
    FreshArray<std::uint32_t> next_size;  ///< one element, 0

    /// What the arrays hold, not what malloc rounded them up to.
    Bytes size() const;
};

class GpuBfs {
public:
    static Expected<GpuBfs> create(device::Session& session);

    /// Fills in the levels; waits for the GPU after each level and reads the size of the next frontier on the CPU, so
    /// that page goes back and forth as it does in such programs. `memory` serves one search.
    Status search(BfsMemory& memory);

private:
    GpuBfs(device::Session& session, device::Module module, device::Kernel level, device::Kernel publish,
           device::HostBuffer<std::uint32_t> frontier_size);
    /// One level, from the host's point of view: returns when frontier_size_ is that of the next.
    Status expand(const BfsMemory& memory, const std::uint32_t* frontier, std::uint32_t* next, std::uint32_t level);

    device::Session* session_;
    // In this order: kernels must go before their module.
    device::Module module_;
    device::Kernel level_;
    device::Kernel publish_;
    device::HostBuffer<std::uint32_t> frontier_size_;  ///< one element
};

}  // namespace faultline::workloads
