// The ring of faults and the chains through it. All is under one lock, held for no more than a few links.

#include "reference/svm/xe/pagefault_queue.h"

#include <bit>

#include "reference/svm/core/arena.h"

namespace faultline::svm {

PagefaultQueue::PagefaultQueue(std::uint32_t entries, unsigned workers, bool chaining, GtStats& stats)
    : size_(std::bit_ceil(entries)), workers_(workers), chaining_(chaining), stats_(stats), entries_(size_, &arena()) {}

void PagefaultQueue::append(Slot& list, Slot& last, Slot slot) {
    entries_[slot].next = kNoSlot;
    (list == kNoSlot ? list : entries_[last].next) = slot;
    last = slot;
}

/// Links the fault to one that is being served and whose window it hits.
bool PagefaultQueue::chain(Slot slot) {
    Entry& entry = entries_[slot];
    for (unsigned w = 0; w < workers_; ++w) {
        Cache& cache = caches_[w];
        if (cache.leader == kNoSlot || !cache.window.contains(entry.fault.page_addr)) continue;
        const Pagefault& leader = entries_[cache.leader].fault;
        if (leader.asid != entry.fault.asid || leader.tile != entry.fault.tile) continue;
        // A fault that was linked to the wrong one once is linked only to one of its own page.
        if (entry.requeued && cache.window.size() != kPageSize) continue;
        if (entry.fault.access == Access::kAtomic && leader.access != Access::kAtomic) continue;
        if (entry.fault.fault_level == kFaultLevelNack) continue;
        entry.state = State::kChained;
        append(entries_[cache.leader].next, cache.last, slot);
        stats_.incr(GtStat::kChainPagefaultCount);
        return true;
    }
    return false;
}

PagefaultQueue::Pushed PagefaultQueue::push(const Pagefault& fault) {
    MutexLock guard(lock_);
    const Slot slot = head_ & (size_ - 1);
    Entry& entry = entries_[slot];
    if (head_ - tail_ == size_ || entry.state != State::kFree) return Pushed::kFull;
    entry.fault = fault;
    entry.arrival = arrivals_++;
    entry.requeued = false;
    entry.next = kNoSlot;
    entry.state = State::kQueued;
    const bool empty = head_ == tail_;
    ++head_;
    if (!chaining_ || !chain(slot)) return Pushed::kQueued;
    stats_.incr(GtStat::kChainIrqPagefaultCount);
    if (empty) {
        ++tail_;  // nothing is in the way: no worker need come across it
        stats_.incr(GtStat::kChainDrainIrqPagefaultCount);
    }
    return Pushed::kChained;
}

/// The next fault that waits, linked ones left out; kNoSlot when there is none.
PagefaultQueue::Slot PagefaultQueue::take_next() {
    if (requeued_ != kNoSlot) {
        const Slot slot = requeued_;
        requeued_ = entries_[slot].next;
        entries_[slot].next = kNoSlot;
        return slot;
    }
    while (tail_ != head_) {
        const Slot slot = tail_++ & (size_ - 1);
        // What was linked here on arrival and queued again is in the other list.
        if (entries_[slot].state == State::kQueued && !entries_[slot].requeued) return slot;
    }
    return kNoSlot;
}

PagefaultQueue::Popped PagefaultQueue::pop(unsigned worker) {
    MutexLock guard(lock_);
    Cache& cache = caches_[worker];
    for (Slot slot; (slot = take_next()) != kNoSlot;) {
        Entry& entry = entries_[slot];
        const Pagefault& fault = entry.fault;
        if (chaining_ && chain(slot)) continue;
        entry.state = State::kActive;
        if (chaining_ && entry.arrival < cache.end && cache.serviced.contains(fault.page_addr) &&
            cache.asid == fault.asid && cache.tile == fault.tile && (fault.access != Access::kAtomic || cache.atomic) &&
            fault.fault_level != kFaultLevelNack) {
            stats_.incr(GtStat::kLastPagefaultCount);
            return {slot, true};
        }
        const std::uint64_t span = entry.requeued ? kPageSize : kSize2M;
        cache.window = {fault.page_addr.align_down(span), fault.page_addr.align_down(span) + span};
        cache.leader = cache.last = slot;
        for (unsigned w = 0; w < workers_; ++w) {
            if (w == worker || caches_[w].leader == kNoSlot) continue;
            stats_.incr(GtStat::kParallelPagefaultCount);
            break;
        }
        return {slot, false};
    }
    return {};
}

unsigned PagefaultQueue::complete(unsigned worker, Slot slot, int err, Interval serviced) {
    MutexLock guard(lock_);
    Cache& cache = caches_[worker];
    Entry& leader = entries_[slot];
    cache.leader = kNoSlot;
    cache.serviced = err == 0 ? serviced : Interval{};
    cache.asid = leader.fault.asid;
    cache.tile = leader.fault.tile;
    cache.atomic = leader.fault.access == Access::kAtomic;
    cache.end = arrivals_;

    unsigned mismatches = 0;
    Slot last = slot;
    Slot chained = leader.next;
    leader.next = kNoSlot;
    while (chained != kNoSlot) {
        Entry& entry = entries_[chained];
        const Slot following = entry.next;
        // After a failure each is served on its own: the error need not be its.
        if (cache.serviced.contains(entry.fault.page_addr)) {
            entries_[last].next = chained;
            entry.next = kNoSlot;
            last = chained;
        } else {
            entry.state = State::kQueued;
            entry.requeued = true;
            append(requeued_, requeued_last_, chained);
            stats_.incr(GtStat::kChainMismatchPagefaultCount);
            ++mismatches;
        }
        chained = following;
    }
    return mismatches;
}

void PagefaultQueue::release(Slot slot) {
    MutexLock guard(lock_);
    while (slot != kNoSlot) {
        const Slot following = entries_[slot].next;
        entries_[slot].state = State::kFree;
        entries_[slot].next = kNoSlot;
        slot = following;
    }
}

std::string PagefaultQueue::info() {
    MutexLock guard(lock_);
    std::array<unsigned, 4> counts{};
    for (std::uint32_t i = 0; i < size_; ++i) ++counts[static_cast<std::size_t>(entries_[i].state)];
    const auto line = [](const std::string& name, std::uint64_t value) {
        return name + ": " + std::to_string(value) + "\n";
    };
    std::string text = line("pagefault size", sizeof(Entry));
    text += line("pagefault queue size", size_);
    text += line("pagefault queue head", head_ & (size_ - 1));
    text += line("pagefault queue tail", tail_ & (size_ - 1));
    constexpr const char* kStates[] = {"free", "queued", "chained", "active"};
    for (std::size_t i = 0; i < counts.size(); ++i)
        text += line(std::string("pagefault queue ") + kStates[i] + " count", counts[i]);
    for (unsigned w = 0; w < workers_; ++w)
        text += "pagefault work[" + std::to_string(w) + "] cache " +
                (caches_[w].leader != kNoSlot ? "valid" : "invalid") + "\n";
    return text;
}

}  // namespace faultline::svm
