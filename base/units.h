// Strong types for sizes and times, so that bytes, pages and nanoseconds cannot be mixed up.
//
// Thread safety: values; freely copied. Header only, no dependencies: every folder may include base/.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace faultline {

/// A size in bytes.
struct Bytes {
    std::uint64_t count = 0;

    friend constexpr auto operator<=>(Bytes, Bytes) = default;
    friend constexpr Bytes operator+(Bytes a, Bytes b) { return {a.count + b.count}; }
    friend constexpr Bytes operator-(Bytes a, Bytes b) { return {a.count - b.count}; }
    friend constexpr Bytes operator*(Bytes a, std::uint64_t n) { return {a.count * n}; }
    friend constexpr std::uint64_t operator/(Bytes a, Bytes b) { return a.count / b.count; }
};

namespace literals {
constexpr Bytes operator""_B(unsigned long long n) { return {n}; }
constexpr Bytes operator""_KiB(unsigned long long n) { return {n << 10}; }
constexpr Bytes operator""_MiB(unsigned long long n) { return {n << 20}; }
constexpr Bytes operator""_GiB(unsigned long long n) { return {n << 30}; }
}  // namespace literals

using Nanoseconds = std::chrono::nanoseconds;

}  // namespace faultline
