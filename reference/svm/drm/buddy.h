// A buddy allocator of page numbers (drm_buddy): power-of-two blocks, aligned to their size, that split and merge
// again.
//
// It never touches the pages it hands out; its tables are core memory of its own. Thread safety: none, callers lock.
// Invariant: two free buddies of one order never coexist, so a block of any order is found where one can be had.
#pragma once

#include <cstdint>

namespace faultline::svm {

class Buddy {
public:
    static constexpr std::uint32_t kNone = ~0u;
    static constexpr unsigned kOrders = 31;  ///< 2^30 pages: 4 TiB

    Buddy() = default;
    ~Buddy();
    Buddy(const Buddy&) = delete;
    Buddy& operator=(const Buddy&) = delete;

    /// All pages free. 0 or -ENOMEM. REQUIRES: not called before; 0 < pages < 2^31.
    int init(std::uint32_t pages);

    /// The first page of a block of 2^order pages, or kNone.
    std::uint32_t alloc(unsigned order);
    /// REQUIRES: a block that alloc() returned, with its order.
    void free(std::uint32_t page, unsigned order);

    std::uint32_t free_pages() const { return free_pages_; }
    /// For tests: free blocks are aligned, apart, merged as far as they can be, and add up to free_pages().
    bool consistent() const;

private:
    /// Of the first page of a free block; `order` is kAllocated everywhere else.
    struct Page {
        std::uint32_t prev, next;
        std::uint8_t order;
    };
    static constexpr std::uint8_t kAllocated = 0xff;

    void push(std::uint32_t page, unsigned order);
    void remove(std::uint32_t page);
    bool is_free_block(std::uint32_t page, unsigned order) const {
        return page < pages_ && table_[page].order == order;
    }

    Page* table_ = nullptr;
    std::uint32_t pages_ = 0;
    std::uint32_t free_pages_ = 0;
    std::uint32_t heads_[kOrders];  ///< first free block of each order
};

}  // namespace faultline::svm
