#include "results/model_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "results/statistics/statistics.h"
#include "vocabulary/benchmark_name.h"

namespace faultline::results {
namespace {

// Limits of a model's keys: what is beyond them is no such figure.
constexpr double kMaxRate = 1e4;
constexpr double kMaxTime_us = 1e6;
constexpr unsigned kMaxDevices = 8;

constexpr double kSmallKb = 64;
constexpr double kLargeKb = 2048;

using Value = std::optional<double>;

Value number(const Json& entry, const std::string& key) {
    const auto it = entry.find(key);
    if (it == entry.end() || !it->is_number()) return std::nullopt;
    const double value = it->get<double>();
    return std::isfinite(value) ? Value(value) : std::nullopt;
}

Value median(std::vector<double> values) { return values.empty() ? std::nullopt : Value(median_in_place(values)); }

/// The repetitions of a report by the names that the suite gives them, without those that failed.
class Runs {
public:
    explicit Runs(const BenchmarkReport& report) {
        for (const Json& entry : report.benchmarks) {
            if (entry["run_type"] != "iteration" || entry.value("error_occurred", false)) continue;
            repetitions_[entry["run_name"].get<std::string>()].push_back(&entry);
        }
    }

    using Reading = std::function<Value(const Json&)>;
    /// The median of what `read` finds in the repetitions of the benchmarks whose names begin with `prefix`, and of no
    /// others.
    Value median_of(const std::string& prefix, const Reading& read) const {
        std::vector<double> found;
        for (auto it = repetitions_.lower_bound(prefix); it != repetitions_.end() && it->first.starts_with(prefix);
             ++it)
            collect(it->second, read, found);
        return median(std::move(found));
    }
    Value median_at(const std::string& name, const Reading& read) const {
        std::vector<double> found;
        if (const auto it = repetitions_.find(name); it != repetitions_.end()) collect(it->second, read, found);
        return median(std::move(found));
    }
    Value median_at(const std::string& name, const char* counter) const {
        return median_at(name, [&](const Json& entry) { return number(entry, counter); });
    }

    /// Every pair a-b, a < b, that a benchmark of `prefix` ran on.
    std::set<std::pair<unsigned, unsigned>> pairs(const std::string& prefix) const {
        std::set<std::pair<unsigned, unsigned>> found;
        for (auto it = repetitions_.lower_bound(prefix); it != repetitions_.end() && it->first.starts_with(prefix);
             ++it) {
            const auto name = BenchmarkName::parse(it->first);
            if (!name) continue;
            const auto from = device_in(*name, "from");
            const auto to = device_in(*name, "to");
            if (from && to && *from != *to) found.emplace(std::min(*from, *to), std::max(*from, *to));
        }
        return found;
    }

private:
    static std::optional<unsigned> device_in(const BenchmarkName& name, std::string_view key) {
        const std::string text = name.parameter(key).value_or("");
        unsigned device = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), device);
        const bool is_one = error == std::errc() && end == text.data() + text.size() && device < kMaxDevices;
        return is_one ? std::optional(device) : std::nullopt;
    }
    static void collect(const std::vector<const Json*>& entries, const Reading& read, std::vector<double>& found) {
        for (const Json* entry : entries)
            if (const Value value = read(*entry)) found.push_back(*value);
    }

    std::map<std::string, std::vector<const Json*>> repetitions_;
};

FittedFigure none(std::string why) { return {std::nullopt, std::move(why)}; }

/// `value` where a model can say so.
FittedFigure within(double value, double high, std::string why) {
    if (value > 0 && value <= high) return {value, std::move(why)};
    return none(fmt::format("{} gives {:.6g}, which is no such figure", why, value));
}

/// Mean time that the driver worked on a fault.
Value service_us(const Json& entry) {
    const Value faults = number(entry, "faults");
    if (!faults || *faults <= 0) return std::nullopt;
    if (const Value all = number(entry, "gt.pagefault_us")) return *all / *faults;
    Value sum;
    for (const char* size : {"4K", "64K", "2M"}) {
        if (const Value part = number(entry, fmt::format("gt.svm_{}_pagefault_us", size)))
            sum = sum.value_or(0) + *part;
    }
    return sum ? Value(*sum / *faults) : std::nullopt;
}

FittedFigure fault_report(const Runs& runs) {
    static constexpr const char* kOneByOne[] = {"fault/thp/small/untouched", "fault/order/sequential/threads:1",
                                                "fault/parallelism/read/threads:1"};
    bool ran = false;
    for (const char* name : kOneByOne) {
        ran = ran || runs.median_at(name, "latency_p50_ns");
        const Value us = runs.median_at(name, [](const Json& entry) -> Value {
            const Value latency = number(entry, "latency_p50_ns");
            const Value service = service_us(entry);
            return latency && service ? Value(*latency / 1e3 - *service) : std::nullopt;
        });
        if (us) return within(*us, kMaxTime_us, fmt::format("{}, latency less pagefault_us; the ack is in it", name));
    }
    return none(ran ? "it takes the GT counters of faults" : fmt::format("it takes {}", kOneByOne[0]));
}

FittedFigure tlb_invalidation(const Runs& runs) {
    const auto each = [](const Json& entry) -> Value {
        const Value us = number(entry, "gt.svm_tlb_inval_us");
        const Value count = number(entry, "gt.svm_tlb_inval_count");
        return us && count && *count > 0 ? Value(*us / *count) : std::nullopt;
    };
    for (const char* prefix : {"invalidation/first_touch/device/", "invalidation/", "migration/"}) {
        if (const Value us = runs.median_of(prefix, each))
            return within(*us, kMaxTime_us, fmt::format("{}*, svm_tlb_inval_us of one", prefix));
    }
    return none("it takes invalidation/first_touch with GT counters");
}

/// How long the driver waited for each copy of that many KiB to the device.
Value copy_us(const Runs& runs, const char* size, double kb) {
    return runs.median_at(fmt::format("migration/to_device/fault/size:{}", size), [&](const Json& entry) -> Value {
        const Value us = number(entry, "gt.svm_device_copy_us");
        const Value copied = number(entry, "gt.svm_device_copy_kb");
        return us && copied && *copied > 0 ? Value(*us / (*copied / kb)) : std::nullopt;
    });
}

/// A line through two transfers: the rate is its slope, what is left of the smaller one the latency.
void fit_line(double small_us, double small_kb, double large_us, double large_kb, const std::string& why,
              FittedFigure& gb_per_s, FittedFigure& latency_us) {
    const double us_per_kb = (large_us - small_us) / (large_kb - small_kb);
    gb_per_s = us_per_kb > 0 ? within(1.024 / us_per_kb, kMaxRate, why)
                             : none(fmt::format("{}: the larger takes no longer than the smaller", why));
    latency_us = gb_per_s.value ? within(small_us - small_kb * us_per_kb, kMaxTime_us, why) : none(gb_per_s.why);
}

void fit_copies(const Runs& runs, ModelFit& fit) {
    const Value small = copy_us(runs, "64K", kSmallKb);
    const Value large = copy_us(runs, "2M", kLargeKb);
    if (small && large) {
        return fit_line(*small, kSmallKb, *large, kLargeKb,
                        "migration/to_device/fault, svm_device_copy_us of 64K and 2M", fit.copy_gb_per_s,
                        fit.copy_latency_us);
    }
    fit.copy_latency_us = none("it takes migration/to_device/fault of 64K and of 2M with GT counters");
    fit.copy_gb_per_s =
        large ? within(kLargeKb * 1.024 / *large, kMaxRate, "migration/to_device/fault/size:2M, latency and all")
              : fit.copy_latency_us;
}

/// From one device to another, as bytes go.
struct Way {
    unsigned from = 0;
    unsigned to = 0;
};

/// The median of what a family's benchmarks of these ways say.
Value on_ways(const Runs& runs, const std::vector<Way>& ways, const std::string& family, const char* counter) {
    std::vector<double> found;
    for (const auto& [from, to] : ways) {
        const std::string name = BenchmarkName(family).parameter("from", from).parameter("to", to).text();
        if (const Value value = runs.median_at(name, counter)) found.push_back(*value);
    }
    return median(std::move(found));
}

Value copy_ns(const Runs& runs, const std::vector<Way>& ways, const char* size) {
    return on_ways(runs, ways, fmt::format("p2p/copy/one/size:{}", size), "latency_p50_ns");
}

constexpr const char* kRemoteRead = "p2p/remote_access/read/one";
constexpr const char* kRemoteChase = "p2p/remote_chase/one";

Value read_bytes_per_second(const Runs& runs, const std::vector<Way>& ways) {
    return on_ways(runs, ways, kRemoteRead, "bytes_per_second");
}
Value chase_ns(const Runs& runs, const std::vector<Way>& ways) {
    return on_ways(runs, ways, kRemoteChase, "latency_p50_ns");
}

FittedSpeed fit_speed(const Runs& runs, const std::vector<Way>& ways, bool fast) {
    FittedSpeed fitted;
    fitted.gb_per_s = fitted.latency_us = none("it takes p2p/copy/one of 2M and of 64M, or p2p/remote_access/read");
    const Value small = copy_ns(runs, ways, "2M");
    const Value large = copy_ns(runs, ways, "64M");
    if (small && large) {
        fit_line(*small / 1e3, kLargeKb, *large / 1e3, 32 * kLargeKb, "p2p/copy/one of 2M and 64M", fitted.gb_per_s,
                 fitted.latency_us);
    }
    // Both are at most what the link can do: a copy engine may be slower than it, and reads too few at a time.
    const Value read = read_bytes_per_second(runs, ways);
    if (read && *read * 1e-9 > fitted.gb_per_s.value.value_or(0))
        fitted.gb_per_s = within(*read * 1e-9, kMaxRate, kRemoteRead);
    if (!fast) return fitted;

    const Value chase = chase_ns(runs, ways);
    const Value warm = runs.median_at("baseline/warm_access/malloc_device", "latency_p50_ns");
    if (chase && warm) {
        fitted.latency_us = within((*chase - *warm) / 1e3, kMaxTime_us,
                                   fmt::format("{} less baseline/warm_access/malloc_device", kRemoteChase));
    } else {
        fitted.latency_us =
            chase ? within(*chase / 1e3, kMaxTime_us, fmt::format("{}; a warm access is in it", kRemoteChase))
                  : none(fmt::format("it takes {}", kRemoteChase));
    }
    return fitted;
}

/// By more than a fit may be off.
bool differ(const FittedFigure& a, const FittedFigure& b) {
    constexpr double kAlike = 0.05;
    return a.value && b.value && std::abs(*a.value - *b.value) > kAlike * std::min(*a.value, *b.value);
}

/// What one direction does not tell, it has from the other.
void fill_in(FittedFigure& figure, const FittedFigure& other) {
    if (!figure.value && other.value) figure = {other.value, other.why + ", of the other direction"};
}

FittedLink fit_link(const Runs& runs, unsigned a, unsigned b) {
    const std::vector<Way> both = {{a, b}, {b, a}};
    FittedLink link{.a = a, .b = b, .fast = false, .speed = {}, .back = {}};
    link.fast = read_bytes_per_second(runs, both) || chase_ns(runs, both);
    FittedSpeed there = fit_speed(runs, {both[0]}, link.fast);
    FittedSpeed back = fit_speed(runs, {both[1]}, link.fast);
    if (!differ(there.gb_per_s, back.gb_per_s) && !differ(there.latency_us, back.latency_us)) {
        link.speed = fit_speed(runs, both, link.fast);
        return link;
    }
    for (auto figure : {&FittedSpeed::gb_per_s, &FittedSpeed::latency_us}) {
        fill_in(there.*figure, back.*figure);
        fill_in(back.*figure, there.*figure);
    }
    link.speed = std::move(there);
    link.back = std::move(back);
    return link;
}

std::string text_of(const Json& context, const char* key) {
    const auto it = context.find(key);
    return it != context.end() && it->is_string() ? it->get<std::string>() : "";
}

FittedFigure vram(const Json& context) {
    const std::string text = text_of(context, "env_device_vram_mib");
    if (text.empty()) return none("the run's context has no env_device_vram_mib");
    char* end = nullptr;
    const double mib = std::strtod(text.c_str(), &end);
    constexpr double kMaxVram_mib = 1 << 20;
    if (*end != '\0' || mib < 2) return none("env_device_vram_mib is no such figure");
    return within(std::floor(mib), kMaxVram_mib, "env_device_vram_mib");
}

bool tells_anything(const ModelFit& fit) {
    return fit.fault_report_us.value || fit.tlb_invalidation_us.value || fit.copy_gb_per_s.value || !fit.links.empty();
}

}  // namespace

Expected<ModelFit> fit_model(const BenchmarkReport& report, const std::string& origin) {
    const Runs runs(report);
    ModelFit fit;
    for (const char* key : {"device", "policy", "model"}) {
        const std::string value = text_of(report.context, key);
        if (!value.empty()) fit.device += (fit.device.empty() ? "" : ", ") + std::string(key) + " " + value;
    }
    fit.vram_mib = vram(report.context);
    fit.fault_report_us = fault_report(runs);
    fit.tlb_invalidation_us = tlb_invalidation(runs);
    fit_copies(runs, fit);
    for (const auto& [a, b] : runs.pairs("p2p/")) {
        fit.links.push_back(fit_link(runs, a, b));
        fit.devices = std::max(fit.devices, b + 1);
    }
    if (tells_anything(fit)) return fit;
    return Error{ErrorKind::kBadInput,
                 fmt::format("{}: nothing in it tells a device's figures; docs/models.md says which benchmarks do "
                             "(`faultline run --suite nightly`)",
                             origin)};
}

}  // namespace faultline::results
