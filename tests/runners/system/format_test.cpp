#include "runners/system/format.h"

#include <gtest/gtest.h>

namespace faultline::runners {
namespace {

TEST(Format, QuantitiesHaveThreeDigits) {
    EXPECT_EQ(format_quantity(0), "0");
    EXPECT_EQ(format_quantity(7), "7");
    EXPECT_EQ(format_quantity(1.25), "1.25");
    EXPECT_EQ(format_quantity(999), "999");
    EXPECT_EQ(format_quantity(999.6), "1.00k");
    EXPECT_EQ(format_quantity(1234), "1.23k");
    EXPECT_EQ(format_quantity(12345), "12.3k");
    EXPECT_EQ(format_quantity(999600), "1.00M");
    EXPECT_EQ(format_quantity(9.996e3), "10.0k");
    EXPECT_EQ(format_quantity(1.2e15), "1200T");
}

TEST(Format, Latencies) {
    EXPECT_EQ(format_latency(850), "850ns");
    EXPECT_EQ(format_latency(12345), "12.3us");
    EXPECT_EQ(format_latency(4.56e6), "4.56ms");
    EXPECT_EQ(format_latency(1.2e9), "1.20s");
}

TEST(Format, MemoryAndSeconds) {
    EXPECT_EQ(format_memory(512), "512 B");
    EXPECT_EQ(format_memory(2147483648.0), "2.0 GiB");
    EXPECT_EQ(format_seconds(8.4), "8 s");
    EXPECT_EQ(format_seconds(59.7), "1 min 00 s");
    EXPECT_EQ(format_seconds(125), "2 min 05 s");
}

}  // namespace
}  // namespace faultline::runners
