#include "bench/invalidation/operation.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "bench/harness/toucher.h"

namespace faultline::bench {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kRange = 2u << 20;
constexpr std::size_t kEdge = 512u << 10;

Error refused(Operation operation) {
    return {ErrorKind::kUnavailable, fmt::format("{}: {}", to_string(operation), std::strerror(errno))};
}

Error wrong(std::size_t offset, std::uint32_t is, std::uint32_t must_be) {
    return {ErrorKind::kDevice,
            fmt::format("wrong data: the CPU reads {:#010x} at offset {:#x}, not {:#010x}", is, offset, must_be)};
}

std::uint32_t word_at(const std::byte* p) {
    std::uint32_t value = 0;
    std::memcpy(&value, p, sizeof(value));
    return value;
}

}  // namespace

std::string_view to_string(Operation operation) {
    switch (operation) {
        case Operation::kMunmap:
            return "munmap";
        case Operation::kPartialUnmap:
            return "partial_unmap";
        case Operation::kDontNeed:
            return "madvise";
        case Operation::kMprotect:
            return "mprotect";
        case Operation::kMremap:
            return "mremap";
        case Operation::kFirstTouch:
            break;
    }
    return "first_touch";
}

Outcome& Outcome::operator=(Outcome&& other) noexcept {
    std::swap(latencies_ns, other.latencies_ns);
    std::swap(left_, other.left_);
    return *this;
}

Outcome::~Outcome() {
    for (const Mapping& mapping : left_) ::munmap(mapping.start, mapping.size);
}

Expected<Outcome> apply(Operation operation, device::ColdBuffer& buffer) {
    std::byte* const start = buffer.data();
    const std::size_t size = buffer.size().count;
    Outcome outcome;
    int result = 0;
    const Stopwatch watch;
    switch (operation) {
        case Operation::kMunmap:
            result = ::munmap(start, size);
            break;
        case Operation::kPartialUnmap:
            result = ::munmap(start + kEdge, size - 2 * kEdge);
            break;
        case Operation::kDontNeed:
            result = ::madvise(start, size, MADV_DONTNEED);
            break;
        case Operation::kMprotect:
            result = ::mprotect(start, size, PROT_READ);
            break;
        case Operation::kMremap: {
            // Somewhere else: an address that is free is a reservation's, over which the memory moves.
            void* const target = ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            if (target == MAP_FAILED) return refused(operation);
            const Stopwatch move;
            if (::mremap(start, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, target) == MAP_FAILED) {
                const Error error = refused(operation);
                ::munmap(target, size);
                return error;
            }
            outcome.latencies_ns.push_back(move.ns());
            buffer.release();
            outcome.left_.push_back({static_cast<std::byte*>(target), size, 0});
            return outcome;
        }
        case Operation::kFirstTouch:
            for (std::size_t offset = 0; offset < size; offset += kRange) {
                const Stopwatch touch;
                const std::uint32_t value = *reinterpret_cast<const volatile std::uint32_t*>(start + offset);
                outcome.latencies_ns.push_back(touch.ns());
                if (value != buffer.expected(offset)) return wrong(offset, value, buffer.expected(offset));
            }
            return outcome;
    }
    outcome.latencies_ns.push_back(watch.ns());
    if (result != 0) return refused(operation);
    if (operation == Operation::kMunmap || operation == Operation::kPartialUnmap) buffer.release();
    if (operation == Operation::kPartialUnmap)
        outcome.left_ = {{start, kEdge, 0}, {start + size - kEdge, kEdge, size - kEdge}};
    return outcome;
}

Status verify(Operation operation, const device::ColdBuffer& buffer, const Outcome& outcome) {
    if (operation == Operation::kMunmap) return {};  // other threads may map there what they like
    for (const Outcome::Mapping& mapping : outcome.left_) {
        for (std::size_t at = 0; at < mapping.size; at += kPage) {
            const std::uint32_t is = word_at(mapping.start + at);
            const std::uint32_t must_be = buffer.expected(mapping.offset + at);
            if (is != must_be) return wrong(mapping.offset + at, is, must_be);
        }
    }
    if (!outcome.left_.empty()) return {};
    for (std::size_t offset = 0; offset < buffer.size().count; offset += kPage) {
        const std::uint32_t must_be = operation == Operation::kDontNeed ? 0 : buffer.expected(offset);
        if (buffer.word(offset) != must_be) return wrong(offset, buffer.word(offset), must_be);
    }
    return {};
}

}  // namespace faultline::bench
