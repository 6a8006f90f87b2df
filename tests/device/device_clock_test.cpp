// The arithmetic of timers: units of both structure types, widths, wrap-around.
#include "device/device_clock.h"

#include <gtest/gtest.h>

#include <random>

namespace faultline::device {
namespace {

ze_device_properties_t properties(ze_structure_type_t stype, std::uint64_t resolution) {
    ze_device_properties_t p{};
    p.stype = stype;
    p.timerResolution = resolution;
    p.timestampValidBits = 36;
    p.kernelTimestampValidBits = 32;
    return p;
}

TEST(TimestampUnit, ResolutionIsNanosecondsInTheFirstStructure) {
    const auto unit = TimestampUnit::from(properties(ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES, 52));
    ASSERT_TRUE(unit.ok());
    EXPECT_DOUBLE_EQ(unit->ns_per_tick, 52.0);
    EXPECT_EQ(unit->kernel_valid_bits, 32u);
    EXPECT_EQ(unit->global_valid_bits, 36u);
}

TEST(TimestampUnit, ResolutionIsTicksPerSecondInTheSecond) {
    const auto unit = TimestampUnit::from(properties(ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES_1_2, 19'200'000));
    ASSERT_TRUE(unit.ok());
    EXPECT_NEAR(unit->ns_per_tick, 52.0833, 1e-4);
}

TEST(TimestampUnit, RefusesWhatNoTimerCanHave) {
    EXPECT_FALSE(TimestampUnit::from(properties(ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES, 0)).ok());
    ze_device_properties_t p = properties(ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES, 1);
    p.kernelTimestampValidBits = 0;
    EXPECT_FALSE(TimestampUnit::from(p).ok());
    p.kernelTimestampValidBits = 65;
    EXPECT_FALSE(TimestampUnit::from(p).ok());
}

TEST(TicksBetween, CountsAcrossAWrap) {
    EXPECT_EQ(ticks_between(10, 25, 32), 15u);
    EXPECT_EQ(ticks_between(0xfffffff0u, 0x10, 32), 0x20u);
    EXPECT_EQ(ticks_between((1ull << 36) - 1, 1, 36), 2u);
    EXPECT_EQ(ticks_between(~0ull, 1, 64), 2u);
}

TEST(TicksBetween, IgnoresBitsThatAreNotValid) {
    EXPECT_EQ(ticks_between(0xabc'0000'0010ull, 0x123'0000'0015ull, 32), 5u);
}

// Every spin takes half a nanosecond a cycle, and some much longer, the first ones above all.
TEST(NsPerCycle, IsThatOfUndisturbedSpins) {
    int spins = 0;
    const auto disturbed = [&](std::uint64_t cycles) -> Expected<Spin> {
        const double late = spins < 5 || spins % 4 != 0 ? 6e6 + 1e5 * spins : 0;
        ++spins;
        return Spin{static_cast<double>(cycles) * 0.5 + late, cycles};
    };
    const auto rate = find_ns_per_cycle(disturbed);
    ASSERT_TRUE(rate.ok());
    EXPECT_NEAR(*rate, 0.5, 0.005);
}

// None is undisturbed, by up to 4 ms: only long ones agree.
TEST(NsPerCycle, IsThatOfLongSpinsWhereAllAreDisturbed) {
    std::mt19937 random(20261121);
    std::uniform_real_distribution<double> late(0.2e6, 4e6);
    const auto rate = find_ns_per_cycle([&](std::uint64_t cycles) -> Expected<Spin> {
        return Spin{static_cast<double>(cycles) * 0.5 + late(random), cycles};
    });
    ASSERT_TRUE(rate.ok());
    EXPECT_NEAR(*rate, 0.5, 0.02);
}

TEST(NsPerCycle, RefusesWhatNeverAgrees) {
    int spins = 0;
    const auto erratic = [&](std::uint64_t cycles) -> Expected<Spin> { return Spin{5e6 * ++spins, cycles}; };
    EXPECT_FALSE(find_ns_per_cycle(erratic).ok());
    const auto standing = [&](std::uint64_t cycles) -> Expected<Spin> { return Spin{0, cycles}; };
    EXPECT_FALSE(find_ns_per_cycle(standing).ok());
    const auto no_cycles = [&](std::uint64_t) -> Expected<Spin> { return Spin{5e6, 0}; };
    EXPECT_FALSE(find_ns_per_cycle(no_cycles).ok());
}

TEST(DeviceClock, RoundsToNanoseconds) {
    const DeviceClock clock(0.4);
    EXPECT_EQ(clock.to_ns(10), 4u);
    EXPECT_EQ(clock.to_ns(4), 2u);
    EXPECT_EQ(clock.to_ns(1), 0u);
    EXPECT_EQ(DeviceClock(52.083333).to_ns(1'000'000'000), 52'083'333'000u);
}

}  // namespace
}  // namespace faultline::device
