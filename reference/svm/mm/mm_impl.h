// The parts that an Mm is made of. Each is a class that keeps its own state; here is what they share.
//
// Private to reference/svm/mm.
#pragma once

#include <atomic>

#include "reference/svm/mm/cpu_vma.h"
#include "reference/svm/mm/entries.h"
#include "reference/svm/mm/hmm.h"
#include "reference/svm/mm/limbo.h"
#include "reference/svm/mm/mm.h"
#include "reference/svm/mm/mm_notifiers.h"
#include "reference/svm/mm/monitor.h"
#include "reference/svm/mm/uffd.h"

namespace faultline::svm {

struct Mm::Impl final : public MonitorClient {
    explicit Impl(const MmOptions& wanted);
    /// Opens userfaultfd and what the parts need of /proc. 0 or -errno, as Mm::create() has it.
    int open();

    /// The process's Mm, or null.
    static Mm* current();

    // MonitorClient
    void cpu_fault(VirtAddr page) override;
    void invalidate(const MmuRange& range) override { MmNotifiers::Invalidation told(notifiers, range); }

    const MmOptions options;
    const unsigned generation;  ///< tells this Mm from earlier ones of the process
    Uffd uffd;
    CpuVmas vmas;
    MmNotifiers notifiers;
    EntryTable entries;
    ArenaPtr<Limbo> limbo;  ///< made by open(): it needs to know what the kernel can do
    Monitor monitor;
    Hmm hmm;
    std::atomic<int> frozen{0};  ///< forks under way: nothing migrates to a device
    std::atomic<std::uint64_t> cpu_fault_migrations{0};
    std::atomic<std::uint64_t> move_retries{0};
};

}  // namespace faultline::svm
