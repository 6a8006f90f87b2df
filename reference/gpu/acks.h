// How acks reach the EUs (svm::AckChannel): a written ack makes its work-group runnable, a flush wakes the EUs that
// sleep.
//
// Thread safety: one user at a time, between begin() and end(). All in arena memory.
#pragma once

#include <memory_resource>
#include <vector>

#include "reference/svm/core/arena.h"
#include "reference/svm/core/lock.h"
#include "reference/svm/core/seams.h"

namespace faultline::gpu {

class Eu;

class EuAcks final : public svm::AckChannel {
public:
    /// REQUIRES: not in use.
    void add(Eu& eu) { eus_.push_back(&eu); }

    // Held from begin() to end(), over calls of the worker between them, which the analysis cannot follow.
    void begin() override FL_NO_THREAD_SAFETY_ANALYSIS { lock_.lock(); }
    void write(const svm::Pagefault& fault, int err) override;
    void flush() override;
    void end() override FL_NO_THREAD_SAFETY_ANALYSIS { lock_.unlock(); }

private:
    svm::Mutex lock_{svm::LockRank::kQueue, "gpu.acks"};
    std::pmr::vector<Eu*> eus_{&svm::arena()};
};

}  // namespace faultline::gpu
