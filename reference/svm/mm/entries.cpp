// A radix table of blocks that grows without a lock, and what is asked of one block.

#include "reference/svm/mm/entries.h"

#include <algorithm>

#include "reference/svm/core/ref.h"

namespace faultline::svm {

EntryTable::EntryTable() : top_(arena_new<Top>()) {}

EntryTable::~EntryTable() {
    for (EntryBlock* block = all(); block != nullptr;) {
        EntryBlock* next = block->next;
        arena_delete(block);
        block = next;
    }
    for (auto& level : *top_) arena_delete(level.load());
}

EntryBlock* EntryTable::find(VirtAddr addr) const {
    const std::uint64_t block = addr.value / kSize2M;
    if (block >> (2 * kBits) != 0) return nullptr;
    // Acquire: a level or block that is found is seen as its maker left it.
    Level* level = (*top_)[block >> kBits].load(std::memory_order_acquire);
    return level == nullptr ? nullptr : (*level)[block & ((1u << kBits) - 1)].load(std::memory_order_acquire);
}

EntryBlock* EntryTable::find_or_create(VirtAddr addr) {
    if (EntryBlock* block = find(addr)) return block;
    const std::uint64_t number = addr.value / kSize2M;
    if (number >> (2 * kBits) != 0) return nullptr;
    // No lock: of the threads that miss the same entry at once the first one wins, and the others drop what
    // they made.
    std::atomic<Level*>& slot = (*top_)[number >> kBits];
    Level* level = slot.load(std::memory_order_acquire);
    if (level == nullptr) {
        auto fresh = make_arena<Level>();
        if (fresh == nullptr) return nullptr;
        if (slot.compare_exchange_strong(level, fresh.get())) level = fresh.release();
    }
    auto fresh = make_arena<EntryBlock>(addr.align_down(kSize2M));
    if (fresh == nullptr) return nullptr;
    EntryBlock* block = nullptr;
    if (!(*level)[number & ((1u << kBits) - 1)].compare_exchange_strong(block, fresh.get())) return block;
    block = fresh.release();
    // Relaxed: the exchange looks again, and publishes the link with the block.
    block->next = all_.load(std::memory_order_relaxed);
    while (!all_.compare_exchange_weak(block->next, block)) {
    }
    return block;
}

Interval EntryBlock::device_span(Interval part, const DeviceFolioFilter& which, DeviceFolio** folio) {
    const unsigned first = index_of(part.start);
    const unsigned end = first + static_cast<unsigned>(part.pages());
    unsigned low = end;
    unsigned high = first;
    MutexLock guard(lock);
    for (unsigned i = first; i < end; ++i) {
        if (!entries[i].is_device(which)) continue;
        low = std::min(low, i);
        high = i + 1;
    }
    if (low < high && folio != nullptr) {
        *folio = entries[low].folio;
        (*folio)->get();  // the entry's own reference cannot go while the block is locked
    }
    return {page_at(low), page_at(high)};
}

int migrate_to_ram(EntryBlock& block, Interval part, const DeviceFolioFilter& which) {
    if (part.empty()) return 0;
    // Only what is there will be locked: other migrations of the block go on.
    DeviceFolio* folio = nullptr;
    const Interval span = block.device_span(part, which, &folio);
    if (span.empty()) return 0;
    const Ref<DeviceFolio> kept = adopt(folio);  // its last page may go under way
    return folio->pagemap.migrate_to_ram(block, span, which);
}

}  // namespace faultline::svm
