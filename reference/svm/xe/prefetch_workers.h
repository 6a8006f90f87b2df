// The threads that migrate the ranges of a threaded prefetch (the series queues them on the page-fault workqueue).
//
// They are threads of their own: a prefetch waits for its jobs with vm.lock held for reading, and fault workers may be
// waiting for that lock behind a writer. Thread safety: run() from any thread, by several at once. Ownership: a job
// belongs to its submitter, and lives until its run() has returned it.
#pragma once

#include <array>
#include <atomic>
#include <boost/intrusive/list.hpp>
#include <span>

#include "reference/svm/core/bell.h"
#include "reference/svm/core/lock.h"
#include "reference/svm/core/service_thread.h"

namespace faultline::svm {

/// One piece of work (work_struct).
class PrefetchJob : public boost::intrusive::list_base_hook<> {
public:
    virtual ~PrefetchJob() = default;
    virtual void work() = 0;

private:
    friend class PrefetchWorkers;
    std::atomic<int>* left_ = nullptr;  ///< jobs of its run() still to do
};

class PrefetchWorkers {
public:
    static constexpr unsigned kWorkers = 4;  ///< max_active of pf_wq, XE_PAGEFAULT_QUEUE_COUNT

    /// 0, or -errno when a thread could not be started. REQUIRES: once.
    int start();
    /// Finishes what is queued.
    ~PrefetchWorkers();

    /// Queues the jobs and waits until all have run (queue_work(), flush_work()).
    template <typename Job>
    void run(std::span<Job> jobs) {
        std::atomic<int> left{static_cast<int>(jobs.size())};
        for (Job& job : jobs) queue(job, left);
        for (int seen; (seen = left.load(std::memory_order_acquire)) != 0;) left.wait(seen);
        // The last worker may still be waking us: it holds the lock until it no longer refers to `left`.
        MutexLock guard(lock_);
    }

private:
    void queue(PrefetchJob& job, std::atomic<int>& left);
    void loop();

    std::array<ServiceThread, kWorkers> threads_;
    Mutex lock_{LockRank::kQueue, "prefetch_wq.lock"};
    boost::intrusive::list<PrefetchJob> jobs_ FL_GUARDED_BY(lock_);
    Bell bell_;
    std::atomic<bool> stop_{false};
};

}  // namespace faultline::svm
