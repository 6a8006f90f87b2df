#include "results/statistics/histogram.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <optional>

namespace faultline::results {
namespace {

constexpr int kBucketBits = 8;  // buckets of a power of two, as its logarithm
constexpr std::uint64_t kBuckets = std::uint64_t{1} << kBucketBits;
constexpr std::uint64_t kLastBucket = (64 - kBucketBits - 1) * kBuckets + 2 * kBuckets - 1;
constexpr std::uint8_t kEncoding = 1;

/// Below 2 * kBuckets the value itself; from there on each power of two is cut into kBuckets.
std::uint64_t bucket_of(std::uint64_t value) {
    if (value < 2 * kBuckets) return value;
    const int shift = static_cast<int>(std::bit_width(value)) - (kBucketBits + 1);
    return static_cast<std::uint64_t>(shift) * kBuckets + (value >> shift);
}

int shift_of(std::uint64_t bucket) { return bucket < 2 * kBuckets ? 0 : static_cast<int>(bucket / kBuckets) - 1; }

std::uint64_t lowest_of(std::uint64_t bucket) {
    const int shift = shift_of(bucket);
    return (bucket - static_cast<std::uint64_t>(shift) * kBuckets) << shift;
}

void put(std::vector<std::uint8_t>& out, std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) out.push_back(static_cast<std::uint8_t>(number | 0x80));
    out.push_back(static_cast<std::uint8_t>(number));
}

std::optional<std::uint64_t> take(std::span<const std::uint8_t>& bytes) {
    std::uint64_t number = 0;
    for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
        const std::uint8_t byte = bytes.front();
        bytes = bytes.subspan(1);
        if (shift == 63 && byte > 1) return std::nullopt;
        number |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) return number;
    }
    return std::nullopt;
}

}  // namespace

void LatencyHistogram::add(std::uint64_t key, std::uint64_t count) {
    counts_[key] += count;
    count_ += count;
}

void LatencyHistogram::bucket_all() {
    if (!exact_) return;
    exact_ = false;
    std::map<std::uint64_t, std::uint64_t> bucketed;
    for (const auto& [value, count] : counts_) bucketed[bucket_of(value)] += count;
    counts_ = std::move(bucketed);
}

void LatencyHistogram::add(std::uint64_t nanoseconds) {
    min_ = empty() ? nanoseconds : std::min(min_, nanoseconds);
    max_ = std::max(max_, nanoseconds);
    if (count_ == kExactSamples) bucket_all();
    add(exact_ ? nanoseconds : bucket_of(nanoseconds), 1);
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
    if (other.empty()) return;
    min_ = empty() ? other.min_ : std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
    if (!other.exact_ || count_ + other.count_ > kExactSamples) bucket_all();
    // A copy, since `other` may be this.
    for (const auto& [key, count] : std::map(other.counts_)) add(other.exact_ && !exact_ ? bucket_of(key) : key, count);
}

double LatencyHistogram::middle(std::uint64_t key) const {
    if (exact_) return static_cast<double>(key);
    const double width = std::ldexp(1.0, shift_of(key));
    const double centre = static_cast<double>(lowest_of(key)) + (width - 1) / 2;
    return std::clamp(centre, static_cast<double>(min_), static_cast<double>(max_));
}

double LatencyHistogram::mean() const {
    double sum = 0;
    for (const auto& [key, count] : counts_) sum += middle(key) * static_cast<double>(count);
    return sum / static_cast<double>(count_);
}

double LatencyHistogram::standard_deviation() const {
    const double centre = mean();
    double sum = 0;
    for (const auto& [key, count] : counts_) sum += std::pow(middle(key) - centre, 2) * static_cast<double>(count);
    return std::sqrt(sum / static_cast<double>(count_));
}

std::vector<LatencyHistogram::Step> LatencyHistogram::steps() const {
    std::vector<Step> steps;
    steps.reserve(counts_.size());
    std::uint64_t cumulative = 0;
    for (const auto& [key, count] : counts_) steps.push_back({middle(key), cumulative += count});
    return steps;
}

double LatencyHistogram::quantile(double fraction) const {
    const double rank = std::ceil(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(count_));
    std::uint64_t cumulative = 0;
    for (const auto& [key, count] : counts_) {
        cumulative += count;
        if (static_cast<double>(cumulative) >= rank) return middle(key);
    }
    return static_cast<double>(max_);
}

std::vector<std::uint8_t> LatencyHistogram::encode() const {
    std::vector<std::uint8_t> out = {kEncoding, static_cast<std::uint8_t>(exact_ ? 0 : 1)};
    put(out, counts_.size());
    if (!exact_) {
        put(out, min_);
        put(out, max_);
    }
    std::uint64_t last = 0;
    for (const auto& [key, count] : counts_) {
        put(out, key - last);
        put(out, count);
        last = key;
    }
    return out;
}

Expected<LatencyHistogram> LatencyHistogram::decode(std::span<const std::uint8_t> bytes) {
    const Error bad{ErrorKind::kBadInput, "a latency histogram is damaged"};
    if (bytes.size() < 2 || bytes[1] > 1) return bad;
    if (bytes[0] != kEncoding) return Error{ErrorKind::kBadInput, "a latency histogram of an unknown encoding"};
    LatencyHistogram histogram;
    histogram.exact_ = bytes[1] == 0;
    bytes = bytes.subspan(2);
    const auto size = take(bytes);
    if (!size) return bad;
    if (!histogram.exact_) {
        const auto min = take(bytes);
        const auto max = take(bytes);
        if (!min || !max) return bad;
        histogram.min_ = *min;
        histogram.max_ = *max;
    }
    std::uint64_t key = 0;
    for (std::uint64_t i = 0; i < *size; ++i) {
        const auto delta = take(bytes);
        const auto count = take(bytes);
        if (!delta || !count || *count == 0 || (i > 0 && *delta == 0)) return bad;
        if (key + *delta < key || histogram.count_ + *count < histogram.count_) return bad;
        key += *delta;
        histogram.add(key, *count);
    }
    if (!bytes.empty()) return bad;
    if (histogram.empty()) return histogram.exact_ ? Expected<LatencyHistogram>(histogram) : bad;
    const std::uint64_t first = histogram.counts_.begin()->first;
    if (histogram.exact_) {
        if (histogram.count_ > kExactSamples) return bad;
        histogram.min_ = first;
        histogram.max_ = key;
    } else if (histogram.count_ <= kExactSamples || key > kLastBucket || bucket_of(histogram.min_) != first ||
               bucket_of(histogram.max_) != key) {
        return bad;
    }
    return histogram;
}

std::string to_hgrm(const LatencyHistogram& histogram) {
    constexpr int kStepsPerHalving = 5;
    std::string text =
        fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    if (histogram.empty()) return text;
    const std::vector<LatencyHistogram::Step> steps = histogram.steps();
    const auto total = static_cast<double>(histogram.count());
    auto step = steps.begin();
    for (int i = 0;; ++i) {
        // From the count of steps, since a sum of them would drift past the levels that ranks meet exactly.
        const double distance = std::ldexp(1.0, -(i / kStepsPerHalving));
        const double level = 1 - distance * (1 - i % kStepsPerHalving / (2.0 * kStepsPerHalving));
        step = std::find_if(step, steps.end(),
                            [&](const auto& s) { return static_cast<double>(s.cumulative) >= level * total; });
        if (step->cumulative == histogram.count()) break;
        fmt::format_to(std::back_inserter(text), "{:12.3f} {:14.12f} {:10} {:14.2f}\n", step->nanoseconds, level,
                       step->cumulative, 1 / (1 - level));
    }
    fmt::format_to(std::back_inserter(text), "{:12.3f} {:14.12f} {:10}\n", static_cast<double>(histogram.max()), 1.0,
                   histogram.count());
    fmt::format_to(std::back_inserter(text), "#[Mean    = {:12.3f}, StdDeviation   = {:12.3f}]\n", histogram.mean(),
                   histogram.standard_deviation());
    fmt::format_to(std::back_inserter(text), "#[Max     = {:12.3f}, Total count    = {:12}]\n",
                   static_cast<double>(histogram.max()), histogram.count());
    fmt::format_to(std::back_inserter(text), "#[Buckets = {:12}, SubBuckets     = {:12}]\n", 64 - kBucketBits,
                   kBuckets);
    return text;
}

}  // namespace faultline::results
