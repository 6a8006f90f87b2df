#include "results/statistics/histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace faultline::results {
namespace {

using testing::HasSubstr;

/// Latencies as they come: most in a narrow peak, few up to the largest there is.
std::vector<std::uint64_t> draw(std::mt19937_64& random, std::size_t count) {
    std::vector<std::uint64_t> values(count);
    for (std::uint64_t& v : values) v = random() >> (random() % 64);
    return values;
}

LatencyHistogram histogram_of(const std::vector<std::uint64_t>& values) {
    LatencyHistogram histogram;
    for (const std::uint64_t v : values) histogram.add(v);
    return histogram;
}

class HistogramProperty : public testing::Test {
protected:
    HistogramProperty() { RecordProperty("seed", std::to_string(seed_)); }
    std::uint64_t seed_ = std::random_device()();
    std::mt19937_64 random_{seed_};
    testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
};

TEST_F(HistogramProperty, EveryQuantileIsWithinTheStatedError) {
    for (const std::size_t count : {1u, 7u, 1000u, 1024u, 1025u, 50000u}) {
        std::vector<std::uint64_t> values = draw(random_, count);
        const LatencyHistogram histogram = histogram_of(values);
        std::sort(values.begin(), values.end());
        EXPECT_EQ(histogram.count(), count);
        EXPECT_EQ(histogram.min(), values.front());
        EXPECT_EQ(histogram.max(), values.back());
        EXPECT_EQ(histogram.is_exact(), count <= LatencyHistogram::kExactSamples);
        for (const double q : {0.0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
            const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(count)));
            const auto truth = static_cast<double>(values[std::max<std::size_t>(rank, 1) - 1]);
            const double error = histogram.is_exact() ? 0 : LatencyHistogram::kRelativeError;
            EXPECT_NEAR(histogram.quantile(q), truth, truth * error) << q << " of " << count;
        }
    }
}

TEST_F(HistogramProperty, MergingInAnyGroupingIsAddingToOne) {
    for (int round = 0; round < 50; ++round) {
        const std::vector<std::uint64_t> values = draw(random_, random_() % 5000);
        std::vector<LatencyHistogram> parts(1 + random_() % 8);
        for (const std::uint64_t v : values) parts[random_() % parts.size()].add(v);
        while (parts.size() > 1) {
            std::shuffle(parts.begin(), parts.end(), random_);
            parts[parts.size() - 2].merge(parts.back());
            parts.pop_back();
        }
        ASSERT_EQ(parts[0], histogram_of(values)) << values.size() << " samples";
    }
}

TEST_F(HistogramProperty, DecodesToWhatWasEncoded) {
    for (const std::size_t count : {0u, 1u, 100u, 1024u, 1025u, 20000u}) {
        const LatencyHistogram histogram = histogram_of(draw(random_, count));
        const auto decoded = LatencyHistogram::decode(histogram.encode());
        ASSERT_TRUE(decoded.ok()) << count;
        EXPECT_EQ(*decoded, histogram) << count;
    }
}

// What decodes at all is a histogram that encodes to the same bytes: nothing half is taken for whole.
TEST_F(HistogramProperty, DamagedBytesAreRefusedOrHarmless) {
    for (const std::size_t count : {50u, 3000u}) {
        const std::vector<std::uint8_t> whole = histogram_of(draw(random_, count)).encode();
        for (std::size_t cut = 0; cut < whole.size(); ++cut) {
            EXPECT_FALSE(LatencyHistogram::decode(std::span(whole).first(cut)).ok()) << cut;
        }
        for (int round = 0; round < 2000; ++round) {
            std::vector<std::uint8_t> bytes = whole;
            bytes[random_() % bytes.size()] ^= static_cast<std::uint8_t>(1u << random_() % 8);
            const auto decoded = LatencyHistogram::decode(bytes);
            if (decoded) {
                EXPECT_LE(decoded->quantile(0.5), static_cast<double>(decoded->max()));
            }
        }
    }
}

TEST(Histogram, TheSmallestAndTheLargestNumberHaveTheirPlace) {
    LatencyHistogram histogram;
    for (int i = 0; i < 2000; ++i) histogram.add(i % 2 == 0 ? 0 : std::numeric_limits<std::uint64_t>::max());
    EXPECT_FALSE(histogram.is_exact());
    EXPECT_EQ(histogram.quantile(0.25), 0);
    EXPECT_NEAR(histogram.quantile(0.75) / 0x1p64, 1, LatencyHistogram::kRelativeError);
    const auto decoded = LatencyHistogram::decode(histogram.encode());
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(*decoded, histogram);
}

TEST(Histogram, MergingWithItselfDoubles) {
    LatencyHistogram histogram = histogram_of({1, 2, 3});
    histogram.merge(histogram);
    EXPECT_EQ(histogram, histogram_of({1, 1, 2, 2, 3, 3}));
}

TEST(Histogram, HgrmIsHdrHistogramsText) {
    LatencyHistogram histogram;
    for (std::uint64_t v = 1; v <= 4; ++v) histogram.add(v * 1000);
    EXPECT_EQ(to_hgrm(histogram),
              "       Value     Percentile TotalCount 1/(1-Percentile)\n"
              "\n"
              "    1000.000 0.000000000000          1           1.00\n"
              "    1000.000 0.100000000000          1           1.11\n"
              "    1000.000 0.200000000000          1           1.25\n"
              "    2000.000 0.300000000000          2           1.43\n"
              "    2000.000 0.400000000000          2           1.67\n"
              "    2000.000 0.500000000000          2           2.00\n"
              "    3000.000 0.550000000000          3           2.22\n"
              "    3000.000 0.600000000000          3           2.50\n"
              "    3000.000 0.650000000000          3           2.86\n"
              "    3000.000 0.700000000000          3           3.33\n"
              "    3000.000 0.750000000000          3           4.00\n"
              "    4000.000 1.000000000000          4\n"
              "#[Mean    =     2500.000, StdDeviation   =     1118.034]\n"
              "#[Max     =     4000.000, Total count    =            4]\n"
              "#[Buckets =           56, SubBuckets     =          256]\n");
}

}  // namespace
}  // namespace faultline::results
