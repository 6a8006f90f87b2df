#include "reference/gpu/tlb.h"

#include <sched.h>

#include "reference/gpu/futex.h"
#include "reference/svm/core/arena.h"

namespace faultline::gpu {
namespace {

constexpr unsigned kSpins = 256;  // about as long as an EU takes from one access to the next, many times over
constexpr std::uint64_t kEpochMask = ~(kKeyEpochUnit - 1) & ~kKeyPending;

}  // namespace

Tlb::Tlb(TlbShootdown& shootdown) : shootdown_(shootdown) { clear(); }

void Tlb::clear() {
    for (TlbEntry& entry : tlb) entry = {{kTagInvalid, kTagInvalid, kTagInvalid}, 0};
}

void Tlb::go_online() {
    // The other half of TlbShootdown: that sets the pending bit and then looks at `online_`.
    online_.exchange(1, std::memory_order_seq_cst);
    if ((key.load(std::memory_order_seq_cst) & kKeyPending) != 0) acknowledge();
}

void Tlb::acknowledge() {
    std::uint64_t epoch = (key.load(std::memory_order_relaxed) + kKeyEpochUnit) & kEpochMask;
    // After 2047 epochs they begin again, and tags of the first round would match.
    if (epoch == 0) {
        clear();
        epoch = kKeyEpochUnit;
    }
    // Who set the pending bit that this clears has raised the generation before, so a generation that is read after it
    // counts every invalidation whose bit is gone. Release: the accesses through old translations are over.
    key.exchange(epoch, std::memory_order_seq_cst);
    acknowledged_.store(shootdown_.generation_.load(std::memory_order_seq_cst), std::memory_order_release);
    ++flushes_;
}

void Tlb::fill(std::uint64_t va, const svm::Translation& translation) {
    TlbEntry& entry = tlb[tlb_index(va)];
    // Under the key without its pending bit: an invalidation that was sent since the walk makes the tag match neither
    // now (the bit) nor later (the next epoch), so that an old translation can be filled without harm.
    std::uint64_t tag = (va >> svm::kPageShift) ^ (key.load(std::memory_order_relaxed) & ~kKeyPending);
    entry.tag[static_cast<unsigned>(svm::Access::kRead)] = tag;
    entry.tag[static_cast<unsigned>(svm::Access::kWrite)] = translation.writable ? tag : kTagInvalid;
    entry.tag[static_cast<unsigned>(svm::Access::kAtomic)] = translation.atomic ? tag : kTagInvalid;
    entry.addend = static_cast<std::int64_t>(translation.host - va);
    ++fills_;
}

TlbShootdown::TlbShootdown(Nanoseconds latency, svm::Clock& clock)
    : latency_(latency), clock_(clock), tlbs_(&svm::arena()) {}

svm::TlbFence TlbShootdown::send(std::uint32_t, svm::Interval) {
    svm::TlbFence fence;
    if (latency_.count() != 0) fence.due = clock_.now() + latency_;
    // Generation first, bits second: see acknowledge(). An epoch cannot tell intervals apart, so whole TLBs go.
    fence.seqno = generation_.fetch_add(1, std::memory_order_seq_cst) + 1;
    for (Tlb* tlb : tlbs_) tlb->key.fetch_or(kKeyPending, std::memory_order_seq_cst);
    return fence;
}

void TlbShootdown::wait(const svm::TlbFence& fence) {
    // An EU that is offline needs no wait: it looks at its key before its next access. The loads pair with go_online()
    // (order) and go_offline() and acknowledge() (release).
    for (Tlb* tlb : tlbs_) {
        for (unsigned spins = 0; tlb->online_.load(std::memory_order_seq_cst) != 0 &&
                                 tlb->acknowledged_.load(std::memory_order_acquire) < fence.seqno;
             ++spins) {
            if (spins < kSpins) {
                cpu_pause();
            } else {
                sched_yield();  // the EU has lost its processor, perhaps to this thread
            }
        }
    }
    if (fence.due.count() != 0) clock_.wait_until(fence.due);
}

}  // namespace faultline::gpu
