// Addresses, pages and intervals of the SVM core.
//
// A GPU virtual address equals the CPU virtual address that it mirrors. A "physical" address is the address in this
// process at which the bytes can be reached now: the user's own address for system pages, an address inside the VRAM
// arena for device pages. Thread safety: values.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>

#include "base/units.h"

namespace faultline::svm {

inline constexpr unsigned kPageShift = 12;
inline constexpr std::uint64_t kPageSize = 1ull << kPageShift;  // SZ_4K
inline constexpr std::uint64_t kSize64K = 64ull << 10;
inline constexpr std::uint64_t kSize2M = 2ull << 20;

/// A virtual address, CPU and GPU alike. Canonical lower half only.
struct VirtAddr {
    std::uint64_t value = 0;

    friend constexpr auto operator<=>(VirtAddr, VirtAddr) = default;
    friend constexpr VirtAddr operator+(VirtAddr a, std::uint64_t bytes) { return {a.value + bytes}; }
    friend constexpr VirtAddr operator-(VirtAddr a, std::uint64_t bytes) { return {a.value - bytes}; }
    friend constexpr std::uint64_t operator-(VirtAddr a, VirtAddr b) { return a.value - b.value; }

    constexpr VirtAddr align_down(std::uint64_t alignment) const { return {value & ~(alignment - 1)}; }
    constexpr VirtAddr align_up(std::uint64_t alignment) const { return {(value + alignment - 1) & ~(alignment - 1)}; }
    template <typename T = void>
    T* ptr() const {
        return reinterpret_cast<T*>(value);
    }
    static VirtAddr of(const void* p) { return {reinterpret_cast<std::uint64_t>(p)}; }
};

/// Half-open [start, end) of virtual addresses, page aligned unless a function says otherwise.
struct Interval {
    VirtAddr start;
    VirtAddr end;

    friend constexpr bool operator==(Interval, Interval) = default;
    constexpr std::uint64_t size() const { return end - start; }
    constexpr std::uint64_t pages() const { return size() >> kPageShift; }
    constexpr bool empty() const { return end <= start; }
    constexpr bool contains(VirtAddr a) const { return start <= a && a < end; }
    constexpr bool contains(Interval o) const { return start <= o.start && o.end <= end; }
    constexpr bool overlaps(Interval o) const { return start < o.end && o.start < end; }
    constexpr Interval intersect(Interval o) const { return {std::max(start, o.start), std::min(end, o.end)}; }
};

/// How a GPU access touches memory; the fault's access type (xe_pagefault `access_type`).
enum class Access : std::uint8_t { kRead = 0, kWrite = 1, kAtomic = 2 };

}  // namespace faultline::svm
