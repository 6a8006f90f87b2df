// Life of an Mm, its hooks into fork, and what is where. The rest is in the parts: see mm_impl.h.

#include "reference/svm/mm/mm.h"

#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <utility>

#include "reference/svm/core/ref.h"
#include "reference/svm/mm/mm_impl.h"

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

}  // namespace

Mm::Impl::Impl(const MmOptions& wanted)
    : options(wanted), generation(++generations), monitor(uffd, entries, *this), hmm(uffd, vmas, entries, monitor) {}

int Mm::Impl::open() {
    if (const int err = uffd.open(options.user_mode_only, options.allow_move); err != 0) return err;
    if (const int err = vmas.open(); err != 0) return err;
    limbo = make_arena<Limbo>(uffd, options.limbo_cache);
    return limbo != nullptr ? limbo->start() : -ENOMEM;
}

Mm* Mm::Impl::current() { return the_mm.load(); }

ArenaPtr<Mm> Mm::create(const MmOptions& options, int* err) {
    *err = -ENOMEM;
    auto impl = make_arena<Impl>(options);
    if (impl == nullptr) return nullptr;
    *err = impl->open();
    if (*err != 0) return nullptr;
    auto mm = make_arena<Mm>(std::move(impl));
    *err = mm != nullptr ? mm->start() : -ENOMEM;
    return *err == 0 ? std::move(mm) : nullptr;
}

Mm::Mm(ArenaPtr<Impl> impl) : impl_(std::move(impl)) {}

int Mm::start() {
    Mm* expected = nullptr;
    if (!the_mm.compare_exchange_strong(expected, this)) return -EBUSY;
    if (const int err = impl_->monitor.start(impl_->options.cpu_fault_workers); err != 0) return err;
    impl_->vmas.refresh_images();
    static const int once = ::pthread_atfork(before_fork, after_fork, nullptr);
    return -once;
}

Mm::~Mm() {
    if (the_mm.load() != this) return;  // another one was before it: nothing was ever watched
    evict_all();
    the_mm.store(nullptr);
    impl_->monitor.stop();
    // With the parts the userfaultfd is closed, which unregisters everything and wakes every thread that waits.
}

bool Mm::user_mode_only() const { return impl_->options.user_mode_only; }

bool Mm::has_move() const { return impl_->uffd.has_move(); }

MmCounters Mm::counters() const {
    MmCounters counters = impl_->monitor.counters();
    counters.cpu_fault_migrations = impl_->cpu_fault_migrations;
    counters.move_retries = impl_->move_retries;
    return counters;
}

// VMAs

int Mm::find_vma(VirtAddr addr, CpuVma* vma) const { return impl_->vmas.lookup(addr, vma); }

VirtAddr Mm::find_vma_start(Interval interval) const {
    CpuVma vma;
    if (impl_->vmas.lookup_or_next(interval.start, &vma) != 0) return interval.end;
    return std::min(interval.end, std::max(interval.start, vma.interval.start));
}

bool Mm::migratable(Interval interval) const { return impl_->vmas.migratable(interval); }

bool Mm::straddles_excluded(Interval interval) const { return impl_->vmas.straddles(interval); }

void Mm::exclude(Interval interval) { impl_->vmas.exclude(interval); }

// Interval notifiers

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

// Pages

MmScan Mm::scan(Interval interval, const DevPagemap* pagemap) const {
    std::uint64_t device = 0;
    const DevPagemap* only = nullptr;
    bool several = false;
    impl_->entries.for_each(interval, [&](EntryBlock& block, Interval part) {
        MutexLock guard(block.lock);
        for (unsigned i = 0; i < part.pages(); ++i) {
            const Entry& entry = block.entries[block.index_of(part.start) + i];
            if (entry.state != EntryState::kDevice) continue;
            ++device;
            several |= only != nullptr && only != &entry.folio->pagemap;
            only = &entry.folio->pagemap;
        }
    });
    if (device == 0) return MmScan::kSystem;
    if (several || device != interval.pages()) return MmScan::kMixed;
    return only == pagemap ? MmScan::kEqual : MmScan::kOther;
}

bool Mm::all_present(Interval interval) const { return impl_->hmm.all_present(interval); }

int Mm::range_fault(const HmmRequest& request, std::pmr::vector<HmmRun>& runs) {
    return impl_->hmm.range_fault(request, runs);
}

int Mm::evict(Interval interval, const DeviceFolioFilter& which) {
    int result = 0;
    impl_->entries.for_each(interval, [&](EntryBlock& block, Interval part) {
        if (const int err = migrate_to_ram(block, part, which); err != 0) result = err;
    });
    return result;
}

int Mm::evict_everywhere(const DeviceFolioFilter& which) {
    int result = 0;
    for (EntryBlock* block = impl_->entries.all(); block != nullptr; block = block->next)
        if (const int err = migrate_to_ram(*block, block->interval(), which); err != 0) result = err;
    return result;
}

int Mm::evict_all() {
    adopt_this_thread();
    return evict_everywhere({});
}

DevPagemap* Mm::residency(VirtAddr page) const {
    EntryBlock* block = impl_->entries.find(page);
    if (block == nullptr) return nullptr;
    MutexLock guard(block->lock);
    const Entry& entry = block->entries[block->index_of(page.align_down(kPageSize))];
    return entry.state == EntryState::kDevice ? &entry.folio->pagemap : nullptr;
}

/// do_swap_page() on a device-private entry: the page's own pagemap brings it back.
void Mm::Impl::cpu_fault(VirtAddr page) {
    Ref<DeviceFolio> folio;
    EntryBlock* block = entries.find(page);
    {
        MutexLock guard(block->lock);
        const Entry& entry = block->entries[block->index_of(page)];
        // A reference: the page may go, and its folio with it, as soon as the block is unlocked.
        if (entry.state == EntryState::kDevice) folio = entry.folio;
    }
    if (folio != nullptr) {
        CpuVma vma;
        if (folio->pagemap.may_leave(*folio) && vmas.lookup(page, &vma) == 0) {
            ++cpu_fault_migrations;
            migrate_to_ram(*block, block->interval().intersect(vma.interval), {.folio = folio.get()});
        }
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
    std::map<const DeviceFolio*, unsigned> pages;
    for (EntryBlock* block = impl_->entries.all(); block != nullptr; block = block->next) {
        MutexLock guard(block->lock);
        for (unsigned i = 0; i < EntryBlock::kPages; ++i) {
            const Entry& entry = block->entries[i];
            require(!block->present.test(i) || (entry.state == EntryState::kSystem && block->registered.test(i)),
                    "a page marked present is not a watched system page");
            if (entry.state == EntryState::kSystem) continue;
            require(entry.state == EntryState::kDevice, "a page is still migrating");
            require(block->registered.test(i), "a device page is not watched");
            require(!Hmm::is_present(block->page_at(i)), "a device page is present in the CPU's page table too");
            ++pages[entry.folio];
        }
    }
    for (const auto& [folio, count] : pages) require(folio->mapcount() == count, "an allocation miscounts its pages");
}

}  // namespace faultline::svm
