// Two clocks read at one moment, so that one can be measured by the other.
//
// Between two readings the thread may lose its processor for milliseconds, which would look like a wrong rate. So the
// second clock is read between two readings of the first, several times, and the reading that took the least counts:
// what disturbs one of them does not show.
//
// Thread safety: a function of its arguments.
#pragma once

#include <optional>
#include <utility>

namespace faultline {

inline constexpr int kClockPairReadings = 16;

/// A value of `outer`, half-way between the two around the other, and the value that `inner` gave then.
template <typename ReadOuter, typename ReadInner>
auto read_clock_pair(ReadOuter outer, ReadInner inner) {
    using Outer = decltype(outer());
    using Inner = decltype(inner());
    using Width = decltype(outer() - outer());  // NOLINT(misc-redundant-expression): a type
    std::optional<std::pair<Outer, Inner>> best;
    Width least{};
    for (int i = 0; i < kClockPairReadings; ++i) {
        const Outer before = outer();
        Inner between = inner();
        const Width width = outer() - before;
        if (best && width >= least) continue;
        best.emplace(before + width / 2, std::move(between));
        least = width;
    }
    return *std::move(best);
}

}  // namespace faultline
