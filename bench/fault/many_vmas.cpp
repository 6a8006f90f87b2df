// fault/many_vmas/others:<0|4096|32768>
//
// Constant: 64 MiB that the CPU has written, as 1024 mappings of 64 KiB with as much of nothing after each; one
// work-group of one work-item touches each, so that each access is a fault served alone. Beside them the process has so
// many more mappings of one page each, which nobody touches. Cold: each iteration maps fresh memory for what is
// touched; the others stay for all iterations. Cannot tell: what it costs to make mappings while a GPU's driver watches
// them; nor more than vm.max_map_count allows, which is 65530 unless somebody has changed it.
#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "bench/fault/fault_benchmark.h"

namespace faultline::bench {
namespace {

constexpr Bytes kPiece{64u << 10};
constexpr std::uint32_t kPieces = 1024;
constexpr std::size_t kPage = 4096;

Expected<std::shared_ptr<void>> make_others(std::size_t count) {
    if (count == 0) return std::shared_ptr<void>();
    const std::size_t size = count * kPage;
    void* const start = ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    const auto refused = [](const char* call) {
        return Error{ErrorKind::kUnavailable, fmt::format("{} for other mappings: {}", call, std::strerror(errno))};
    };
    if (start == MAP_FAILED) return refused("mmap");
    std::shared_ptr<void> others(start, [size](void* p) { ::munmap(p, size); });
    // Neighbours that differ stay apart.
    for (std::size_t page = 0; page < count; page += 2) {
        if (::mprotect(static_cast<std::byte*>(start) + page * kPage, kPage, PROT_READ | PROT_WRITE) != 0)
            return refused("mprotect");
    }
    return others;
}

Status add(device::Registration& registration) {
    for (const std::size_t others : {0u, 4096u, 32768u}) {
        FaultPlan plan{.name = registration.name().parameter("others", others)};
        plan.access = Access::kRead;
        plan.make_surroundings = [=] { return make_others(others); };
        plan.make_cold = [](device::Session&) {
            return device::ColdBuffer::create_pieces(kPieces, kPiece, device::Touch::kCpuTouched);
        };
        plan.sweeps = {{.offset = 0, .pitch = 2 * kPiece.count, .accesses = kPieces, .groups = 1}};
        plan.memory = fmt::format("thp={} mappings=64K", to_string(device::HugePages::kSmall));
        plan.iterations = 6;
        register_fault_benchmark(registration, std::move(plan));
    }
    return {};
}

const device::Family kFamily("fault/many_vmas", "Does a fault cost more in a process with many mappings?", add);

}  // namespace
}  // namespace faultline::bench
