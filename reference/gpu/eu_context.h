// What compiled kernels and the runtime share: an EU's TLB and invalidation key, and a work-group's numbers.
//
// Thread safety: an EuContext belongs to the one thread that runs its EU; other threads touch only `key` (to set its
// pending bit). Both structures live in arena memory. The compiler's passes (jit.h) read both by
// offsetof: translate_pass.cpp and kernel_entry.cpp the EuContext, builtins.cpp and the rest the WorkGroupInfo.
//
// The inlined hit path, for an access of kind k at address va:
//     entry = tlb[tlb_index(va)]
//     hit   = ((va >> 12) ^ load_relaxed(key)) == entry.tag[k]
//     host  = va + entry.addend
// `key` holds the epoch in its upper 12 bits. A tag keeps the key of the moment when it was filled, so that a new epoch
// empties the TLB at once; an invalidator sets the pending bit, which no tag has, so that each access misses until the
// EU has acknowledged. One compare is thus lookup, tag check and poll.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace faultline::gpu {

// 256 KiB an EU, which an L2 holds; covers 32 MiB. Random reads of 64 MiB: 167 ns with 1024 entries, 111 with 4096, 30
// with 16384.
inline constexpr std::uint32_t kTlbEntries = 8192;
inline constexpr std::uint64_t kKeyPending = 1ull << 63;
inline constexpr std::uint64_t kKeyEpochUnit = 1ull << 52;  ///< va >> 12 has 52 bits
/// Matches no key: no epoch is 0.
inline constexpr std::uint64_t kTagInvalid = 0;

struct TlbEntry {
    std::uint64_t tag[3];  ///< by svm::Access
    std::int64_t addend;   ///< host address minus virtual address
};

/// Fibonacci hashing: arrays that lie a power of two apart, as large allocations do, must not share entries page by
/// page.
inline constexpr std::uint64_t kTlbHash = 0x9e3779b97f4a7c15ull;
inline constexpr unsigned kTlbHashShift = 64 - std::countr_zero(kTlbEntries);
constexpr std::uint64_t tlb_index(std::uint64_t va) { return ((va >> 12) * kTlbHash) >> kTlbHashShift; }

struct EuContext {
    std::atomic<std::uint64_t> key{kKeyEpochUnit};
    /// The page-crossing access that is under way: loads find their bytes here, stores leave theirs.
    alignas(64) std::byte bounce[256];
    alignas(64) TlbEntry tlb[kTlbEntries];
};

/// One work-group, as kernels see it. Dimensions are x, y, z.
struct WorkGroupInfo {
    std::uint64_t group_id[3];
    std::uint64_t num_groups[3];
    std::uint64_t local_size[3];
    std::uint64_t global_size[3];
    std::uint64_t global_offset[3];
    std::uint64_t work_dim;
    std::byte* local_memory;  ///< the kernel's local variables, then its local arguments
};

/// `how` of a slow-path call: svm::Access in the low bits.
inline constexpr std::uint32_t kAccessMask = 3;
/// The pointer may be private, local or constant memory of the kernel itself: such addresses are returned as they are.
inline constexpr std::uint32_t kAccessGeneric = 4;

}  // namespace faultline::gpu

// The runtime that compiled kernels call. All run on an EU, online, and may suspend the caller.
extern "C" {
/// Host address for an access of `size` bytes at `va`. An access that crosses a page is given the bounce buffer:
/// holding its bytes (read), or to be followed by fl_store_crossing (write).
std::uint64_t fl_translate(faultline::gpu::EuContext* context, std::uint64_t va, std::uint32_t size, std::uint32_t how);
/// Writes the bounce buffer's bytes to their two pages.
void fl_store_crossing(faultline::gpu::EuContext* context, std::uint64_t va, std::uint32_t size, std::uint32_t how);
/// memmove and memset between memories; `*_how` is kAccessGeneric or 0 for pointers that are translated, kFlDirect for
/// those that are used as they are (private, local and constant memory).
inline constexpr std::uint32_t kFlDirect = 8;
void fl_memmove(faultline::gpu::EuContext* context, std::uint64_t dst, std::uint32_t dst_how, std::uint64_t src,
                std::uint32_t src_how, std::uint64_t size);
void fl_memset(faultline::gpu::EuContext* context, std::uint64_t dst, std::uint32_t how, std::uint8_t value,
               std::uint64_t size);
/// Acknowledges a pending invalidation; called where a loop has no access of its own.
void fl_poll(faultline::gpu::EuContext* context);
/// Waits until every work-item of the group is here.
void fl_barrier(faultline::gpu::EuContext* context);
/// The device clock.
std::uint64_t fl_clock(void);
}
