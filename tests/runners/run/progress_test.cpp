#include "runners/run/progress.h"

#include <gtest/gtest.h>

namespace faultline::runners {
namespace {

std::vector<Job> jobs() {
    std::vector<Job> jobs(3);
    jobs[0].estimate = 10;
    jobs[1].estimate = 20;
    jobs[2].estimate = 30;
    return jobs;
}

TEST(Eta, BeginsWithTheEstimate) { EXPECT_DOUBLE_EQ(Eta(jobs()).remaining(0, 0), 60); }

TEST(Eta, IsCorrectedByWhatWasSeen) {
    Eta eta(jobs());
    EXPECT_DOUBLE_EQ(eta.remaining(0.5, 10), 2 * (5 + 20 + 30));  // twice as slow as thought
    eta.finish(20);
    EXPECT_DOUBLE_EQ(eta.remaining(0, 0), 2 * (20 + 30));
    eta.finish(10);  // 30 s for what was thought to take 30
    EXPECT_DOUBLE_EQ(eta.remaining(0, 0), 30);
    eta.finish(1);
    EXPECT_DOUBLE_EQ(eta.remaining(0, 0), 0);
}

TEST(Eta, IsNeverNegative) { EXPECT_GE(Eta(jobs()).remaining(0, 1000), 0); }

}  // namespace
}  // namespace faultline::runners
