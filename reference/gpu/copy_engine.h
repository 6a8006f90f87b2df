// The copy engines of a Gpu: threads that move bytes between addresses of this process (xe_migrate's engines).
//
// A call is cut into blocks, which the engines and the submitter take one by one; a call of one block is copied by its
// submitter, since waking an engine costs more than the copy. Jobs of a call run in order: one is begun when its
// predecessor is done, unless the jobs touch disjoint memory in rising order, as a migration's do.
//
// Thread safety: all functions. Nothing here touches malloc memory. Ownership: the engine owns its threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "reference/svm/core/arena.h"
#include "reference/svm/core/lock.h"
#include "reference/svm/core/seams.h"
#include "reference/svm/core/service_thread.h"

namespace faultline::gpu {

class CopyEngines final : public svm::CopyEngine {
public:
    /// 0, or what starting a thread said. REQUIRES: install_signal_handler() before.
    int start(unsigned engines);
    ~CopyEngines() override;

    /// Migration's copies; -EIO when memory was not accessible.
    int copy(std::span<const svm::CopyJob> jobs) override;
    /// A program's copies, of user memory; -EFAULT when memory was not accessible.
    int copy_user(const svm::CopyJob& job);
    int fill_user(void* dst, const void* pattern, Bytes pattern_size, Bytes size);

private:
    struct Batch;
    static void engine(void* self);
    int run(std::span<const svm::CopyJob> jobs, const void* pattern, Bytes pattern_size);
    static void help(Batch& batch);
    void serve();

    svm::Mutex lock_{svm::LockRank::kQueue, "gpu.copy"};
    Batch* head_ FL_GUARDED_BY(lock_) = nullptr;  ///< batches with blocks to take
    std::atomic<std::uint32_t> submitted_{0};     ///< futex: engines sleep on it
    std::atomic<std::uint32_t> sleeping_{0};
    std::atomic<bool> stop_{false};
    std::pmr::vector<svm::ArenaPtr<svm::ServiceThread>> threads_{&svm::arena()};
};

}  // namespace faultline::gpu
