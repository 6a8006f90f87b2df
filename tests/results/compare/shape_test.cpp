#include "results/compare/shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "results/compare/environment.h"
#include "tests/results/compare/compared.h"

namespace faultline::results {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

TEST(Shapes, AreRatiosToEachSidesOwnBaseline) {
    const SampleSet a = set_of("A", {series(kA, "f/x/threads:1", "real_time", 1000),
                                     series(kA, "f/x/threads:2", "real_time", 600), series(kA, "g/y", "real_time", 7)});
    const SampleSet b =
        set_of("B", {series(kB, "f/x/threads:1", "real_time", 50000), series(kB, "f/x/threads:2", "real_time", 40000)});
    const Expected<ShapeComparison> shapes = compare_shapes(a, b, "real_time");
    ASSERT_TRUE(shapes.ok());
    ASSERT_THAT(shapes->rows, SizeIs(2));
    EXPECT_EQ(shapes->rows[0].shape_a, 1);
    EXPECT_EQ(shapes->rows[1].baseline, "f/x/threads:1");
    EXPECT_NEAR(shapes->rows[1].shape_a, 0.6, 0.01);
    EXPECT_NEAR(shapes->rows[1].shape_b, 0.8, 0.01);
    EXPECT_LT(shapes->rows[1].ratio_low, 4.0 / 3);
    EXPECT_GT(shapes->rows[1].ratio_high, 4.0 / 3);
    EXPECT_NEAR(shapes->rows[1].ratio_low, 4.0 / 3, 0.05);
    EXPECT_THAT(shapes->missing, ElementsAre("g/y"));
    EXPECT_FALSE(compare_shapes(a, b, "no_such").ok());
}

TEST(Shapes, AreForDifferentKinds) {
    SampleSet a = set_of("A", {});
    SampleSet b = set_of("B", {});
    EXPECT_FALSE(different_kinds(a, b));
    b.environment["device_kind"] = "reference";
    EXPECT_TRUE(different_kinds(a, b));
    b.environment.erase("device_kind");
    EXPECT_FALSE(different_kinds(a, b));
}

}  // namespace
}  // namespace faultline::results
