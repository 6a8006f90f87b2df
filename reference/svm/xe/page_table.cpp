// A radix of atomics: binders and invalidations write it under locks, walkers read it without any.

#include "reference/svm/xe/page_table.h"

#include <array>
#include <cerrno>

namespace faultline::svm {
namespace {

constexpr unsigned kLevelBits = 9;
constexpr unsigned kEntries = 1u << kLevelBits;
constexpr unsigned kTopLevel = 3;     // 48 bits: shifts 39, 30, 21, 12
constexpr unsigned kLeaf2MLevel = 1;  // leaves live at this level (2M) and at level 0 (4K, 64K)

constexpr std::uint64_t kPresent = 1u << 0;
constexpr std::uint64_t kWritable = 1u << 1;
constexpr std::uint64_t kAtomic = 1u << 2;
constexpr std::uint64_t kDevmem = 1u << 3;
constexpr std::uint64_t kPs64 = 1u << 4;  // one of 16 entries of a 64K leaf
constexpr std::uint64_t kP2p = 1u << 5;
constexpr std::uint64_t kAddressMask = ~(kPageSize - 1);

constexpr unsigned shift_of(unsigned level) { return kPageShift + level * kLevelBits; }
constexpr unsigned index_of(VirtAddr a, unsigned level) { return (a.value >> shift_of(level)) & (kEntries - 1); }

std::uint64_t encode(const std::byte* physical, PteFlags flags) {
    return (reinterpret_cast<std::uint64_t>(physical) & kAddressMask) | kPresent | (flags.writable ? kWritable : 0) |
           (flags.atomic ? kAtomic : 0) | (flags.devmem ? kDevmem : 0) | (flags.p2p ? kP2p : 0);
}

/// Where the byte of `a` is, when `interval` maps to the bytes from `physical` on.
const std::byte* byte_at(Interval interval, const void* physical, VirtAddr a) {
    return static_cast<const std::byte*>(physical) + (a - interval.start);
}

/// The largest leaf that can stand at `a`: virtual and physical alignment and the rest of the interval allow it.
std::uint64_t leaf_size_at(Interval interval, const void* physical, VirtAddr a) {
    for (const std::uint64_t size : {kSize2M, kSize64K}) {
        const auto bytes = reinterpret_cast<std::uint64_t>(byte_at(interval, physical, a));
        if (a.align_down(size) == a && interval.end - a >= size && bytes % size == 0) return size;
    }
    return kPageSize;
}

Translation decode(std::uint64_t pte, VirtAddr addr, std::uint64_t leaf_size) {
    const VirtAddr start = addr.align_down(leaf_size);
    Translation t;
    t.present = true;
    t.writable = (pte & kWritable) != 0;
    t.atomic = (pte & kAtomic) != 0;
    t.devmem = (pte & kDevmem) != 0;
    t.p2p = (pte & kP2p) != 0;
    t.span = {start, start + leaf_size};
    return t;
}

}  // namespace

// Leaves and lower tables are kept apart, so that a 2M leaf can come and go over a table that stays for later 4K leaves
// and no walker ever stands in a freed table.
struct PageTable::Node {
    std::array<std::atomic<std::uint64_t>, kEntries> leaves{};
    std::array<std::atomic<Node*>, kEntries> tables{};

    Node() = default;
    ~Node() {
        for (auto& table : tables) arena_delete(table.load(std::memory_order_relaxed));
    }
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// Calls leaf(entry, level, index, address) for every present leaf that overlaps the interval; stops when it
    /// returns true.
    // Leaves are read relaxed: callers hold the notifier lock so that none is set meanwhile. Tables with acquire:
    // stage() adds them without that lock.
    template <typename Leaf>
    static bool for_each_leaf(Node* node, unsigned level, Interval interval, Leaf& leaf) {
        const std::uint64_t step = 1ull << shift_of(level);
        for (VirtAddr a = interval.start.align_down(step); a < interval.end; a = a + step) {
            const unsigned i = index_of(a, level);
            if (level <= kLeaf2MLevel && (node->leaves[i].load(std::memory_order_relaxed) & kPresent) != 0 &&
                leaf(*node, level, i))
                return true;
            Node* table = node->tables[i].load(std::memory_order_acquire);
            if (table != nullptr && for_each_leaf(table, level - 1, interval.intersect({a, a + step}), leaf))
                return true;
        }
        return false;
    }
};

PageTable::PageTable() : root_(arena_new<Node>()) {}

PageTable::~PageTable() = default;

Translation PageTable::walk(VirtAddr addr) const {
    if (addr.value >> shift_of(kTopLevel + 1) != 0) return {};
    // Acquire pairs with the releases of stage() and set(): a table that is found is empty or filled, and the bytes
    // that a leaf refers to are those that were there when it was set.
    const Node* node = root_.get();
    for (unsigned level = kTopLevel;; --level) {
        const unsigned i = index_of(addr, level);
        const std::uint64_t pte = node->leaves[i].load(std::memory_order_acquire);
        if ((pte & kPresent) != 0) {
            const std::uint64_t leaf_size = 1ull << shift_of(level);
            const std::uint64_t offset = addr.value & (leaf_size - 1);
            Translation t = decode(pte, addr, (pte & kPs64) != 0 ? kSize64K : leaf_size);
            t.host = (pte & kAddressMask) + offset;
            return t;
        }
        node = node->tables[i].load(std::memory_order_acquire);
        if (node == nullptr || level == 0) return {};
    }
}

int PageTable::stage(Interval interval, const void* physical) {
    for (VirtAddr a = interval.start; a < interval.end;) {
        const unsigned bottom = leaf_size_at(interval, physical, a) == kSize2M ? kLeaf2MLevel : 0;
        Node* node = root_.get();
        for (unsigned level = kTopLevel; level > bottom; --level) {
            // Relaxed: only a binder adds tables, and the VM's reservation has them take turns. Release: walkers come
            // without a lock, and must find the new table empty.
            std::atomic<Node*>& slot = node->tables[index_of(a, level)];
            Node* table = slot.load(std::memory_order_relaxed);
            if (table == nullptr) {
                table = make_arena<Node>().release();
                if (table == nullptr) return -ENOMEM;  // tables made so far are empty and stay for the next try
                slot.store(table, std::memory_order_release);
            }
            node = table;
        }
        a = a.align_down(kSize2M) + kSize2M;
    }
    return 0;
}

void PageTable::set(Interval interval, const void* physical, PteFlags flags) {
    for (VirtAddr a = interval.start; a < interval.end;) {
        const std::uint64_t leaf = leaf_size_at(interval, physical, a);
        Node* node = root_.get();
        for (unsigned level = kTopLevel; level > (leaf == kSize2M ? kLeaf2MLevel : 0); --level)
            node = node->tables[index_of(a, level)].load(std::memory_order_relaxed);
        if (leaf == kSize2M) {
            node->leaves[index_of(a, kLeaf2MLevel)].store(encode(byte_at(interval, physical, a), flags),
                                                          std::memory_order_release);
            a = a + kSize2M;
            continue;
        }
        for (const VirtAddr end = a + leaf; a < end; a = a + kPageSize)
            node->leaves[index_of(a, 0)].store(
                encode(byte_at(interval, physical, a), flags) | (leaf == kSize64K ? kPs64 : 0),
                std::memory_order_release);
    }
}

bool PageTable::zap(Interval interval) {
    bool found = false;
    auto clear = [&](Node& node, unsigned level, unsigned i) {
        found = true;
        const bool leaf64k = level == 0 && (node.leaves[i].load(std::memory_order_relaxed) & kPs64) != 0;
        const unsigned group = kSize64K / kPageSize;
        const unsigned first = leaf64k ? i / group * group : i;
        // A walker may have read the leaf just before: the flush that follows waits for the access it was read for.
        for (unsigned j = first; j < first + (leaf64k ? group : 1); ++j)
            node.leaves[j].store(0, std::memory_order_release);
        return false;
    };
    Node::for_each_leaf(root_.get(), kTopLevel, interval, clear);
    return found;
}

bool PageTable::any(Interval interval) const {
    auto stop = [](Node&, unsigned, unsigned) { return true; };
    return Node::for_each_leaf(root_.get(), kTopLevel, interval, stop);
}

}  // namespace faultline::svm
