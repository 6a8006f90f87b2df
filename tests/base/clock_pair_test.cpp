// Readings of two clocks that a busy machine disturbs.
#include "base/clock_pair.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

namespace faultline {
namespace {

/// Two clocks of one time, which goes on by one with each reading, and by much more where the thread is held up.
class TwoClocks {
public:
    explicit TwoClocks(int undisturbed) : undisturbed_(undisturbed) {}
    std::uint64_t outer() { return read(); }
    std::uint64_t inner() { return 3 * read(); }

private:
    std::uint64_t read() {
        time_ += readings_ / 3 == undisturbed_ ? 1 : 1'000'000 * (readings_ % 3);
        ++readings_;
        return time_;
    }
    const int undisturbed_;
    int readings_ = 0;
    std::uint64_t time_ = 0;
};

TEST(ClockPair, OneUndisturbedReadingIsEnough) {
    for (int undisturbed = 0; undisturbed < kClockPairReadings; ++undisturbed) {
        TwoClocks clocks(undisturbed);
        const auto [outer, inner] = read_clock_pair([&] { return clocks.outer(); }, [&] { return clocks.inner(); });
        EXPECT_EQ(inner, 3 * outer) << "reading " << undisturbed;
    }
}

TEST(ClockPair, TakesTimePoints) {
    const auto [host, value] = read_clock_pair(std::chrono::steady_clock::now, [] { return 7; });
    EXPECT_LE(host, std::chrono::steady_clock::now());
    EXPECT_EQ(value, 7);
}

}  // namespace
}  // namespace faultline
