#include "reference/svm/mm/entries.h"

#include <algorithm>
#include <new>

#include "reference/svm/core/arena.h"

namespace faultline::svm {

EntryTable::EntryTable() : top_(arena_new<std::array<std::atomic<Level*>, 1u << kBits>>()) {}

EntryTable::~EntryTable() {
    for (EntryBlock* block = all(); block != nullptr;) {
        EntryBlock* next = block->next;
        arena_delete(block);
        block = next;
    }
    for (auto& level : *top_) arena_delete(level.load());
    arena_delete(top_);
}

EntryBlock* EntryTable::find(VirtAddr addr) const {
    const std::uint64_t block = addr.value / kSize2M;
    if (block >> (2 * kBits) != 0) return nullptr;
    Level* level = (*top_)[block >> kBits].load(std::memory_order_acquire);
    return level == nullptr ? nullptr : (*level)[block & ((1u << kBits) - 1)].load(std::memory_order_acquire);
}

EntryBlock* EntryTable::find_or_create(VirtAddr addr) {
    if (EntryBlock* block = find(addr)) return block;
    const std::uint64_t number = addr.value / kSize2M;
    if (number >> (2 * kBits) != 0) return nullptr;
    try {
        std::atomic<Level*>& slot = (*top_)[number >> kBits];
        Level* level = slot.load(std::memory_order_acquire);
        if (level == nullptr) {
            auto* fresh = arena_new<Level>();
            if (slot.compare_exchange_strong(level, fresh))
                level = fresh;
            else
                arena_delete(fresh);
        }
        auto* fresh = arena_new<EntryBlock>(addr.align_down(kSize2M));
        EntryBlock* block = nullptr;
        if (!(*level)[number & ((1u << kBits) - 1)].compare_exchange_strong(block, fresh)) {
            arena_delete(fresh);
            return block;
        }
        fresh->next = all_.load(std::memory_order_relaxed);
        while (!all_.compare_exchange_weak(fresh->next, fresh)) {
        }
        return fresh;
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
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
    const int err = folio->pagemap.migrate_to_ram(block, span, which);
    folio->put();
    return err;
}

}  // namespace faultline::svm
