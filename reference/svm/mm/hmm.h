// Pages made present, watched and described: hmm_range_fault() of mm/hmm.c.
//
// Private to reference/svm. Watched memory is registered with userfaultfd, so that unmaps, discards and missing pages
// of it are reported. Thread safety: every function from any thread. Ownership: refers to parts of one Mm.
#pragma once

#include <memory_resource>
#include <vector>

#include "reference/svm/mm/cpu_vma.h"
#include "reference/svm/mm/entries.h"
#include "reference/svm/mm/mm.h"
#include "reference/svm/mm/monitor.h"
#include "reference/svm/mm/uffd.h"

namespace faultline::svm {

class Hmm {
public:
    Hmm(const Uffd& uffd, const CpuVmas& vmas, EntryTable& entries, const Monitor& monitor)
        : uffd_(uffd), vmas_(vmas), entries_(entries), monitor_(monitor) {}

    /// See Mm::range_fault().
    int range_fault(const HmmRequest& request, std::pmr::vector<HmmRun>& runs);
    /// See Mm::all_present().
    bool all_present(Interval interval) const;
    /// Registers the block's part of the VMA for messages, if `part` is not yet. 0 or -errno.
    int watch(EntryBlock& block, Interval part, const CpuVma& vma);
    /// Whether the page is present in the CPU's page table.
    static bool is_present(VirtAddr page);

private:
    int fault_block(EntryBlock& block, Interval part, const HmmRequest& request, std::pmr::vector<HmmRun>& runs);
    /// Makes every system page of `part` present, as a CPU fault would, and watched.
    int fault_in_system(EntryBlock& block, Interval part, const HmmRequest& request);
    int fault_in_unwatched(EntryBlock& block, Interval part, const HmmRequest& request);

    const Uffd& uffd_;
    const CpuVmas& vmas_;
    EntryTable& entries_;
    const Monitor& monitor_;
};

}  // namespace faultline::svm
