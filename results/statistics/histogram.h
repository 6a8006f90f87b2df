// A distribution of latencies: every sample while they are few, log-linear buckets once they are many.
//
// Up to kExactSamples samples are kept as they are. Beyond that a value of 512 ns or more is known to its bucket, of
// which each power of two has 256: figures are the bucket's middle, off by at most kRelativeError. Smallest and largest
// are always exact. Merging loses nothing: in whatever order and grouping, it gives what adding every sample to one
// histogram would have given. Thread safety: values.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/expected.h"

namespace faultline::results {

class LatencyHistogram {
public:
    static constexpr std::uint64_t kExactSamples = 1024;
    static constexpr double kRelativeError = 1.0 / 512;

    void add(std::uint64_t nanoseconds);
    void merge(const LatencyHistogram& other);

    std::uint64_t count() const { return count_; }
    bool empty() const { return count_ == 0; }
    bool is_exact() const { return exact_; }
    /// REQUIRES: not empty.
    std::uint64_t min() const { return min_; }
    std::uint64_t max() const { return max_; }
    double mean() const;
    double standard_deviation() const;

    /// One value that occurs, as the middle of its bucket, and how many samples are not larger.
    struct Step {
        double nanoseconds;
        std::uint64_t cumulative;
    };
    /// Ascending; the last one's `cumulative` is count().
    std::vector<Step> steps() const;
    /// The smallest value that at least `fraction` of the samples do not exceed (nearest rank). REQUIRES: not empty.
    double quantile(double fraction) const;

    /// For the store: one byte of version, one of kind, then LEB128 numbers; of equal histograms, equal.
    std::vector<std::uint8_t> encode() const;
    /// Error: kBadInput; never more than it says, whatever the bytes are.
    static Expected<LatencyHistogram> decode(std::span<const std::uint8_t> bytes);

    friend bool operator==(const LatencyHistogram&, const LatencyHistogram&) = default;

private:
    void add(std::uint64_t key, std::uint64_t count);
    void bucket_all();
    double middle(std::uint64_t key) const;

    std::map<std::uint64_t, std::uint64_t> counts_;  ///< of a value while exact, else of a bucket
    std::uint64_t count_ = 0;
    std::uint64_t min_ = 0;
    std::uint64_t max_ = 0;
    bool exact_ = true;
};

/// HdrHistogram's percentile text (.hgrm), values in ns, five steps each time the distance to 100 % halves.
std::string to_hgrm(const LatencyHistogram& histogram);

}  // namespace faultline::results
