// Threads that start together: every member works, at the same time, run after run.
#include "bench/harness/crew.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace faultline::bench {
namespace {

TEST(Crew, MembersWorkAtTheSameTime) {
    constexpr std::size_t kMembers = 4;
    Crew crew(kMembers);
    for (int run = 0; run < 100; ++run) {
        std::latch all(kMembers);
        std::atomic<unsigned> seen{0};
        const auto seconds = crew.run([&](std::size_t member) {
            all.arrive_and_wait();  // ends only where all of them are in it
            seen |= 1u << member;
            return Status();
        });
        ASSERT_TRUE(seconds.ok());
        EXPECT_GT(*seconds, 0);
        EXPECT_EQ(seen, (1u << kMembers) - 1);
    }
}

TEST(Crew, TheFirstErrorIsTheResultAndTheNextRunIsFresh) {
    Crew crew(3);
    const auto failed = crew.run([](std::size_t member) -> Status {
        if (member == 0) return {};
        return Error{ErrorKind::kDevice, "member " + std::to_string(member)};
    });
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().message, "member 1");
    EXPECT_TRUE(crew.run([](std::size_t) { return Status(); }).ok());
}

}  // namespace
}  // namespace faultline::bench
