// Copy engines of a stated speed: they copy as the host's do, and are done when the model says.
//
// A call goes to the engine that is free first; it begins when that one is free and takes the model's latency, and the
// bytes at the model's rate. Bytes between two devices take their link besides: its latency, and its turn at the link's
// rate, which overlaps with the engine's. Calls of several submitters run on several engines at once. The host has to
// be faster than what it models: where it is not, the time is the host's. Thread safety: all functions. Ownership:
// refers to host, links and clock.
#pragma once

#include <array>

#include "reference/gpu/links.h"
#include "reference/gpu/model.h"
#include "reference/svm/core/clock.h"
#include "reference/svm/core/lock.h"
#include "reference/svm/core/seams.h"

namespace faultline::gpu {

class ModelledCopies final : public svm::CopyEngine {
public:
    static constexpr unsigned kMaxEngines = 16;

    /// `links` null: there is no other device. REQUIRES: 0 < engines <= kMaxEngines.
    ModelledCopies(svm::CopyEngine& host, unsigned engines, const Speed& speed, Links* links, svm::Clock& clock)
        : host_(host), engines_(engines), speed_(speed), links_(links), clock_(clock) {}

    int copy(std::span<const svm::CopyJob> jobs) override;

    /// When jobs that are submitted now will be done: the half of copy() for whoever moves the bytes elsewhere.
    Nanoseconds reserve(std::span<const svm::CopyJob> jobs);

private:
    svm::CopyEngine& host_;
    const unsigned engines_;
    const Speed speed_;
    Links* const links_;
    svm::Clock& clock_;
    svm::Mutex lock_{svm::LockRank::kQueue, "gpu.modelled_copies"};
    std::array<Nanoseconds, kMaxEngines> free_at_ FL_GUARDED_BY(lock_){};
};

}  // namespace faultline::gpu
