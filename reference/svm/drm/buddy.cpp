// Free blocks in one list for each order, linked by page number through the table of pages.

#include "reference/svm/drm/buddy.h"

#include <algorithm>
#include <bit>
#include <cerrno>

#include "reference/svm/core/arena.h"

namespace faultline::svm {

Buddy::~Buddy() {
    if (table_ != nullptr) arena_unmap(table_, Bytes{pages_ * sizeof(Page)});
}

int Buddy::init(std::uint32_t pages) {
    table_ = static_cast<Page*>(arena_map(Bytes{pages * sizeof(Page)}));
    if (table_ == nullptr) return -ENOMEM;
    pages_ = pages;
    std::fill_n(table_, pages, Page{kNone, kNone, kAllocated});
    std::fill_n(heads_, kOrders, kNone);
    // Any number of pages: the largest blocks that fit and are aligned, one after the other.
    for (std::uint32_t page = 0; page < pages;) {
        const unsigned fits = static_cast<unsigned>(std::bit_width(pages - page)) - 1;
        const unsigned order = std::min(fits, static_cast<unsigned>(std::countr_zero(page)));
        push(page, order);
        page += 1u << order;
    }
    return 0;
}

std::uint32_t Buddy::alloc(unsigned order) {
    unsigned from = order;
    while (from < kOrders && heads_[from] == kNone) ++from;
    if (from >= kOrders) return kNone;
    const std::uint32_t page = heads_[from];
    remove(page);
    while (from > order) {
        --from;
        push(page + (1u << from), from);
    }
    return page;
}

void Buddy::free(std::uint32_t page, unsigned order) {
    for (std::uint32_t buddy = page ^ (1u << order); is_free_block(buddy, order); buddy = page ^ (1u << order)) {
        remove(buddy);
        page = std::min(page, buddy);
        ++order;
    }
    push(page, order);
}

void Buddy::push(std::uint32_t page, unsigned order) {
    table_[page] = {kNone, heads_[order], static_cast<std::uint8_t>(order)};
    if (heads_[order] != kNone) table_[heads_[order]].prev = page;
    heads_[order] = page;
    free_pages_ += 1u << order;
}

void Buddy::remove(std::uint32_t page) {
    Page& p = table_[page];
    if (p.prev != kNone)
        table_[p.prev].next = p.next;
    else
        heads_[p.order] = p.next;
    if (p.next != kNone) table_[p.next].prev = p.prev;
    free_pages_ -= 1u << p.order;
    p.order = kAllocated;
}

bool Buddy::consistent() const {
    std::uint32_t listed_blocks = 0;
    for (unsigned order = 0; order < kOrders; ++order) {
        std::uint32_t prev = kNone;
        for (std::uint32_t page = heads_[order]; page != kNone; prev = page, page = table_[page].next, ++listed_blocks)
            if (page >= pages_ || table_[page].order != order || table_[page].prev != prev) return false;
    }
    std::uint32_t blocks = 0;
    std::uint32_t free_pages = 0;
    std::uint32_t end_of_last = 0;
    for (std::uint32_t page = 0; page < pages_; ++page) {
        const unsigned order = table_[page].order;
        if (order == kAllocated) continue;
        const std::uint32_t size = 1u << order;
        if (page < end_of_last || page % size != 0 || size > pages_ - page) return false;
        if (is_free_block(page ^ size, order)) return false;
        end_of_last = page + size;
        free_pages += size;
        ++blocks;
    }
    return blocks == listed_blocks && free_pages == free_pages_;
}

}  // namespace faultline::svm
