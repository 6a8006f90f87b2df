// Threads that take jobs from one list; the last job of a run wakes its submitter.

#include "reference/svm/xe/prefetch_workers.h"

namespace faultline::svm {

int PrefetchWorkers::start() {
    for (ServiceThread& thread : threads_) {
        const int err = thread.start(
            "faultline-pref", [](void* self) { static_cast<PrefetchWorkers*>(self)->loop(); }, this);
        if (err != 0) return err;
    }
    return 0;
}

PrefetchWorkers::~PrefetchWorkers() {
    stop_.store(true, std::memory_order_release);  // no VM is left to prefetch: see ~Device()
    bell_.ring_all();
    for (ServiceThread& thread : threads_) thread.join();
}

void PrefetchWorkers::queue(PrefetchJob& job, std::atomic<int>& left) {
    {
        MutexLock guard(lock_);
        job.left_ = &left;
        jobs_.push_back(job);
    }
    bell_.ring();
}

void PrefetchWorkers::loop() {
    for (;;) {
        const int seen = bell_.seen();
        PrefetchJob* job = nullptr;
        {
            MutexLock guard(lock_);
            if (!jobs_.empty()) {
                job = &jobs_.front();
                jobs_.pop_front();
            }
        }
        if (job != nullptr) {
            std::atomic<int>& left = *job->left_;
            job->work();
            // Under the lock until `left` is no longer used: see run(), on whose stack it is. Release: the job's
            // results are seen by run(), which loads with acquire.
            MutexLock guard(lock_);
            if (left.fetch_sub(1, std::memory_order_acq_rel) == 1) left.notify_all();
        } else if (stop_.load(std::memory_order_acquire)) {
            return;
        } else {
            bell_.wait(seen);
        }
    }
}

}  // namespace faultline::svm
