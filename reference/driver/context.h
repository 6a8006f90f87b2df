// A Level Zero context: one GPU address space per device, its USM memory, and whether it was lost.
//
// Thread safety: every function may be called from any thread. Ownership: shared by its handle and by every queue,
// list, event pool, module and fence made in it, so an object that outlives zeContextDestroy finds a closed context,
// not a freed one. Waiting: all host waits of a context (events, fences, queues) are waits for its progress.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "reference/driver/allocations.h"
#include "reference/driver/object.h"
#include "reference/svm/xe/vm.h"

namespace faultline::driver {

inline constexpr std::uint64_t kForever = ~std::uint64_t{0};

class Context : public ArenaObject, public std::enable_shared_from_this<Context> {
public:
    /// On success the context owns itself until destroy().
    static ze_result_t create(Driver& driver, Context** out);
    /// zeContextDestroy: frees its memory, closes its VMs and drops the handle's ownership.
    void destroy();
    ~Context();

    Driver& driver() { return driver_; }
    svm::Vm& vm(const Device& device);

    // -- Memory -----------------------------------------------------------------------------------------------------

    /// ZE_RESULT_ERROR_OUT_OF_DEVICE_MEMORY, _OUT_OF_HOST_MEMORY, or _UNSUPPORTED_SIZE (larger than the device's VRAM).
    ze_result_t alloc_device(Device& device, std::size_t size, std::size_t alignment, void** out);
    /// `device` may be null.
    ze_result_t alloc_shared(Device* device, std::size_t size, std::size_t alignment, void** out);
    ze_result_t alloc_host(std::size_t size, std::size_t alignment, void** out);
    ze_result_t free(void* p);
    /// The allocation of this context that holds `p`.
    std::optional<Allocation> find(const void* p) const;
    /// Where a copy engine reaches the bytes at `p`: inside the VRAM block for device memory, else at `p`.
    void* reach(const void* p) const;

    // -- Loss and progress ------------------------------------------------------------------------------------------

    /// What one of its commands did wrong: the context executes nothing from then on.
    void lose(Device& device, std::string why);
    bool lost() const { return lost_.load(std::memory_order_acquire); }
    ze_result_t status() const { return lost() ? ZE_RESULT_ERROR_DEVICE_LOST : ZE_RESULT_SUCCESS; }

    /// Wakes whoever waits; called after the state that they wait for has changed.
    void progressed();
    /// Waits until done() or the timeout has passed. done() reads atomics, and is called under a lock of its own.
    template <typename Done>
    bool wait(std::uint64_t timeout_ns, Done done) {
        // First without the lock: most waits are for what has happened already.
        if (done()) return true;
        if (timeout_ns == 0) return false;
        std::unique_lock lock(progress_mutex_);
        if (timeout_ns > kLongest) {
            progress_.wait(lock, done);
            return true;
        }
        return progress_.wait_for(lock, std::chrono::nanoseconds(timeout_ns), done);
    }

private:
    // Beyond this a timeout is none: the clock's arithmetic would overflow.
    static constexpr std::uint64_t kLongest = std::uint64_t{1} << 60;

    explicit Context(Driver& driver) : driver_(driver) {}
    ze_result_t open();
    int place(Allocation& allocation, std::size_t alignment);
    bool advise_atomics(svm::Interval interval, svm::AtomicAccess access);
    void release(const Allocation& allocation);

    Driver& driver_;
    std::shared_ptr<Context> self_;
    std::vector<svm::Vm*> vms_;  // by device index
    std::atomic<bool> lost_{false};
    std::atomic<Device*> lost_on_{nullptr};
    std::mutex progress_mutex_;
    std::condition_variable progress_;
};

}  // namespace faultline::driver
