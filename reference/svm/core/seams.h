// What the SVM core asks of the hardware around it: the EU that faulted, the TLBs, and the copy engine.
//
// reference/gpu implements these; tests implement them with plain threads. All are called from service threads, so an
// implementation may touch only arena memory (see arena.h) and must not allocate with malloc.
#pragma once

#include <cstdint>
#include <span>

#include "reference/svm/core/types.h"

namespace faultline::svm {

struct Pagefault;

/// The one that faulted: a work-group suspended on an EU, or a test's thread.
class Faulter {
public:
    virtual ~Faulter() = default;

    /// The producer's `ack_fault`: called exactly once per fault accepted by pagefault_handler(), from a worker, with 0
    /// or the negative errno of the service. Must not block. After it returns the core no longer refers to the faulter.
    virtual void ack(const Pagefault& fault, int err) = 0;
};

/// The channel that carries acks to the hardware (the GuC's CT): what is written reaches the EUs with the next flush.
/// One worker at a time uses it, between begin() and end(); it holds no lock but range-free leaves meanwhile.
class AckChannel {
public:
    virtual ~AckChannel() = default;

    /// ack_fault_begin: takes the channel.
    virtual void begin() = 0;
    /// Calls fault.faulter->ack(), which may leave the EU asleep.
    virtual void write(const Pagefault& fault, int err) = 0;
    /// xe_guc_ct_send_flush(): what was written is noticed.
    virtual void flush() = 0;
    /// ack_fault_end. REQUIRES: flushed.
    virtual void end() = 0;
};

/// Links between devices, by their indices.
class Topology {
public:
    virtual ~Topology() = default;
    /// pci_p2pdma_distance() >= 0: each device reaches the other's memory directly. Symmetric.
    virtual bool has_link(unsigned a, unsigned b) const = 0;
};

/// An invalidation under way (xe_tlb_inval_fence); its invalidator gives the members their meaning.
struct TlbFence {
    std::uint64_t seqno = 0;
    Nanoseconds due{0};
};

/// The TLBs of one tile (xe_tlb_inval).
class TlbInvalidator {
public:
    virtual ~TlbInvalidator() = default;

    /// Begins to invalidate every cached translation of `asid` inside `interval`. PTEs are zapped before the call.
    virtual TlbFence send(std::uint32_t asid, Interval interval) = 0;
    /// After it returns no EU reads or writes through a translation that was cached before the fence was sent.
    virtual void wait(const TlbFence& fence) = 0;
};

/// One copy between addresses of this process. `src` null means: clear `dst`.
struct CopyJob {
    void* dst = nullptr;
    const void* src = nullptr;
    Bytes size;
};

/// The migrate queue of one tile (xe_migrate). Jobs of one call run in order.
class CopyEngine {
public:
    virtual ~CopyEngine() = default;

    /// Submits and waits for the fence. Returns 0, or -EIO when a copy failed; then no byte of any `dst` may be
    /// trusted.
    virtual int copy(std::span<const CopyJob> jobs) = 0;
};

/// A copy engine that is the calling thread's own memcpy; for tests of the core alone.
class InlineCopyEngine final : public CopyEngine {
public:
    int copy(std::span<const CopyJob> jobs) override;
};

/// TLBs of a device that caches nothing; for tests of the core alone.
class NoTlb final : public TlbInvalidator {
public:
    TlbFence send(std::uint32_t, Interval) override { return {}; }
    void wait(const TlbFence&) override {}
};

}  // namespace faultline::svm
