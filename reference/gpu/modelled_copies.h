// Copy engines of a stated speed: they copy as the host's do, and are done when the model says.
//
// A call goes to the engine that is free first; it begins when that one is free and takes the model's latency, and the
// bytes at the model's rate. Calls of several submitters run on several engines at once. The host has to be faster than
// what it models: where it is not, the time is the host's. Thread safety: all functions. Ownership: refers to host and
// clock.
#pragma once

#include <array>

#include "reference/gpu/model.h"
#include "reference/svm/clock.h"
#include "reference/svm/lock.h"
#include "reference/svm/seams.h"

namespace faultline::gpu {

class ModelledCopies final : public svm::CopyEngine {
public:
    static constexpr unsigned kMaxEngines = 16;

    /// REQUIRES: 0 < engines <= kMaxEngines.
    ModelledCopies(svm::CopyEngine& host, unsigned engines, const Speed& speed, svm::Clock& clock)
        : host_(host), engines_(engines), speed_(speed), clock_(clock) {}

    int copy(std::span<const svm::CopyJob> jobs) override;

private:
    /// Takes the engine that is free first; when it will be done.
    Nanoseconds reserve(Nanoseconds now, Bytes size);

    svm::CopyEngine& host_;
    const unsigned engines_;
    const Speed speed_;
    svm::Clock& clock_;
    svm::Mutex lock_{svm::LockRank::kQueue, "gpu.modelled_copies"};
    std::array<Nanoseconds, kMaxEngines> free_at_ FL_GUARDED_BY(lock_){};
};

}  // namespace faultline::gpu
