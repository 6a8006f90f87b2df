// A GPU virtual address space in fault mode (xe_vm with xe_svm): VMAs, SVM ranges, bind, fault service, prefetch,
// madvise, garbage collection.
//
// Thread safety: every function may be called from any thread. Ownership: refcounted (get/put); ranges and fault
// workers hold references. After close() faults are refused with -ENOENT, ranges are gone and the page tables are
// empty. Locks: vm.lock outermost; see lock.h for the order.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>
#include <span>

#include "reference/svm/core/arena.h"
#include "reference/svm/core/types.h"
#include "reference/svm/xe/bo.h"
#include "reference/svm/xe/device.h"
#include "reference/svm/xe/fault_queue.h"
#include "reference/svm/xe/mem_attr.h"
#include "reference/svm/xe/page_table.h"
#include "reference/svm/xe/vma.h"

namespace faultline::svm {

/// Where a prefetch goes (prefetch_mem_region_instance).
struct PrefetchRegion {
    enum class Where : std::uint8_t {
        kSystem,
        kTile,                     ///< VRAM of tile `tile` of the VM's device
        kConsultMemAdvisePrefLoc,  ///< DRM_XE_CONSULT_MEM_ADVISE_PREF_LOC: as a fault of the root tile would
    };
    Where where = Where::kConsultMemAdvisePrefLoc;
    unsigned tile = 0;
};

/// struct drm_xe_mem_range_attr.
struct MemRangeAttr {
    Interval interval;
    MemAttr attr;
};

/// The list hook is its place in pf_wq (xe_vm.svm.garbage_collector.work).
class Vm : public boost::intrusive::list_base_hook<> {
public:
    /// Null and *err on failure (-ENOMEM).
    static Vm* create(Device& device, int* err);
    void get();
    void put();
    /// xe_vm_close_and_put() without the put: kills all bindings; later faults fail.
    void close();

    Vm(const Vm&) = delete;
    Vm& operator=(const Vm&) = delete;

    Device& device();
    std::uint32_t asid() const;
    bool is_closed() const;
    const PageTable& page_table(unsigned tile = 0) const;

    /// DRM_XE_VM_BIND_FLAG_CPU_ADDR_MIRROR: faults in `interval` are served from the process's own memory.
    /// 0, -EINVAL (misaligned or overlapping an existing VMA), -ENOMEM, -ENOENT (closed).
    int bind_cpu_addr_mirror(Interval interval, BindFlags flags = {});
    /// Binds `interval` to the process's memory from `cpu_start` on; pages are looked up by the first fault. Errors as
    /// above.
    int bind_userptr(Interval interval, VirtAddr cpu_start, BindFlags flags = {});
    /// Binds `interval` to the buffer's memory from `offset` on, at once (DRM_XE_VM_BIND_FLAG_IMMEDIATE), and holds a
    /// reference to the buffer. Carves the interval out of a mirror VMA that holds no ranges there (-EBUSY where it
    /// does). Errors as above.
    int bind_bo(Interval interval, Bo& bo, std::uint64_t offset = 0, BindFlags flags = {});
    /// Unmaps. A buffer's interval becomes part of the mirror again when it was carved out of it. -EBUSY for a mirror
    /// VMA that holds SVM ranges, -EINVAL when no VMA matches.
    int unbind(Interval interval);

    /// DRM_XE_VM_BIND_OP_PREFETCH: ranges of the interval are made, migrated and bound, on all tiles. As the ioctl, it
    /// succeeds where the data could not be moved (-ENODATA only ends the operation): ask for residency.
    /// 0, -EINVAL (misaligned, no such tile), -ENOENT (closed), -ENOMEM, and what finding a range says.
    int prefetch(Interval interval, const PrefetchRegion& region);
    /// DRM_XE_MADVISE: sets an attribute; VMAs are split and merged, ranges across an end removed, bindings zapped
    /// where something changed. 0, -EINVAL (misaligned), -ENOENT (closed, no such region), -ENOLINK (a device without a
    /// fast interconnect), -ENOMEM.
    int madvise(Interval interval, const Madvise& advice);
    /// DRM_IOCTL_XE_VM_QUERY_MEM_REGIONS_ATTRS: how many stretches of one attribute the interval has; as many of them
    /// as fit are written to `out`, in order.
    std::size_t query_mem_range_attrs(Interval interval, std::span<MemRangeAttr> out);

    /// Services one fault: called by Device::pagefault_service(). Errors as xe_pagefault_service(). *serviced: what the
    /// fault's tile has mapped now.
    int handle_fault(const Pagefault& fault, Interval* serviced);

    /// False where atomic faults are acked as served, and serve nothing, however often they come: they need device
    /// memory, and the range cannot migrate there. For producers that are not to fault for ever.
    bool serves_atomics(VirtAddr addr);

    /// xe_svm_garbage_collector_work_func(): unbinds and removes the ranges that the CPU unmapped.
    void garbage_collector_work();

    /// Structure walker for tests: every range is inside its notifier and VMA, flags, pages and PTEs agree. Aborts with
    /// a message. REQUIRES: no operation under way.
    void check();
    std::size_t range_count();

    struct Impl;
    Impl& impl() { return *impl_; }

private:
    friend struct ArenaAccess;
    explicit Vm(Device& device);
    ~Vm();

    const ArenaPtr<Impl> impl_;
};

}  // namespace faultline::svm
