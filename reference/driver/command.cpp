#include "reference/driver/command.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "reference/driver/device.h"
#include "reference/driver/driver.h"

namespace faultline::driver {
namespace {

const char* name_of(svm::Access access) {
    switch (access) {
        case svm::Access::kRead:
            return "read";
        case svm::Access::kWrite:
            return "write";
        case svm::Access::kAtomic:
            return "atomic";
    }
    return "access";
}

const char* reason_of(int err) {
    switch (-err) {
        case ENOENT:
        case EINVAL:
        case EFAULT:
            return "no memory is mapped there";
        case EPERM:
            return "the memory there does not permit it";
        case EACCES:
            return "the memory there does not permit atomics";
        case ENOMEM:
            return "out of memory";
        default:
            return "the fault could not be served";
    }
}

std::string describe_fault(const gpu::DispatchResult& result, const gpu::Kernel& kernel) {
    return fmt::format("page fault at {:#x} ({}) in kernel {}: {} ({}); context lost", result.fault_addr.value,
                       name_of(result.fault_access), kernel.name, reason_of(result.err), strerrorname_np(-result.err));
}

class Runner {
public:
    Runner(const Engine& engine, CommandTime* time) : engine_(engine), gpu_(engine.device.gpu()), time_(time) {}

    std::string operator()(const Barrier&) { return {}; }

    std::string operator()(const LaunchKernel& launch) {
        gpu::Dim3 groups{launch.groups.groupCountX, launch.groups.groupCountY, launch.groups.groupCountZ};
        if (launch.launches != nullptr) {
            std::uint32_t launches = 0;
            std::string why = fetch(&launches, launch.launches);
            if (!why.empty() || launch.index >= launches) return why;
        }
        if (launch.indirect != nullptr) {
            ze_group_count_t count{};
            std::string why = fetch(&count, launch.indirect);
            if (!why.empty()) return why;
            groups = {count.groupCountX, count.groupCountY, count.groupCountZ};
        }
        if (groups.count() == 0) return {};
        // An munmap or mmap that returned before this launch is seen by it, as it is where the kernel does both at
        // once.
        engine_.context.driver().mm().sync();
        const std::array<std::uint32_t, 3>& offset = launch.kernel.global_offset;
        const gpu::DispatchResult result = gpu_.execute({.kernel = launch.kernel.function,
                                                         .args = launch.kernel.args.data(),
                                                         .groups = groups,
                                                         .group_size = launch.kernel.group_size,
                                                         .vm = &engine_.context.vm(engine_.device),
                                                         .global_offset = {offset[0], offset[1], offset[2]},
                                                         .tiles = engine_.device.tiles()});
        *time_ = {result.start_ticks, result.end_ticks};
        return result.err == 0 ? std::string() : describe_fault(result, *launch.kernel.function);
    }

    std::string operator()(const CopyMemory& c) {
        return copy(engine_.context.reach(c.dst), c.src_context->reach(c.src), c.size);
    }

    std::string operator()(const CopyRegion& c) {
        std::byte* dst = static_cast<std::byte*>(engine_.context.reach(c.dst)) +
                         start_of(c.dst_region, c.dst_pitch, c.dst_slice_pitch);
        const std::byte* src = static_cast<const std::byte*>(engine_.context.reach(c.src)) +
                               start_of(c.src_region, c.src_pitch, c.src_slice_pitch);
        const std::uint32_t depth = std::max(1u, c.dst_region.depth);
        for (std::uint32_t z = 0; z < depth; ++z) {
            for (std::uint32_t y = 0; y < c.dst_region.height; ++y) {
                std::string why = copy(dst + std::size_t{z} * c.dst_slice_pitch + std::size_t{y} * c.dst_pitch,
                                       src + std::size_t{z} * c.src_slice_pitch + std::size_t{y} * c.src_pitch,
                                       Bytes{c.dst_region.width});
                if (!why.empty()) return why;
            }
        }
        return {};
    }

    std::string operator()(const FillMemory& f) {
        const int err = gpu_.fill(engine_.context.reach(f.dst), f.pattern.data(), Bytes{f.pattern.size()}, f.size,
                                  engine_.device.home());
        return err == 0 ? std::string() : describe("fill", f.dst, nullptr, f.size, err);
    }

    std::string operator()(const PrefetchMemory& p) {
        // A hint: what cannot be moved stays where it is, and loses no context.
        svm::Vm& vm = engine_.context.vm(engine_.device);
        static_cast<void>(vm.prefetch(pages_of(p.start, p.size),
                                      {.where = svm::PrefetchRegion::Where::kTile, .tile = engine_.device.home()}));
        return {};
    }

    std::string operator()(const AdviseMemory& a) {
        svm::Vm& vm = engine_.context.vm(engine_.device);
        const int err = vm.madvise(pages_of(a.start, a.size), a.advice);
        return err == 0 ? std::string() : describe("advice", a.start, nullptr, a.size, err);
    }

    std::string operator()(const ResetEvent& r) {
        r.event->reset();
        return {};
    }

    std::string operator()(const WriteGlobalTimestamp& w) {
        const std::uint64_t now = gpu_.clock_ticks();
        return store(w.dst, now);
    }

    std::string operator()(const QueryKernelTimestamps& q) {
        for (std::size_t i = 0; i < q.events.size(); ++i) {
            const ze_kernel_timestamp_result_t result = timestamp_result(q.events[i]->time());
            const std::size_t at = q.offsets.empty() ? i * sizeof(result) : q.offsets[i];
            std::string why = store(q.dst + at, result);
            if (!why.empty()) return why;
        }
        return {};
    }

private:
    static svm::Interval pages_of(const void* start, Bytes size) {
        const svm::VirtAddr at = svm::VirtAddr::of(start);
        return {at.align_down(svm::kPageSize), (at + size.count).align_up(svm::kPageSize)};
    }
    static std::size_t start_of(const ze_copy_region_t& r, std::uint32_t pitch, std::uint32_t slice_pitch) {
        return std::size_t{r.originZ} * slice_pitch + std::size_t{r.originY} * pitch + r.originX;
    }

    static std::string describe(const char* what, const void* dst, const void* src, Bytes size, int err) {
        return fmt::format("{} of {} bytes to {}{}: {} ({}); context lost", what, size.count, fmt::ptr(dst),
                           src == nullptr ? std::string() : fmt::format(" from {}", fmt::ptr(src)), reason_of(err),
                           strerrorname_np(-err));
    }

    std::string copy(void* dst, const void* src, Bytes size) {
        const int err = gpu_.copy(dst, src, size, engine_.device.home());
        return err == 0 ? std::string() : describe("copy", dst, src, size, err);
    }
    /// Application memory that a command reads or writes itself, which survives a bad address.
    std::string access(void* dst, const void* src, Bytes size) {
        const int err = gpu_.access(dst, src, size);
        return err == 0 ? std::string() : describe("copy", dst, src, size, err);
    }
    template <typename T>
    std::string fetch(T* dst, const T* src) {
        return access(dst, engine_.context.reach(src), Bytes{sizeof(T)});
    }
    template <typename T>
    std::string store(void* dst, const T& value) {
        return access(engine_.context.reach(dst), &value, Bytes{sizeof(T)});
    }

    const Engine& engine_;
    gpu::Gpu& gpu_;
    CommandTime* time_;
};

}  // namespace

std::string run(const Action& action, const Engine& engine, CommandTime* time) {
    gpu::Gpu& gpu = engine.device.gpu();
    const std::uint64_t start = gpu.clock_ticks();
    CommandTime measured{};
    std::string why = std::visit(Runner(engine, &measured), action);
    // A launch is timed by the device itself; everything else from here.
    *time = measured.end != 0 ? measured : CommandTime{start, gpu.clock_ticks()};
    return why;
}

}  // namespace faultline::driver
