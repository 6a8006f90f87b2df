// The threads of EUs: a oneTBB arena of one worker for each EU, so that as many EUs run as there are processors.
//
// A worker's stack is excluded from migration, and while it runs an EU its other signals are blocked: their handlers
// belong to the program's own threads. Workers are pinned (hwloc) only where there are processors left for the service
// threads; a pinned worker that shares its processor would hold up the faults it waits for.
// Thread safety: start() from any thread. Ownership: the EUs outlive it; it ends when they are idle.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "reference/gpu/eu.h"
#include "reference/svm/mm/mm.h"

namespace faultline::gpu {

class EuThreads {
public:
    EuThreads(std::span<Eu* const> eus, svm::Mm& mm, unsigned service_threads);
    /// Waits for the tasks under way.
    ~EuThreads();

    /// Lets the EU run until it finds nothing to do. False when it runs already; then it looks for work again.
    bool start(std::size_t index);

private:
    struct Worker;
    struct Binding;
    std::unique_ptr<Binding> binding_;
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace faultline::gpu
