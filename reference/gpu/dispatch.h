// Dispatches under way: each hands out its work-groups to the EUs, one by one, and knows when all are done or dropped.
//
// Thread safety: claim, complete and fail from any EU; the list from any thread. Ownership: references are counted; the
// record and everything it points to is arena memory. The VM and the kernel's code are the caller's, and not touched
// after the last work-group is done.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include "reference/gpu/eu_context.h"
#include "reference/gpu/module.h"
#include "reference/svm/core/lock.h"
#include "reference/svm/xe/tile.h"
#include "reference/svm/xe/vm.h"

namespace faultline::gpu {

struct Dispatch;
struct DispatchResult;

class DispatchRecord {
public:
    /// Null when memory cannot be had. One reference is the caller's.
    static DispatchRecord* create(const Dispatch& dispatch);
    void get() { references_.fetch_add(1, std::memory_order_relaxed); }
    void put();

    /// The next work-group, or false: none is left.
    bool claim(WorkGroupInfo* group);
    bool has_unclaimed() const { return next_.load(std::memory_order_relaxed) < total_; }
    void complete(std::uint64_t groups = 1);
    /// The first failure counts; work-groups not yet begun are dropped.
    void fail(int err, svm::VirtAddr address, svm::Access access);
    bool failed() const { return err_.load(std::memory_order_relaxed) != 0; }

    /// Returns when every work-group is done or dropped.
    void wait();
    DispatchResult result() const;

    // What a work-group needs to run; constant.
    KernelEntry entry = nullptr;
    KernelItemEntry item_entry = nullptr;
    svm::Interval image;
    std::byte* args = nullptr;
    Bytes local_memory;
    svm::Vm* vm = nullptr;
    std::array<const svm::PageTable*, svm::kMaxTiles> page_tables{};
    std::uint32_t asid = 0;

private:
    friend struct svm::ArenaAccess;
    DispatchRecord() = default;
    ~DispatchRecord() = default;

    WorkGroupInfo group_{};
    std::uint64_t total_ = 0;
    std::size_t args_size_ = 0;
    std::atomic<std::uint32_t> references_{1};
    std::atomic<int> err_{0};
    svm::VirtAddr fault_addr_;
    svm::Access fault_access_ = svm::Access::kRead;
    std::uint64_t start_ticks_ = 0;
    std::uint64_t end_ticks_ = 0;
    alignas(64) std::atomic<std::uint64_t> next_{0};
    alignas(64) std::atomic<std::uint64_t> done_{0};
    std::atomic<std::uint32_t> finished_{0};
};

/// The dispatches that have work-groups to give.
class ActiveDispatches {
public:
    ActiveDispatches();
    void add(DispatchRecord* record);
    void remove(DispatchRecord* record);

    /// Moves on with each add and remove; EUs keep a copy of the list as of one version.
    std::uint64_t version() const { return version_.load(std::memory_order_seq_cst); }
    /// Replaces `copy` (and its references) by the list; returns its version. Empty on lack of memory.
    std::uint64_t snapshot(std::pmr::vector<DispatchRecord*>& copy);
    bool any_unclaimed();
    bool empty();

private:
    svm::Mutex lock_{svm::LockRank::kQueue, "gpu.dispatches"};
    std::pmr::vector<DispatchRecord*> list_ FL_GUARDED_BY(lock_);
    std::atomic<std::uint64_t> version_{1};
};

}  // namespace faultline::gpu
