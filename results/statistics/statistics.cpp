#include "results/statistics/statistics.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cassert>
#include <cmath>
#include <map>
#include <numeric>
#include <string>

namespace faultline::results {
namespace {

/// Medians of a few values each, without an allocation each.
class Scratch {
public:
    explicit Scratch(std::size_t size) : values_(size <= kFew ? few_ : (many_.resize(size), many_.data())) {}
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    double* values() { return values_; }

private:
    static constexpr std::size_t kFew = 32;
    double few_[kFew];
    std::vector<double> many_;
    double* values_;
};

/// The median of value(0) ... value(count - 1).
template <typename Value>
double median_of(std::size_t count, Value value) {
    if (count == 1) return value(0);
    if (count == 3) {  // the most usual number of repetitions
        const double x = value(0);
        const double y = value(1);
        return std::max(std::min(x, y), std::min(std::max(x, y), value(2)));
    }
    Scratch scratch(count);
    for (std::size_t i = 0; i < count; ++i) scratch.values()[i] = value(i);
    return median_in_place({scratch.values(), count});
}

/// Of the median of `n` against the median of `m`, in units of that of a single one.
double spread(std::size_t n, std::size_t m) {
    return std::sqrt(1 / static_cast<double>(n) + 1 / static_cast<double>(m));
}

double standard_deviation(const std::vector<double>& values) {
    const auto n = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
    double squares = 0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    return std::sqrt(squares / (n - 1));
}

}  // namespace

double median_in_place(std::span<double> values) {
    assert(!values.empty());
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    if (values.size() % 2 == 1) return *middle;
    return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

std::optional<Nested> Nested::of(const std::vector<Sample>& samples) {
    assert(!samples.empty());
    std::map<std::string, std::map<std::string, std::vector<double>>> boots;
    for (const Sample& sample : samples) {
        if (!(sample.value > 0) || !std::isfinite(sample.value)) return std::nullopt;
        boots[sample.boot][sample.process].push_back(std::log(sample.value));
    }
    Nested nested;
    for (const auto& [boot, processes] : boots) {
        for (const auto& [process, logs] : processes) {
            nested.logs_.insert(nested.logs_.end(), logs.begin(), logs.end());
            nested.process_ends_.push_back(nested.logs_.size());
        }
        nested.boot_ends_.push_back(nested.process_ends_.size());
    }
    return nested;
}

/// `pick(n)` chooses one of n; asked for once for each of them.
template <typename Pick>
double Nested::boot_median(std::size_t boot, Pick pick) const {
    const std::size_t first_process = boot == 0 ? 0 : boot_ends_[boot - 1];
    const std::size_t processes = boot_ends_[boot] - first_process;
    return median_of(processes, [&](std::size_t p) {
        const std::size_t process = first_process + pick(p, processes);
        const std::size_t first = process == 0 ? 0 : process_ends_[process - 1];
        const std::size_t repetitions = process_ends_[process] - first;
        return median_of(repetitions, [&](std::size_t r) { return logs_[first + pick(r, repetitions)]; });
    });
}

template <typename Pick>
double Nested::median_over(Pick pick) const {
    return median_of(boots(), [&](std::size_t b) { return boot_median(pick(b, boots()), pick); });
}

double Nested::median() const {
    return median_over([](std::size_t i, std::size_t) { return i; });
}

double Nested::resampled_median(Random& random) const {
    return median_over([&](std::size_t, std::size_t count) { return draw_index(random, count); });
}

std::vector<double> Nested::boot_medians() const {
    std::vector<double> medians;
    for (std::size_t b = 0; b < boots(); ++b) {
        medians.push_back(boot_median(b, [](std::size_t i, std::size_t) { return i; }));
    }
    return medians;
}

std::vector<double> Nested::process_medians() const {
    std::vector<double> medians;
    std::size_t first = 0;
    for (const std::size_t end : process_ends_) {
        medians.push_back(median_of(end - first, [&](std::size_t r) { return logs_[first + r]; }));
        first = end;
    }
    return medians;
}

Interval middle_of(std::vector<double>& values, double confidence) {
    assert(!values.empty());
    std::sort(values.begin(), values.end());
    // As many are left out below as above.
    const double outside = (1 - confidence) / 2 * static_cast<double>(values.size());
    const std::size_t skipped = std::min(static_cast<std::size_t>(outside), (values.size() - 1) / 2);
    return {values[skipped], values[values.size() - 1 - skipped]};
}

Interval bootstrap_difference(const Nested& a, const Nested& b, double confidence, int resamples, Random& random) {
    std::vector<double> differences(static_cast<std::size_t>(resamples));
    for (double& difference : differences) {
        const double of_a = a.resampled_median(random);
        difference = b.resampled_median(random) - of_a;
    }
    return middle_of(differences, confidence);
}

double boot_allowance(const Nested& a, const Nested& b, std::size_t enough, double assumed, double confidence) {
    const double tail = (1 - confidence) / 2;
    const Nested& larger = a.boots() >= b.boots() ? a : b;
    double deviations = 0;
    if (larger.boots() >= enough) {
        const boost::math::students_t student(static_cast<double>(larger.boots() - 1));
        deviations = boost::math::quantile(complement(student, tail)) * standard_deviation(larger.boot_medians());
    } else {
        deviations = boost::math::quantile(complement(boost::math::normal(), tail)) * assumed;
    }
    return deviations * spread(a.boots(), b.boots());
}

double noise_floor(std::span<const double> units, std::size_t size_a, std::size_t size_b, double confidence, int splits,
                   Random& random) {
    assert(units.size() >= 4);
    const std::size_t half = units.size() / 2;
    std::vector<double> order(units.begin(), units.end());
    std::vector<double> scratch(order.size());
    std::vector<double> differences(static_cast<std::size_t>(splits));
    for (double& difference : differences) {
        std::shuffle(order.begin(), order.end(), random);
        scratch = order;
        const std::span<double> all(scratch);
        difference = std::abs(median_in_place(all.first(half)) - median_in_place(all.subspan(half)));
    }
    std::sort(differences.begin(), differences.end());
    const auto rank = static_cast<std::size_t>(confidence * static_cast<double>(splits));
    return differences[std::min(rank, differences.size() - 1)] * spread(size_a, size_b) /
           spread(half, units.size() - half);
}

}  // namespace faultline::results
