// Life and death of a VM, and the walker that checks it.

#include "reference/svm/xe/vm.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "reference/svm/core/arena.h"
#include "reference/svm/xe/garbage_collector.h"
#include "reference/svm/xe/vm_impl.h"

namespace faultline::svm {

Vm::Impl::Impl(Vm& self, Device& owner)
    : vm(self),
      device(owner),
      policy(owner.policy()),
      gpusvm(owner.mm(), *this, policy.notifier_size.count, policy.chunks()),
      tables(owner, gpusvm.notifier_lock()),
      peer(owner) {}

int Vm::Impl::init() {
    if (const int err = tables.init(); err != 0) return err;
    garbage = make_arena<GarbageCollector>();
    if (garbage == nullptr) return -ENOMEM;
    return owner_list().acquire(peer, &has_interconnect);
}

Vm::Impl::~Impl() { owner_list().release(peer); }

Vm::Vm(Device& device) : impl_(arena_new<Impl>(*this, device)) {}
Vm::~Vm() = default;

Vm* Vm::create(Device& device, int* err) {
    *err = -ENOMEM;
    const Ref<Vm> vm = adopt(make_arena<Vm>(device).release());
    if (vm == nullptr) return nullptr;
    *err = vm->impl_->init();
    if (*err != 0) return nullptr;
    try {
        vm->impl_->tables.set_asid(device.asid_alloc(vm.get()));
    } catch (const std::bad_alloc&) {
        *err = -ENOMEM;
        return nullptr;
    }
    vm->get();  // the caller's
    return vm.get();
}

// Relaxed: the caller has a reference already, or the lock of the map that found it.
void Vm::get() { impl_->refs.fetch_add(1, std::memory_order_relaxed); }

void Vm::put() {
    // Release and acquire: the last holder destroys what the others have left.
    if (impl_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) arena_delete(this);
}

void Vm::close() {
    if (impl_->closed.exchange(true)) return;  // before the lock: a fault that waits for it is refused
    impl_->device.asid_free(impl_->tables.asid());
    WriteLock guard(impl_->lock);
    impl_->tables.zap_and_flush(kWholeAddressSpace);
    while (Vma* vma = impl_->vmas.first_in(kWholeAddressSpace)) impl_->destroy(vma);
}

Device& Vm::device() { return impl_->device; }
std::uint32_t Vm::asid() const { return impl_->tables.asid(); }
bool Vm::is_closed() const { return impl_->closed.load(std::memory_order_acquire); }
const PageTable& Vm::page_table(unsigned tile) const { return impl_->tables.table(tile); }
std::size_t Vm::range_count() { return impl_->ranges.load(); }

void Vm::check() {
    const auto require = [](bool holds, const char* what) {
        if (holds) return;
        std::fprintf(stderr, "Vm::check: %s\n", what);
        std::abort();
    };
    WriteLock guard(impl_->lock);
    MutexLock tree_guard(impl_->gpusvm.range_lock());
    ReadLock notifier_guard(impl_->gpusvm.notifier_lock());
    // Where the mirror has no range, nothing is mapped: a range is unmapped before it leaves the tree.
    const auto require_unmapped = [&](Interval gap) FL_NO_THREAD_SAFETY_ANALYSIS {
        if (gap.empty()) return;
        for (Vma* vma = impl_->vmas.first_in(gap); vma != nullptr; vma = impl_->vmas.next_in(*vma, gap)) {
            if (vma->kind != VmaKind::kCpuAddrMirror) continue;
            impl_->tables.for_each_tile(impl_->tables.all_tiles(), [&](Tile&, PageTable& table) {
                require(!table.any(vma->interval.intersect(gap)), "a range left the tree mapped");
            });
        }
    };
    std::size_t count = 0;
    VirtAddr last{0};
    impl_->gpusvm.for_each_range(kWholeAddressSpace, [&](Range& r) {
        SvmRange& range = to_svm_range(r);
        ++count;
        require(range.interval.start >= last, "ranges overlap or are out of order");
        require_unmapped({last, range.interval.start});
        last = range.interval.end;
        require(range.notifier->aligned.contains(range.interval), "a range reaches out of its notifier");
        const TileMask bound = range.tile_present.load() & ~range.tile_invalidated.load();
        require(bound == 0 || range.pages.valid(), "a bound range has no valid pages");
        impl_->tables.for_each_tile(impl_->tables.all_tiles(), [&](Tile& tile, PageTable& table) {
            if ((bound & tile.bit()) == 0) {
                require(!table.any(range.interval), "an unbound range has PTEs");
                return;
            }
            for (const HmmRun& run : range.pages.runs()) {
                for (std::uint64_t i = 0; i < run.pages; ++i) {
                    const Translation t = table.walk(run.start + i * kPageSize);
                    require(t.present && t.host == reinterpret_cast<std::uint64_t>(run.physical) + i * kPageSize,
                            "a PTE is not its page's");
                    require((t.devmem || t.p2p) == (run.folio != nullptr), "a PTE's placement is not its page's");
                }
            }
        });
    });
    require_unmapped({last, kWholeAddressSpace.end});
    require(count == impl_->ranges, "ranges were lost");
}

}  // namespace faultline::svm
