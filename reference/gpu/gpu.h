// The software GPU: EUs that run kernels and fault, TLBs, copy engines and a device clock around one svm::Device.
//
// Thread safety: every function may be called from any thread; execute() may run concurrently for several queues.
// Ownership: a Gpu owns its core device, EUs and engines; Modules and Vms must go before it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/expected.h"
#include "reference/gpu/links.h"
#include "reference/gpu/model.h"
#include "reference/gpu/module.h"
#include "reference/svm/xe/device.h"
#include "reference/svm/xe/vm.h"

namespace faultline::gpu {

struct Dim3 {
    std::uint32_t x = 1, y = 1, z = 1;
    std::uint64_t count() const { return std::uint64_t{x} * y * z; }
};

/// What a work-group may have of local memory, its arguments included.
inline constexpr Bytes kMaxLocalMemory{128 << 10};
/// Work-items of a work-group at most.
inline constexpr std::uint32_t kMaxGroupSize = 1024;

inline constexpr svm::TileMask kAllTiles = static_cast<svm::TileMask>((1u << svm::kMaxTiles) - 1);

/// One kernel launch. `args` is the kernel's packed argument block (see Kernel::args); it is copied.
struct Dispatch {
    const Kernel* kernel = nullptr;
    const void* args = nullptr;
    Dim3 groups;
    Dim3 group_size;
    svm::Vm* vm = nullptr;
    std::uint32_t global_offset[3] = {0, 0, 0};
    svm::TileMask tiles = kAllTiles;  ///< whose EUs run it
};

/// How a dispatch ended.
struct DispatchResult {
    int err = 0;               ///< 0, or the negative errno of the fault that could not be served
    svm::VirtAddr fault_addr;  ///< page of the access, when err != 0; 0 when there was no access
    svm::Access fault_access = svm::Access::kRead;
    std::uint64_t start_ticks = 0;  ///< device clock
    std::uint64_t end_ticks = 0;
};

/// Sums over all EUs, for tests and `doctor`. A snapshot.
struct GpuCounters {
    std::uint64_t work_groups = 0;
    std::uint64_t faults = 0;   ///< posted to the fault queues
    std::uint64_t signals = 0;  ///< accesses that the CPU's page table refused
    std::uint64_t tlb_fills = 0;
    std::uint64_t tlb_flushes = 0;  ///< invalidations acknowledged, and switches of address space
    std::uint64_t tlb_invalidations = 0;
};

class Gpu {
public:
    /// `mm` outlives the Gpu. `index` is the device's place in `links` (null: there is no other device), which outlives
    /// the Gpu and lives in arena memory. `clock` tells and takes the model's times; null: the host's. It outlives the
    /// Gpu and is arena memory. Installs the handler of signals.h. Fails with kUnavailable when memory or threads
    /// cannot be had.
    static Expected<std::unique_ptr<Gpu>> create(const DeviceModel& model, const svm::Policy& policy, svm::Mm& mm,
                                                 unsigned index = 0, Links* links = nullptr,
                                                 svm::Clock* clock = nullptr);
    ~Gpu();

    const DeviceModel& model() const;
    svm::Device& core();

    /// Runs the dispatch on the EUs and waits for it. After an error the rest of its work-groups are dropped. Besides
    /// errors of faults: -EINVAL (no kernel, VM or tile, more than kMaxGroupSize work-items or kMaxLocalMemory),
    /// -ENOMEM.
    DispatchResult execute(const Dispatch& dispatch);
    /// Another policy for VMs made from now on, and other fault queues. 0, -EBUSY while a dispatch runs, -ENOMEM.
    int set_policy(const svm::Policy& policy);
    /// Copy (src null: clear) or fill on a tile's copy engines, of memory that need not be resident: user pages are
    /// touched as the CPU touches them. Waits. 0 or -EFAULT (address not mapped; the process goes on).
    int copy(void* dst, const void* src, Bytes size, unsigned tile = 0);
    int fill(void* dst, const void* pattern, Bytes pattern_size, Bytes size, unsigned tile = 0);
    /// The same for a few bytes that a command itself reads or writes: no copy engine's time is modelled.
    int access(void* dst, const void* src, Bytes size);

    /// The device clock: ticks since boot, what kernels read with intel_get_cycle_counter().
    std::uint64_t clock_ticks() const;
    /// Nanoseconds per tick.
    double tick_ns() const;
    GpuCounters counters() const;

private:
    struct Impl;
    explicit Gpu(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace faultline::gpu
