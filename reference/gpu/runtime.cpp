// What compiled code calls (eu_context.h): the slow path of an access, block moves, polls, barriers.
#include <algorithm>
#include <atomic>
#include <cstring>

#include "reference/gpu/eu.h"
#include "reference/gpu/eu_context.h"

namespace {

using faultline::gpu::Eu;
using faultline::gpu::EuContext;
using faultline::svm::Access;
using faultline::svm::kPageSize;

Eu& eu_of(EuContext* context) { return static_cast<Eu&>(*context); }

std::uint64_t left_in_page(std::uint64_t va) { return kPageSize - va % kPageSize; }

void copy_user(Eu& eu, void* dst, const void* src, std::size_t size) {
    // The signal handler of this thread reads the flag: the compiler must keep the copy between its two stores.
    eu.begin_user_access();
    std::atomic_signal_fence(std::memory_order_seq_cst);
    std::memcpy(dst, src, size);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    eu.end_user_access();
}

/// Address now; good until the next translation.
std::uint64_t locate(Eu& eu, std::uint64_t va, std::uint64_t size, Access access, std::uint32_t how) {
    if ((how & kFlDirect) != 0) return va;
    if ((how & faultline::gpu::kAccessGeneric) != 0 && eu.is_own_memory(va)) return va;
    return eu.translate(va, size, access);
}

/// Between user memory and `buffer`, page by page.
void transfer(Eu& eu, std::uint64_t va, std::byte* buffer, std::uint64_t size, Access access, std::uint32_t how) {
    while (size > 0) {
        std::uint64_t part = std::min(size, left_in_page(va));
        auto* host = reinterpret_cast<std::byte*>(locate(eu, va, part, access, how));
        if (access == Access::kRead) {
            copy_user(eu, buffer, host, part);
        } else {
            copy_user(eu, host, buffer, part);
        }
        va += part;
        buffer += part;
        size -= part;
    }
}

}  // namespace

std::uint64_t fl_translate(EuContext* context, std::uint64_t va, std::uint32_t size, std::uint32_t how) {
    Eu& eu = eu_of(context);
    auto access = static_cast<Access>(how & faultline::gpu::kAccessMask);
    if ((how & faultline::gpu::kAccessGeneric) != 0 && eu.is_own_memory(va)) return va;
    if (size <= left_in_page(va)) return eu.translate(va, size, access);
    if (access == Access::kRead) {
        std::byte bytes[sizeof(EuContext::bounce)];
        transfer(eu, va, bytes, size, access, how);
        std::memcpy(context->bounce, bytes, size);
    }
    return reinterpret_cast<std::uint64_t>(context->bounce);
}

void fl_store_crossing(EuContext* context, std::uint64_t va, std::uint32_t size, std::uint32_t how) {
    // Another work-group of this EU may use the bounce buffer while this one waits.
    std::byte bytes[sizeof(EuContext::bounce)];
    std::memcpy(bytes, context->bounce, size);
    transfer(eu_of(context), va, bytes, size, Access::kWrite, how);
}

void fl_memmove(EuContext* context, std::uint64_t dst, std::uint32_t dst_how, std::uint64_t src, std::uint32_t src_how,
                std::uint64_t size) {
    Eu& eu = eu_of(context);
    // Through a buffer: translating the one address may wait, and then the other has to be translated again.
    std::byte buffer[1024];
    bool backwards = src < dst && dst < src + size;
    for (std::uint64_t done = 0; done < size;) {
        std::uint64_t part = std::min<std::uint64_t>(size - done, sizeof(buffer));
        std::uint64_t at = backwards ? size - done - part : done;
        transfer(eu, src + at, buffer, part, Access::kRead, src_how);
        transfer(eu, dst + at, buffer, part, Access::kWrite, dst_how);
        done += part;
    }
}

void fl_memset(EuContext* context, std::uint64_t dst, std::uint32_t how, std::uint8_t value, std::uint64_t size) {
    Eu& eu = eu_of(context);
    while (size > 0) {
        std::uint64_t part = std::min(size, left_in_page(dst));
        auto* host = reinterpret_cast<std::byte*>(locate(eu, dst, part, Access::kWrite, how));
        eu.begin_user_access();  // as in copy_user()
        std::atomic_signal_fence(std::memory_order_seq_cst);
        std::memset(host, value, part);
        std::atomic_signal_fence(std::memory_order_seq_cst);
        eu.end_user_access();
        dst += part;
        size -= part;
    }
}

void fl_poll(EuContext* context) {
    Eu& eu = eu_of(context);
    if (eu.invalidation_pending()) eu.acknowledge();
}

void fl_barrier(EuContext* context) { eu_of(context).barrier(); }
