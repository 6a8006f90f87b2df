#include "reference/svm/mm.h"

#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <new>

#include "reference/svm/arena.h"
#include "reference/svm/mm_impl.h"

namespace faultline::svm {
namespace {

/// The process's Mm, for fork: a child has no userfaultfd and would read zeroes where pages are in VRAM.
std::atomic<Mm*> the_mm{nullptr};

std::atomic<unsigned> generations{0};

void before_fork() {
    Mm* mm = the_mm.load();
    if (mm == nullptr) return;
    mm->adopt_this_thread();
    ++mm->impl().frozen;
    mm->evict_all();
}
void after_fork() {
    if (Mm* mm = the_mm.load()) --mm->impl().frozen;
}

/// Static thread-local storage of this thread, and what the thread pointer points to, where they are in no stack: those
/// of the main thread. Nothing of the neighbours', whose memory may well be what a program wants in VRAM.
Interval static_tls() {
    constexpr std::uint64_t kThreadDescriptor = 2304;  // struct pthread, which is nowhere declared
    const VirtAddr pointer = VirtAddr::of(__builtin_thread_pointer());
    Interval tls{pointer, pointer + kThreadDescriptor};
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* data) {
            auto& found = *static_cast<Interval*>(data);
            const VirtAddr block = VirtAddr::of(info->dlpi_tls_data);
            // Blocks that were allocated later are on the heap.
            constexpr std::uint64_t kLargest = kSize64K;
            if (block < found.start && found.end - block <= kLargest) found.start = block;
            return 0;
        },
        &tls);
    return tls;
}

/// Undoes the exclusion of a thread's stack when the thread ends.
struct StackExclusion {
    Interval stack;
    unsigned generation = 0;
    pid_t process = 0;

    StackExclusion() = default;
    StackExclusion(const StackExclusion&) = delete;
    StackExclusion& operator=(const StackExclusion&) = delete;
    ~StackExclusion() {
        // A child of fork has one thread, and a copy of locks that others may have held.
        if (stack.empty() || process != ::getpid()) return;
        Mm* mm = the_mm.load();
        if (mm != nullptr && mm->impl().generation == generation) mm->impl().vmas.readmit(stack);
    }
};

/// Reads one byte a page. Other threads own the bytes, or nobody: sanitizers do not apply.
__attribute__((noinline, no_sanitize("address"), no_sanitize("thread"))) void touch_pages(Interval interval) {
    for (VirtAddr a = interval.start; a < interval.end; a = a + kPageSize)
        static_cast<void>(*a.ptr<const volatile char>());
}

/// Pages of the interval that are present in the CPU's page table.
void presence(Interval interval, std::span<unsigned char> pages) {
    if (::mincore(interval.start.ptr(), interval.size(), pages.data()) != 0) std::ranges::fill(pages, 0);
}

}  // namespace

Mm::Impl::Impl(const MmOptions& wanted) : options(wanted), generation(++generations), monitor(uffd, entries, *this) {}

Mm* Mm::create(const MmOptions& options, int* err) {
    void* memory = nullptr;
    Impl* impl = nullptr;
    try {
        memory = arena().allocate(sizeof(Mm), alignof(Mm));
        impl = arena_new<Impl>(options);
        *err = impl->uffd.open(options.user_mode_only, options.allow_move);
        if (*err == 0) *err = impl->vmas.open();
        if (*err == 0) impl->limbo = arena_new<Limbo>(impl->uffd, options.limbo_cache);
        if (*err == 0) *err = impl->limbo->start();
        Mm* expected = nullptr;
        auto* mm = static_cast<Mm*>(memory);
        if (*err == 0 && !the_mm.compare_exchange_strong(expected, mm)) *err = -EBUSY;
        if (*err == 0) {
            new (mm) Mm;
            mm->impl_ = impl;
            *err = impl->monitor.start(options.cpu_fault_workers);
            if (*err == 0) {
                impl->vmas.refresh_images();
                static const int once = ::pthread_atfork(before_fork, after_fork, nullptr);
                *err = -once;
            }
            if (*err == 0) return mm;
            the_mm.store(nullptr);
        }
    } catch (const std::bad_alloc&) {
        *err = -ENOMEM;
    }
    if (impl != nullptr) {
        arena_delete(impl->limbo);
        arena_delete(impl);
    }
    if (memory != nullptr) arena().deallocate(memory, sizeof(Mm), alignof(Mm));
    return nullptr;
}

void Mm::destroy(Mm* mm) {
    mm->evict_all();
    Impl* impl = mm->impl_;
    the_mm.store(nullptr);
    impl->monitor.stop();
    arena_delete(impl->limbo);
    arena_delete(impl);  // closing the userfaultfd unregisters everything and wakes whoever waits
    mm->~Mm();
    arena().deallocate(mm, sizeof(Mm), alignof(Mm));
}

bool Mm::user_mode_only() const { return impl_->options.user_mode_only; }

bool Mm::has_move() const { return impl_->uffd.has_move(); }

MmCounters Mm::counters() const {
    MmCounters counters = impl_->monitor.counters();
    counters.cpu_fault_migrations = impl_->cpu_fault_migrations;
    counters.move_retries = impl_->move_retries;
    return counters;
}

// --- VMAs
// ------------------------------------------------------------------------------------------------------------------

int Mm::find_vma(VirtAddr addr, CpuVma* vma) const { return impl_->vmas.lookup(addr, vma); }

VirtAddr Mm::find_vma_start(Interval interval) const {
    CpuVma vma;
    if (impl_->vmas.lookup_or_next(interval.start, &vma) != 0) return interval.end;
    return std::min(interval.end, std::max(interval.start, vma.interval.start));
}

bool Mm::migratable(Interval interval) const { return impl_->vmas.migratable(interval); }

bool Mm::straddles_excluded(Interval interval) const { return impl_->vmas.straddles(interval); }

void Mm::exclude(Interval interval) { impl_->vmas.exclude(interval); }

void Mm::adopt_this_thread() {
    thread_local unsigned adopted = 0;  // by which Mm of this process
    if (adopted == impl_->generation) return;
    pthread_attr_t attributes;
    if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return;
    void* base = nullptr;
    std::size_t size = 0;
    ::pthread_attr_getstack(&attributes, &base, &size);
    ::pthread_attr_destroy(&attributes);
    const Interval stack{VirtAddr::of(base), VirtAddr::of(base) + size};
    const VirtAddr thread_pointer = VirtAddr::of(__builtin_thread_pointer());
    exclude(stack);
    if (stack.contains(thread_pointer)) {
        thread_local StackExclusion exclusion;
        exclusion.stack = stack;
        exclusion.generation = impl_->generation;
        exclusion.process = ::getpid();
    } else {
        exclude(static_tls());
    }
    // What is in VRAM already comes back as the CPU touches it, now that no lock is held.
    touch_pages({VirtAddr::of(__builtin_frame_address(0)), stack.end});
    touch_pages({thread_pointer, thread_pointer + 1});
    adopted = impl_->generation;
}

bool Mm::all_present(Interval interval) const {
    std::array<unsigned char, EntryBlock::kPages> present;
    for (VirtAddr a = interval.start; a < interval.end;) {
        const Interval part = interval.intersect({a, a.align_down(kSize2M) + kSize2M});
        presence(part, {present.data(), part.pages()});
        EntryBlock* block = impl_->entries.find(a);
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

// --- Interval notifiers
// ----------------------------------------------------------------------------------------------------

int Mm::notifier_insert(IntervalNotifier* notifier, Interval interval) {
    impl_->notifiers.insert(notifier, interval);
    return 0;
}
void Mm::notifier_remove(IntervalNotifier* notifier) { impl_->notifiers.remove(notifier); }
std::uint64_t Mm::read_begin(const IntervalNotifier& notifier) const { return impl_->notifiers.read_begin(notifier); }
bool Mm::read_retry(const IntervalNotifier& notifier, std::uint64_t seq) const {
    return MmNotifiers::read_retry(notifier, seq);
}
void Mm::sync() {
    adopt_this_thread();
    impl_->vmas.refresh_images();
    impl_->monitor.sync();
}

// --- Pages
// -----------------------------------------------------------------------------------------------------------------

int Mm::Impl::watch(EntryBlock& block, Interval part, const CpuVma& vma) {
    const Interval wanted = block.interval().intersect(vma.interval);
    // Under the block's lock, so that the reader cannot clear marks that are about to be set for a VMA already gone.
    MutexLock guard(block.lock);
    bool watched = true;
    for (unsigned i = 0; i < part.pages(); ++i) watched &= block.registered.test(block.index_of(part.start) + i);
    if (watched) return 0;
    if (const int err = uffd.register_missing(wanted); err != 0) return err;
    for (unsigned i = 0; i < wanted.pages(); ++i) block.registered.set(block.index_of(wanted.start) + i);
    return 0;
}

/// Makes every system page of `part` present, as a CPU fault would, and watched.
int Mm::Impl::fault_in_system(EntryBlock& block, Interval part, const HmmRequest& request) {
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
        if (vmas.lookup(part.start, &vma) != 0 || !vma.interval.contains(part)) return -EFAULT;
        if (!vma.readable || (request.write && !vma.writable)) return -EPERM;
        // The kernel's own fault first: huge pages, NUMA and limits as for any process. What is discarded between this
        // and the registration is filled by whoever touches it.
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
        ReadLock reading(monitor.reading());
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
            const int err = uffd.fill_zero({part.start + start * kPageSize, part.start + i * kPageSize});
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

int Mm::Impl::fault_block(EntryBlock& block, Interval part, const HmmRequest& request, std::pmr::vector<HmmRun>& runs) {
    const unsigned first = block.index_of(part.start);
    const auto any = [&](auto&& predicate) {
        MutexLock guard(block.lock);
        return std::any_of(block.entries.begin() + first, block.entries.begin() + first + part.pages(), predicate);
    };
    const auto foreign = [&](const Entry& e) {
        return e.state == EntryState::kDevice && e.zdd->pagemap.owner() != request.device_private_owner;
    };
    if (any(foreign))
        if (const int err = migrate_to_ram(block, part, {}); err != 0) return err;
    if (const int err = fault_in_system(block, part, request); err != 0) return err;

    MutexLock guard(block.lock);
    for (unsigned i = 0; i < part.pages(); ++i) {
        const Entry& entry = block.entries[first + i];
        if (entry.state != EntryState::kSystem && entry.state != EntryState::kDevice) return -EBUSY;
        if (foreign(entry)) return -EBUSY;
        const VirtAddr page = part.start + i * kPageSize;
        const bool device = entry.state == EntryState::kDevice;
        Zdd* zdd = device ? entry.zdd : nullptr;
        void* physical = device ? static_cast<void*>(entry.zdd->page(entry.index)) : page.ptr();
        if (!runs.empty() && runs.back().zdd == zdd &&
            static_cast<std::byte*>(runs.back().physical) + runs.back().pages * kPageSize == physical)
            ++runs.back().pages;
        else
            runs.push_back({page, 1, physical, zdd});
    }
    return 0;
}

int Mm::Impl::range_fault(const HmmRequest& request, std::pmr::vector<HmmRun>& runs) {
    for (VirtAddr a = request.interval.start; a < request.interval.end;) {
        const Interval part = request.interval.intersect({a, a.align_down(kSize2M) + kSize2M});
        EntryBlock* block = entries.find_or_create(a);
        if (block == nullptr) return -ENOMEM;
        if (const int err = fault_block(*block, part, request, runs); err != 0) return err;
        a = part.end;
    }
    return 0;
}

int Mm::range_fault(const HmmRequest& request, std::pmr::vector<HmmRun>& runs) {
    return impl_->range_fault(request, runs);
}

MmScan Mm::scan(Interval interval, const Pagemap* pagemap) const {
    std::uint64_t device = 0;
    const Pagemap* only = nullptr;
    bool several = false;
    impl_->entries.for_each(interval, [&](EntryBlock& block, Interval part) {
        MutexLock guard(block.lock);
        for (unsigned i = 0; i < part.pages(); ++i) {
            const Entry& entry = block.entries[block.index_of(part.start) + i];
            if (entry.state != EntryState::kDevice) continue;
            ++device;
            several |= only != nullptr && only != &entry.zdd->pagemap;
            only = &entry.zdd->pagemap;
        }
    });
    if (device == 0) return MmScan::kSystem;
    if (several || device != interval.pages()) return MmScan::kMixed;
    return only == pagemap ? MmScan::kEqual : MmScan::kOther;
}

int Mm::Impl::evict(Interval interval, Which which) {
    int result = 0;
    entries.for_each(interval, [&](EntryBlock& block, Interval part) {
        if (const int err = migrate_to_ram(block, part, which); err != 0) result = err;
    });
    return result;
}

int Mm::Impl::evict_everywhere(Which which) {
    int result = 0;
    for (EntryBlock* block = entries.all(); block != nullptr; block = block->next)
        if (const int err = migrate_to_ram(*block, block->interval(), which); err != 0) result = err;
    return result;
}

int Mm::evict(Interval interval) { return impl_->evict(interval, {}); }
int Mm::evict_all() {
    adopt_this_thread();
    return impl_->evict_everywhere({});
}

Pagemap* Mm::residency(VirtAddr page) const {
    EntryBlock* block = impl_->entries.find(page);
    if (block == nullptr) return nullptr;
    MutexLock guard(block->lock);
    const Entry& entry = block->entries[block->index_of(page.align_down(kPageSize))];
    return entry.state == EntryState::kDevice ? &entry.zdd->pagemap : nullptr;
}

/// drm_pagemap_migrate_to_ram(), from dev_pagemap_ops.migrate_to_ram.
void Mm::Impl::cpu_fault(VirtAddr page) {
    Zdd* zdd = nullptr;
    EntryBlock* block = entries.find(page);
    {
        MutexLock guard(block->lock);
        const Entry& entry = block->entries[block->index_of(page)];
        if (entry.state == EntryState::kDevice && entry.zdd->try_get()) zdd = entry.zdd;
    }
    if (zdd != nullptr) {
        CpuVma vma;
        if (zdd->pagemap.timeslice_over(*zdd) && vmas.lookup(page, &vma) == 0) {
            ++cpu_fault_migrations;
            migrate_to_ram(*block, block->interval().intersect(vma.interval), {.zdd = zdd});
        }
        zdd->put();
    }
    // Whatever came of it: the CPU looks again, and faults again where it must.
    uffd.wake({page, page + kPageSize});
}

void Mm::check() const {
    const auto require = [](bool holds, const char* what) {
        if (holds) return;
        std::fprintf(stderr, "Mm::check: %s\n", what);
        std::abort();
    };
    impl_->monitor.wait_for_cpu_faults();
    std::map<const Zdd*, unsigned> pages;
    std::array<unsigned char, EntryBlock::kPages> present;
    for (EntryBlock* block = impl_->entries.all(); block != nullptr; block = block->next) {
        MutexLock guard(block->lock);
        for (unsigned i = 0; i < EntryBlock::kPages; ++i) {
            const Entry& entry = block->entries[i];
            require(!block->present.test(i) || (entry.state == EntryState::kSystem && block->registered.test(i)),
                    "a page marked present is not a watched system page");
            if (entry.state == EntryState::kSystem) continue;
            require(entry.state == EntryState::kDevice, "a page is still migrating");
            require(block->registered.test(i), "a device page is not watched");
            presence({block->page_at(i), block->page_at(i + 1)}, {present.data(), 1});
            require((present[0] & 1) == 0, "a device page is present in the CPU's page table too");
            ++pages[entry.zdd];
        }
    }
    for (const auto& [zdd, count] : pages) require(zdd->pages == count, "an allocation miscounts its pages");
}

}  // namespace faultline::svm
