#include "reference/gpu/modelled_copies.h"

#include <algorithm>

namespace faultline::gpu {

Nanoseconds ModelledCopies::reserve(Nanoseconds now, Bytes size) {
    svm::MutexLock guard(lock_);
    Nanoseconds& engine = *std::min_element(free_at_.begin(), free_at_.begin() + engines_);
    engine = std::max(engine, now) + speed_.time_of(size);
    return engine;
}

int ModelledCopies::copy(std::span<const svm::CopyJob> jobs) {
    Bytes size;
    for (const svm::CopyJob& job : jobs) size = size + job.size;
    const Nanoseconds done = reserve(clock_.now(), size);
    const int err = host_.copy(jobs);
    clock_.wait_until(done);
    return err;
}

}  // namespace faultline::gpu
