// TLBs of one Gpu and their invalidation (xe_tlb_inval): an epoch that every running EU must pass.
//
// An EU is *online* while it runs compiled code or its slow path. It uses a translation only while online, and walks,
// fills and uses between two looks at its key. send() sets the pending bit of every key, wait() waits until each EU
// that is online has acknowledged: a new epoch, in which no older tag matches. An EU that is offline looks at its key
// when it comes online, before anything else. Both sides order their store before their load (read-modify-writes of one
// total order), so either the invalidator sees the EU online or the EU sees the pending bit.
//
// Thread safety: Tlb functions belong to the EU's thread, but for `key`, `online` and `acknowledged`, which
// invalidators read. TlbShootdown: any thread, in parallel. Ownership: the Tlbs outlive the TlbShootdown. All in arena
// memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include "reference/gpu/counter.h"
#include "reference/gpu/eu_context.h"
#include "reference/svm/core/clock.h"
#include "reference/svm/core/seams.h"
#include "reference/svm/xe/page_table.h"

namespace faultline::gpu {

class TlbShootdown;

/// The TLB of one EU. EuContext comes first: compiled code gets its address.
class Tlb : public EuContext {
public:
    explicit Tlb(TlbShootdown& shootdown);

    void go_online();
    /// Release: an invalidator that sees the EU offline may reuse the memory that its accesses went to.
    void go_offline() { online_.store(0, std::memory_order_release); }
    bool is_online() const { return online_.load(std::memory_order_relaxed) != 0; }
    bool invalidation_pending() const { return (key.load(std::memory_order_relaxed) & kKeyPending) != 0; }
    /// Empties the TLB and tells the invalidators. REQUIRES: online, and no translation in hand.
    void acknowledge();
    /// Remembers a translation. REQUIRES: online since before it was walked.
    void fill(std::uint64_t va, const svm::Translation& translation);

    std::uint64_t fills() const { return fills_; }
    std::uint64_t flushes() const { return flushes_; }

private:
    friend class TlbShootdown;
    void clear();

    TlbShootdown& shootdown_;
    alignas(64) std::atomic<std::uint32_t> online_{0};
    std::atomic<std::uint64_t> acknowledged_{0};
    Counter fills_;
    Counter flushes_;
};

class TlbShootdown final : public svm::TlbInvalidator {
public:
    /// Each invalidation takes `latency` at least, by `clock`, which outlives this.
    TlbShootdown(Nanoseconds latency, svm::Clock& clock);
    /// REQUIRES: no invalidation under way.
    void add(Tlb& tlb) { tlbs_.push_back(&tlb); }

    svm::TlbFence send(std::uint32_t asid, svm::Interval interval) override;
    void wait(const svm::TlbFence& fence) override;

    std::uint64_t invalidations() const { return generation_.load(std::memory_order_relaxed); }

private:
    friend class Tlb;
    const Nanoseconds latency_;
    svm::Clock& clock_;
    alignas(64) std::atomic<std::uint64_t> generation_{0};
    std::pmr::vector<Tlb*> tlbs_;
};

}  // namespace faultline::gpu
