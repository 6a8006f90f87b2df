#include "reference/svm/vm.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "reference/svm/arena.h"
#include "reference/svm/vm_impl.h"

namespace faultline::svm {
namespace {

constexpr PteFlags kBoFlags{.writable = true, .atomic = true, .devmem = true};

bool page_aligned(Interval interval) {
    return !interval.empty() && interval.start.value % kPageSize == 0 && interval.end.value % kPageSize == 0;
}

}  // namespace

Vm::Impl::Impl(Vm& self, Device& owner)
    : vm(self),
      device(owner),
      gpusvm(owner.mm(), *this, owner.policy().notifier_size.count,
             {owner.policy().chunk_sizes.data(), owner.policy().chunk_count}) {}

int Vm::Impl::bind(Interval interval, const void* physical, PteFlags flags) {
    if (const int err = page_table.stage(interval, physical); err != 0) return err;
    ReadLock guard(gpusvm.notifier_lock());
    page_table.set(interval, physical, flags);
    return 0;
}

void Vm::Impl::zap_and_flush(Interval interval) {
    {
        WriteLock guard(gpusvm.notifier_lock());
        if (!page_table.zap(interval)) return;
    }
    device.gt_stats().incr(GtStat::kTlbInvalCount);
    device.tlb().invalidate(asid, interval);
}

Vm* Vm::create(Device& device, int* err) {
    *err = 0;
    void* memory = nullptr;
    try {
        memory = arena().allocate(sizeof(Vm), alignof(Vm));
        Vm* vm = new (memory) Vm;
        vm->impl_ = arena_new<Impl>(*vm, device);
        vm->impl_->asid = device.asid_alloc(vm);
        return vm;
    } catch (const std::bad_alloc&) {
        if (memory != nullptr) arena().deallocate(memory, sizeof(Vm), alignof(Vm));
        *err = -ENOMEM;
        return nullptr;
    }
}

Vm* Vm::get() {
    impl_->refs.fetch_add(1, std::memory_order_relaxed);
    return this;
}

void Vm::put() {
    if (impl_->refs.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    arena_delete(impl_);
    this->~Vm();
    arena().deallocate(this, sizeof(Vm), alignof(Vm));
}

void Vm::close() {
    if (impl_->closed.exchange(true)) return;
    impl_->device.asid_free(impl_->asid);
    WriteLock guard(impl_->lock);
    const Interval all{{0}, {1ull << 47}};
    impl_->zap_and_flush(all);
    impl_->gpusvm.for_each_range(
        all, [this](Range& range) FL_NO_THREAD_SAFETY_ANALYSIS { impl_->range_destroy(to_svm_range(range)); });
    impl_->last_fault_vma = nullptr;
    while (Vma* vma = impl_->vmas.first_in(all)) impl_->vmas.remove(vma);
}

Device& Vm::device() { return impl_->device; }
std::uint32_t Vm::asid() const { return impl_->asid; }
bool Vm::is_closed() const { return impl_->closed.load(std::memory_order_acquire); }
const PageTable& Vm::page_table() const { return impl_->page_table; }

int Vm::bind_cpu_addr_mirror(Interval interval) {
    if (!page_aligned(interval)) return -EINVAL;
    WriteLock guard(impl_->lock);
    if (is_closed()) return -ENOENT;
    Vma* vma = nullptr;
    return impl_->vmas.insert(interval, VmaKind::kCpuAddrMirror, &vma);
}

int Vm::bind_bo(Interval interval, void* physical) {
    if (!page_aligned(interval)) return -EINVAL;
    impl_->device.mm().sync();  // memory that stood here may have been unmapped just before
    WriteLock guard(impl_->lock);
    if (const int err = impl_->garbage_collector(); err != 0) return err;
    bool holds_ranges = false;
    impl_->gpusvm.for_each_range(interval, [&](Range&) { holds_ranges = true; });
    if (holds_ranges) return -EBUSY;

    Vma* vma = nullptr;
    Vma* mirror = impl_->vmas.first_in(interval);
    int err = 0;
    if (mirror == nullptr) {
        err = impl_->vmas.insert(interval, VmaKind::kBo, &vma);
    } else if (mirror->kind == VmaKind::kCpuAddrMirror && mirror->interval.contains(interval)) {
        impl_->last_fault_vma = nullptr;
        err = impl_->vmas.carve(mirror, interval, VmaKind::kBo, &vma);
    } else {
        err = -EINVAL;
    }
    if (err != 0) return err;
    vma->physical = physical;

    MutexLock reservation(impl_->resv);
    err = impl_->bind(interval, physical, kBoFlags);
    if (err != 0) {
        if (vma->in_mirror)
            impl_->vmas.restore(vma);
        else
            impl_->vmas.remove(vma);
    }
    return err;
}

int Vm::unbind(Interval interval) {
    WriteLock guard(impl_->lock);
    Vma* vma = impl_->vmas.find(interval.start);
    if (vma == nullptr || vma->interval != interval) return -EINVAL;
    if (vma->kind == VmaKind::kCpuAddrMirror) {
        if (const int err = impl_->garbage_collector(); err != 0) return err;
        bool holds_ranges = false;
        impl_->gpusvm.for_each_range(interval, [&](Range&) { holds_ranges = true; });
        if (holds_ranges) return -EBUSY;
    }
    impl_->last_fault_vma = nullptr;
    impl_->zap_and_flush(interval);
    if (vma->in_mirror)
        impl_->vmas.restore(vma);
    else
        impl_->vmas.remove(vma);
    return 0;
}

/// The locked half of xe_pagefault_service(), and xe_pagefault_handle_vma() for buffers.
int Vm::handle_fault(const Pagefault& fault) {
    WriteLock guard(impl_->lock);  // 7.0 serves one fault of a VM at a time; seed 002 makes this a read lock
    if (is_closed()) return -ENOENT;
    Vma* vma = impl_->last_fault_vma;
    if (vma == nullptr || !vma->interval.contains(fault.page_addr)) vma = impl_->vmas.find(fault.page_addr);
    if (vma == nullptr) return -EINVAL;
    impl_->last_fault_vma = vma;
    if (vma->kind == VmaKind::kCpuAddrMirror) return impl_->svm_handle_pagefault(*vma, fault.page_addr, fault.access);

    GtStats& stats = impl_->device.gt_stats();
    stats.incr(GtStat::kVmaPagefaultCount);
    stats.incr(GtStat::kVmaPagefaultKb, vma->interval.size() >> 10);
    MutexLock reservation(impl_->resv);
    return impl_->bind(vma->interval, vma->physical, kBoFlags);
}

void Vm::garbage_collector_work() {
    WriteLock guard(impl_->lock);
    // A closed VM has no ranges left.
    static_cast<void>(impl_->garbage_collector());
}

std::size_t Vm::range_count() {
    ReadLock guard(impl_->lock);
    return impl_->ranges;
}

void Vm::check() {
    const auto require = [](bool holds, const char* what) {
        if (holds) return;
        std::fprintf(stderr, "Vm::check: %s\n", what);
        std::abort();
    };
    WriteLock guard(impl_->lock);
    ReadLock notifier_guard(impl_->gpusvm.notifier_lock());
    std::size_t count = 0;
    impl_->gpusvm.for_each_range({{0}, {1ull << 47}}, [&](Range& r) {
        SvmRange& range = to_svm_range(r);
        ++count;
        require(range.notifier->aligned.contains(range.interval), "a range reaches out of its notifier");
        const bool bound = range.tile_present && !range.tile_invalidated;
        require(!bound || range.pages.valid(), "a bound range has no valid pages");
        require(bound || !impl_->page_table.any(range.interval), "an unbound range has PTEs");
        if (!bound) return;
        for (const HmmRun& run : range.pages.runs()) {
            const Translation t = impl_->page_table.walk(run.start);
            require(t.present && t.host == reinterpret_cast<std::uint64_t>(run.physical), "a PTE is not its page's");
            require(t.devmem == (run.zdd != nullptr), "a PTE's placement is not its page's");
        }
    });
    require(count == impl_->ranges, "ranges were lost");
}

}  // namespace faultline::svm
