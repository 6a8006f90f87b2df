#include "reference/gpu/modelled_copies.h"

#include <algorithm>

namespace faultline::gpu {

Nanoseconds ModelledCopies::reserve(std::span<const svm::CopyJob> jobs) {
    Bytes size;
    for (const svm::CopyJob& job : jobs) size = size + job.size;
    // The choice of an engine and its reservation are one step. No bytes are moved and nothing waits under the lock.
    svm::MutexLock guard(lock_);
    Nanoseconds& engine = *std::min_element(free_at_.begin(), free_at_.begin() + engines_);
    const Nanoseconds start = std::max(engine, clock_.now());
    engine = start + speed_.time_of(size);
    for (const svm::CopyJob& job : jobs) {
        if (links_ == nullptr || job.src == nullptr) continue;
        const unsigned from = links_->device_of(job.src);
        const unsigned to = links_->device_of(job.dst);
        if (from == Links::kSystem || to == Links::kSystem || from == to) continue;
        engine = std::max(engine, links_->send(from, to, job.size, start + speed_.latency).arrived);
    }
    return engine;
}

int ModelledCopies::copy(std::span<const svm::CopyJob> jobs) {
    const Nanoseconds done = reserve(jobs);
    const int err = host_.copy(jobs);
    clock_.wait_until(done);
    return err;
}

}  // namespace faultline::gpu
