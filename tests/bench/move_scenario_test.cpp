// Which memory a cold and a warm benchmark move, without a device.
#include "bench/migration/move_scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vocabulary/skip.h"

namespace faultline::bench {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

/// What was moved: where it was, and which fill it had.
using Moved = std::pair<const std::byte*, std::uint32_t>;

class Recorder final : public MoveScenario {
public:
    explicit Recorder(Memory memory, Bytes moves = {4096})
        : MoveScenario(Pieces{2, Bytes{8192}}, memory), moves_(moves) {}
    std::vector<Moved> moved;

private:
    Expected<Sample> move(const device::ColdBuffer& buffer) override {
        moved.emplace_back(buffer.data(), buffer.salt());
        EXPECT_TRUE(verify_by_cpu(buffer).ok());
        Sample sample;
        sample.seconds = static_cast<double>(moved.size());
        sample.bytes = moves_;
        return sample;
    }
    const Bytes moves_;
};

TEST(MoveScenario, ColdMemoryIsAnotherEachTime) {
    Recorder cold(Memory::kCold);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(cold.iterate().ok());
    ASSERT_THAT(cold.moved, SizeIs(3));
    EXPECT_NE(cold.moved[0].second, cold.moved[1].second);
    EXPECT_NE(cold.moved[1].second, cold.moved[2].second);
}

TEST(MoveScenario, WarmMemoryIsTheSameAndHasBeenMovedBefore) {
    Recorder warm(Memory::kWarm);
    const auto first = warm.iterate();
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(first->seconds, 2);  // the move before is not reported
    ASSERT_TRUE(warm.iterate().ok());
    const Moved same = warm.moved.at(0);
    EXPECT_THAT(warm.moved, ElementsAre(same, same, same));
}

TEST(MoveScenario, WhatDoesNotMoveCannotBeWarm) {
    const auto stays = Recorder(Memory::kWarm, Bytes{0}).iterate();
    ASSERT_FALSE(stays.ok());
    EXPECT_TRUE(is_skip(stays.error().message));
    EXPECT_THAT(stays.error().message, testing::HasSubstr("mappings of 8K"));
    EXPECT_TRUE(Recorder(Memory::kCold, Bytes{0}).iterate().ok());
}

}  // namespace
}  // namespace faultline::bench
