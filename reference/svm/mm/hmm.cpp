// System pages are faulted in as a CPU would; device pages stay where they are, or come back when they are foreign.

#include "reference/svm/mm/hmm.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

namespace faultline::svm {
namespace {

/// Pages of the interval that are present in the CPU's page table.
void presence(Interval interval, std::span<unsigned char> pages) {
    if (::mincore(interval.start.ptr(), interval.size(), pages.data()) != 0) std::ranges::fill(pages, 0);
}

}  // namespace

bool Hmm::is_present(VirtAddr page) {
    unsigned char present = 0;
    presence({page, page + kPageSize}, {&present, 1});
    return (present & 1) != 0;
}

bool Hmm::all_present(Interval interval) const {
    std::array<unsigned char, EntryBlock::kPages> present;
    for (VirtAddr a = interval.start; a < interval.end;) {
        const Interval part = interval.intersect({a, a.align_down(kSize2M) + kSize2M});
        presence(part, {present.data(), part.pages()});
        EntryBlock* block = entries_.find(a);
        for (unsigned i = 0; i < part.pages(); ++i) {
            if ((present[i] & 1) != 0) continue;
            if (block == nullptr) return false;
            MutexLock guard(block->lock);
            if (block->entries[block->index_of(part.start) + i].state != EntryState::kDevice) return false;
        }
        a = part.end;
    }
    return true;
}

int Hmm::watch(EntryBlock& block, Interval part, const CpuVma& vma) {
    const Interval wanted = block.interval().intersect(vma.interval);
    // Under the block's lock, so that the reader cannot clear marks that are about to be set for a VMA already gone.
    MutexLock guard(block.lock);
    bool watched = true;
    for (unsigned i = 0; i < part.pages(); ++i) watched &= block.registered.test(block.index_of(part.start) + i);
    if (watched) return 0;
    if (const int err = uffd_.register_missing(wanted); err != 0) return err;
    for (unsigned i = 0; i < wanted.pages(); ++i) block.registered.set(block.index_of(wanted.start) + i);
    return 0;
}

int Hmm::fault_in_system(EntryBlock& block, Interval part, const HmmRequest& request) {
    const unsigned first = block.index_of(part.start);
    const unsigned pages = static_cast<unsigned>(part.pages());
    bool watched = true;
    std::array<bool, EntryBlock::kPages> wanted;
    std::array<unsigned char, EntryBlock::kPages> present;
    {
        bool all_present = true;
        MutexLock guard(block.lock);
        for (unsigned i = 0; i < pages; ++i) {
            watched &= block.registered.test(first + i);
            wanted[i] = block.entries[first + i].state == EntryState::kSystem && !block.present.test(first + i);
            all_present &= !wanted[i];
        }
        if (watched && all_present) return 0;
    }
    if (!watched) {
        // Watched memory needs no look-up: that its VMA went, the reader would have been told.
        CpuVma vma;
        if (vmas_.lookup(part.start, &vma) != 0 || !vma.interval.contains(part)) return -EFAULT;
        if (!vma.readable || (request.write && !vma.writable)) return -EPERM;
        // The kernel's own fault first: huge pages, NUMA and limits as for any process. What is discarded between this
        // and the registration is filled when it is touched.
        const int advice = request.write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
        while (::madvise(part.start.ptr(), part.size(), advice) != 0) {
            if (errno == EAGAIN || errno == EINTR) continue;
            return errno == ENOMEM ? -ENOMEM : -EFAULT;
        }
        const int err = watch(block, part, vma);
        if (err != 0) return err == -ENOMEM ? err : -EFAULT;
        // Its neighbours will be asked for next: one look for the whole block now.
        part = block.interval().intersect(vma.interval);
        presence(part, {present.data(), part.pages()});
    } else {
        // For one page the fill itself finds out, in one call instead of two.
        present[0] = 0;
        if (pages > 1) presence(part, {present.data(), pages});
        // Under the lock, so that no migration takes a page out between the look at its entry and the fill. And while
        // nothing is read: a discard that is noted after the fill would take what is written from now on for old.
        ReadLock no_events(monitor_.map_changing_lock());
        MutexLock guard(block.lock);
        if (pages == 1 && block.discarded.test(first)) presence(part, {present.data(), pages});
        const auto hole = [&](unsigned i) FL_REQUIRES(block.lock) {
            return wanted[i] && (present[i] & 1) == 0 && block.entries[first + i].state == EntryState::kSystem;
        };
        for (unsigned i = 0; i < pages;) {
            const unsigned start = i;
            while (i < pages && hole(i)) ++i;
            if (i == start) {
                ++i;
                continue;
            }
            // Not there when looked at, so no old page; and maybe filled also where the call fails.
            for (unsigned page = start; page < i; ++page) block.discarded.reset(first + page);
            const int err = uffd_.fill_zero({part.start + start * kPageSize, part.start + i * kPageSize});
            if (err == -EAGAIN) return -EBUSY;
            if (err != 0) return err == -ENOMEM ? err : -EFAULT;
        }
        std::ranges::fill(present, 1);
    }
    MutexLock guard(block.lock);
    const unsigned low = block.index_of(part.start);
    for (unsigned i = 0; i < part.pages(); ++i)
        if ((present[i] & 1) != 0 && block.registered.test(low + i) &&
            block.entries[low + i].state == EntryState::kSystem)
            block.present.set(low + i);
    return 0;
}

int Hmm::fault_block(EntryBlock& block, Interval part, const HmmRequest& request, std::pmr::vector<HmmRun>& runs) {
    const unsigned first = block.index_of(part.start);
    const auto any = [&](auto&& predicate) {
        MutexLock guard(block.lock);
        return std::any_of(block.entries.begin() + first, block.entries.begin() + first + part.pages(), predicate);
    };
    // Neighbours are mostly of one folio: its pagemap is asked once.
    const DeviceFolio* asked = nullptr;
    bool answer = false;
    const auto foreign = [&](const Entry& e) {
        if (e.state != EntryState::kDevice) return false;
        if (e.folio != asked) {
            asked = e.folio;
            answer = e.folio->pagemap.owner() != request.device_private_owner;
        }
        return answer;
    };
    if (any(foreign))
        if (const int err = migrate_to_ram(block, part, {}); err != 0) return err;
    asked = nullptr;
    if (const int err = fault_in_system(block, part, request); err != 0) return err;

    MutexLock guard(block.lock);
    for (unsigned i = 0; i < part.pages(); ++i) {
        const Entry& entry = block.entries[first + i];
        if (entry.state != EntryState::kSystem && entry.state != EntryState::kDevice) return -EBUSY;
        if (foreign(entry)) return -EBUSY;
        const VirtAddr page = part.start + i * kPageSize;
        const bool device = entry.state == EntryState::kDevice;
        const DeviceFolio* folio = device ? entry.folio : nullptr;
        void* physical = device ? static_cast<void*>(entry.folio->page(entry.index)) : page.ptr();
        if (!runs.empty() && runs.back().folio == folio &&
            static_cast<std::byte*>(runs.back().physical) + runs.back().pages * kPageSize == physical)
            ++runs.back().pages;
        else
            runs.push_back({page, 1, physical, folio});
    }
    return 0;
}

int Hmm::range_fault(const HmmRequest& request, std::pmr::vector<HmmRun>& runs) {
    for (VirtAddr a = request.interval.start; a < request.interval.end;) {
        const Interval part = request.interval.intersect({a, a.align_down(kSize2M) + kSize2M});
        EntryBlock* block = entries_.find_or_create(a);
        if (block == nullptr) return -ENOMEM;
        if (const int err = fault_block(*block, part, request, runs); err != 0) return err;
        a = part.end;
    }
    return 0;
}

}  // namespace faultline::svm
