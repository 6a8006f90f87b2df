// A count that one thread raises and others read now and then.
//
// Thread safety: one writer, any readers; no ordering. Costs what a plain increment costs.
#pragma once

#include <atomic>
#include <cstdint>

namespace faultline::gpu {

class Counter {
public:
    void operator++() { value_.store(value_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
    // NOLINTNEXTLINE(google-explicit-constructor): it is read like a number
    operator std::uint64_t() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

}  // namespace faultline::gpu
