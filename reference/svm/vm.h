// A GPU virtual address space in fault mode (xe_vm with xe_svm): VMAs, SVM ranges, bind, fault service, garbage
// collection.
//
// Thread safety: every function may be called from any thread. Ownership: refcounted (get/put); ranges and fault
// workers hold references. After close() faults are refused with -ENOENT, ranges are gone and the page table is empty.
// Locks: vm.lock outermost; see lock.h for the order.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>

#include "reference/svm/device.h"
#include "reference/svm/fault_queue.h"
#include "reference/svm/page_table.h"
#include "reference/svm/types.h"

namespace faultline::svm {

/// The list hook is its place in pf_wq (xe_vm.svm.garbage_collector.work).
class Vm : public boost::intrusive::list_base_hook<> {
public:
    /// Null and *err on failure (-ENOMEM).
    static Vm* create(Device& device, int* err);
    Vm* get();
    void put();
    /// xe_vm_close_and_put() without the put: kills all bindings; later faults fail.
    void close();

    Vm(const Vm&) = delete;
    Vm& operator=(const Vm&) = delete;

    Device& device();
    std::uint32_t asid() const;
    bool is_closed() const;
    const PageTable& page_table() const;

    /// DRM_XE_VM_BIND_FLAG_CPU_ADDR_MIRROR: faults in `interval` are served from the process's own memory.
    /// 0, -EINVAL (misaligned or overlapping an existing VMA), -ENOMEM.
    int bind_cpu_addr_mirror(Interval interval);
    /// Binds `interval` to device memory of a plain buffer at once; pages stay bound until unbind(). Carves the
    /// interval out of a mirror VMA that holds no ranges there. Errors as above.
    int bind_bo(Interval interval, void* physical);
    /// Unmaps. A buffer's interval becomes part of the mirror again when it was carved out of it. -EBUSY for a mirror
    /// VMA that holds SVM ranges, -EINVAL when no VMA matches.
    int unbind(Interval interval);

    /// Services one fault: called by Device::pagefault_service(). Errors as xe_pagefault_service().
    int handle_fault(const Pagefault& fault);

    /// xe_svm_garbage_collector_work_func(): unbinds and removes the ranges that the CPU unmapped.
    void garbage_collector_work();

    /// Structure walker for tests: every range is inside its notifier, flags and PTEs agree. Aborts with a message.
    /// REQUIRES: no operation under way.
    void check();
    std::size_t range_count();

    struct Impl;
    Impl& impl() { return *impl_; }

private:
    Vm() = default;
    ~Vm() = default;
    Impl* impl_ = nullptr;
};

}  // namespace faultline::svm
