#include "reference/gpu/dispatch.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "reference/gpu/clock.h"
#include "reference/gpu/futex.h"
#include "reference/gpu/gpu.h"
#include "reference/svm/core/arena.h"

namespace faultline::gpu {
namespace {

std::uint64_t local_memory_of(const Kernel& kernel, const void* args) {
    std::uint64_t size = kernel.local_size;
    for (const KernelArg& arg : kernel.args) {
        if (arg.kind != ArgKind::kLocalPointer) continue;
        std::uint64_t bytes = 0;
        std::memcpy(&bytes, static_cast<const std::byte*>(args) + arg.offset, sizeof(bytes));
        size += (bytes + kLocalAlignment - 1) / kLocalAlignment * kLocalAlignment;
    }
    return size;
}

}  // namespace

DispatchRecord* DispatchRecord::create(const Dispatch& dispatch) try {
    const Kernel& kernel = *dispatch.kernel;
    auto* record = svm::arena_new<DispatchRecord>();
    // Copied: EUs touch arena memory only, and the caller's block may be on a heap page that is in VRAM.
    record->args_size_ = std::max<std::size_t>(kernel.args_size, 1);
    try {
        record->args = static_cast<std::byte*>(svm::arena().allocate(record->args_size_));
    } catch (const std::bad_alloc&) {
        svm::arena_delete(record);
        return nullptr;
    }
    if (kernel.args_size != 0) std::memcpy(record->args, dispatch.args, kernel.args_size);
    record->entry = kernel.entry;
    record->item_entry = kernel.item_entry;
    record->image = {{kernel.image_begin}, {kernel.image_end}};
    record->local_memory = Bytes{local_memory_of(kernel, dispatch.args)};
    record->vm = dispatch.vm;
    for (unsigned tile = 0; tile < dispatch.vm->device().tile_count(); ++tile)
        record->page_tables[tile] = &dispatch.vm->page_table(tile);
    record->asid = dispatch.vm->asid();
    WorkGroupInfo& g = record->group_;
    const std::uint64_t groups[3] = {dispatch.groups.x, dispatch.groups.y, dispatch.groups.z};
    const std::uint64_t sizes[3] = {dispatch.group_size.x, dispatch.group_size.y, dispatch.group_size.z};
    for (unsigned d = 0; d < 3; ++d) {
        g.num_groups[d] = groups[d];
        g.local_size[d] = sizes[d];
        g.global_size[d] = groups[d] * sizes[d];
        g.global_offset[d] = dispatch.global_offset[d];
        if (g.global_size[d] > 1) g.work_dim = d + 1;
    }
    g.work_dim = std::max<std::uint64_t>(g.work_dim, 1);
    record->total_ = dispatch.groups.count();
    record->start_ticks_ = device_clock_ticks();
    return record;
} catch (const std::bad_alloc&) {
    return nullptr;
}

void DispatchRecord::put() {
    // Release, so that all use of the record is over before the last holder, which acquires, frees it.
    if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    svm::arena().deallocate(args, args_size_);
    svm::arena_delete(this);
}

bool DispatchRecord::claim(WorkGroupInfo* group) {
    // First a look: EUs that find nothing leave the line shared. Relaxed: only the index is agreed on; what it refers
    // to was written before the record was listed.
    if (!has_unclaimed()) return false;
    std::uint64_t index = next_.fetch_add(1, std::memory_order_relaxed);
    if (index >= total_) return false;
    *group = group_;
    group->group_id[0] = index % group_.num_groups[0];
    index /= group_.num_groups[0];
    group->group_id[1] = index % group_.num_groups[1];
    group->group_id[2] = index / group_.num_groups[1];
    return true;
}

void DispatchRecord::complete(std::uint64_t groups) {
    // The last to come has acquired what every other work-group wrote, and releases it to the waiter by `finished_`.
    if (done_.fetch_add(groups, std::memory_order_acq_rel) + groups != total_) return;
    end_ticks_ = device_clock_ticks();
    finished_.store(1, std::memory_order_release);
    futex_wake(finished_);
}

void DispatchRecord::fail(int err, svm::VirtAddr address, svm::Access access) {
    int none = 0;
    if (!err_.compare_exchange_strong(none, err, std::memory_order_acq_rel)) return;
    // Written after the exchange, since nobody reads them before the dispatch is finished, and the work-group that
    // failed has yet to complete.
    fault_addr_ = address;
    fault_access_ = access;
    // Claims all that no EU has begun, and counts it as done.
    std::uint64_t next = next_.exchange(total_, std::memory_order_relaxed);
    if (next < total_) complete(total_ - next);
}

void DispatchRecord::wait() {
    constexpr unsigned kSpins = 2000;  // some tens of microseconds, as a sleep and its wake-up take
    for (unsigned i = 0; i < kSpins; ++i) {
        if (finished_.load(std::memory_order_acquire) != 0) return;
        cpu_pause();
    }
    while (finished_.load(std::memory_order_acquire) == 0) futex_wait(finished_, 0);
}

DispatchResult DispatchRecord::result() const {
    return {err_.load(std::memory_order_acquire), fault_addr_, fault_access_, start_ticks_, end_ticks_};
}

ActiveDispatches::ActiveDispatches() : list_(&svm::arena()) {}

void ActiveDispatches::add(DispatchRecord* record) {
    svm::MutexLock hold(lock_);
    list_.push_back(record);
    // EUs compare versions without the lock, one of them on its way to sleep: see Eu::wait_for_ready().
    version_.fetch_add(1, std::memory_order_seq_cst);
}

void ActiveDispatches::remove(DispatchRecord* record) {
    svm::MutexLock hold(lock_);
    list_.erase(std::find(list_.begin(), list_.end(), record));
    version_.fetch_add(1, std::memory_order_seq_cst);
}

std::uint64_t ActiveDispatches::snapshot(std::pmr::vector<DispatchRecord*>& copy) {
    // Before the lock: the last reference frees memory.
    for (DispatchRecord* record : copy) record->put();
    copy.clear();
    svm::MutexLock hold(lock_);
    try {
        copy.assign(list_.begin(), list_.end());
    } catch (const std::bad_alloc&) {
        copy.clear();
    }
    for (DispatchRecord* record : copy) record->get();
    return version_.load(std::memory_order_relaxed);  // changes under the lock only
}

bool ActiveDispatches::empty() {
    svm::MutexLock hold(lock_);
    return list_.empty();
}

bool ActiveDispatches::any_unclaimed() {
    svm::MutexLock hold(lock_);
    return std::any_of(list_.begin(), list_.end(), [](DispatchRecord* r) { return r->has_unclaimed(); });
}

}  // namespace faultline::gpu
