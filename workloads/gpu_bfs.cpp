#include "workloads/gpu_bfs.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "kernels/bfs.h"

namespace faultline::workloads {
namespace {

constexpr std::uint32_t kGroupSize = 64;

}  // namespace

BfsMemory::BfsMemory(const Graph& graph, std::uint32_t root)
    : offsets(std::span(graph.offsets)),
      neighbours(std::span(graph.neighbours)),
      levels(graph.vertices()),
      frontier(graph.vertices()),
      next(graph.vertices()),
      next_size(1) {
    std::fill_n(levels.data(), levels.size(), kUnreached);
    levels.data()[root] = 0;
    next_size.data()[0] = 0;
    frontier.data()[0] = root;
}

Bytes BfsMemory::size() const {
    return {offsets.span().size_bytes() + neighbours.span().size_bytes() + levels.span().size_bytes() +
            frontier.span().size_bytes() + next.span().size_bytes() + next_size.span().size_bytes()};
}

GpuBfs::GpuBfs(device::Session& session, device::Module module, device::Kernel level, device::Kernel publish,
               device::HostBuffer<std::uint32_t> frontier_size)
    : session_(&session),
      module_(std::move(module)),
      level_(std::move(level)),
      publish_(std::move(publish)),
      frontier_size_(std::move(frontier_size)) {}

Expected<GpuBfs> GpuBfs::create(device::Session& session) {
    FL_ASSIGN_OR_RETURN(auto module, device::Module::create(session.context(), kernel_bfs()));
    FL_ASSIGN_OR_RETURN(auto level, module.kernel("bfs_level"));
    FL_ASSIGN_OR_RETURN(auto publish, module.kernel("bfs_publish"));
    FL_RETURN_IF_ERROR(level.set_group_size(kGroupSize));
    FL_ASSIGN_OR_RETURN(auto frontier_size, device::HostBuffer<std::uint32_t>::create(session.context(), 1));
    return GpuBfs(session, std::move(module), std::move(level), std::move(publish), std::move(frontier_size));
}

Status GpuBfs::expand(const BfsMemory& memory, const std::uint32_t* frontier, std::uint32_t* next,
                      std::uint32_t level) {
    device::CommandList& queue = session_->queue();
    const device::Event& done = session_->event();
    const std::uint32_t size = frontier_size_[0];
    FL_RETURN_IF_ERROR(level_.set_arguments(memory.offsets.data(), memory.neighbours.data(), memory.levels.data(),
                                            frontier, size, next, memory.next_size.data(), level));
    FL_RETURN_IF_ERROR(queue.launch(level_, (size + kGroupSize - 1) / kGroupSize));
    FL_RETURN_IF_ERROR(queue.barrier());
    FL_RETURN_IF_ERROR(publish_.set_arguments(memory.next_size.data(), frontier_size_.data()));
    FL_RETURN_IF_ERROR(queue.launch(publish_, 1, &done));
    FL_RETURN_IF_ERROR(done.wait());
    return done.reset();
}

Status GpuBfs::search(BfsMemory& memory) {
    std::uint32_t* frontier = memory.frontier.data();
    std::uint32_t* next = memory.next.data();
    std::uint64_t reached = 1;
    frontier_size_[0] = 1;
    for (std::uint32_t level = 1; frontier_size_[0] > 0; ++level) {
        FL_RETURN_IF_ERROR(expand(memory, frontier, next, level));
        // Every vertex enters a frontier once; a GPU that says otherwise would lead out of the arrays, or on for ever.
        reached += frontier_size_[0];
        if (reached > memory.levels.size())
            return Error{ErrorKind::kDevice,
                         fmt::format("level {}: the GPU put {} vertices into frontiers, the graph has {}", level,
                                     reached, memory.levels.size())};
        std::swap(frontier, next);
    }
    return {};
}

}  // namespace faultline::workloads
