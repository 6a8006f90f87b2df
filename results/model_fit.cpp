#include "results/model_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <utility>

#include "results/statistics.h"

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
            repetitions_[plain_name(entry["run_name"])].push_back(&entry);
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
    std::vector<std::pair<unsigned, unsigned>> pairs(const std::string& prefix) const {
        std::map<std::pair<unsigned, unsigned>, bool> found;
        for (auto it = repetitions_.lower_bound(prefix); it != repetitions_.end() && it->first.starts_with(prefix);
             ++it) {
            const auto at = it->first.find("/pair:");
            unsigned a = 0;
            unsigned b = 0;
            if (at == std::string::npos || std::sscanf(it->first.c_str() + at, "/pair:%u-%u", &a, &b) != 2) continue;
            if (a != b && std::max(a, b) < kMaxDevices) found[{std::min(a, b), std::max(a, b)}] = true;
        }
        std::vector<std::pair<unsigned, unsigned>> all;
        for (const auto& [pair, unused] : found) all.push_back(pair);
        return all;
    }

private:
    /// "fault/thp/small/untouched/iterations:8/manual_time" without what Google Benchmark adds.
    static std::string plain_name(const std::string& name) {
        const auto end = std::min(name.find("/iterations:"), name.find("/manual_time"));
        return name.substr(0, end);
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

/// Of both directions.
Value of_pair(const Runs& runs, const std::string& family, const FittedLink& link, const char* counter) {
    std::vector<double> found;
    for (const auto& [from, to] : {std::pair(link.a, link.b), {link.b, link.a}}) {
        if (const Value value = runs.median_at(fmt::format("{}/pair:{}-{}", family, from, to), counter))
            found.push_back(*value);
    }
    return median(std::move(found));
}

FittedLink fit_link(const Runs& runs, unsigned a, unsigned b) {
    FittedLink link{.a = a, .b = b, .fast = false, .gb_per_s = {}, .latency_us = {}};
    const Value read = of_pair(runs, "p2p/remote_access/read/one", link, "bytes_per_second");
    const Value chase = of_pair(runs, "p2p/remote_chase/one", link, "latency_p50_ns");
    link.fast = read || chase;

    link.gb_per_s = link.latency_us = none("it takes p2p/copy/one of 2M and of 64M, or p2p/remote_access/read");
    const Value small = of_pair(runs, "p2p/copy/one/size:2M", link, "latency_p50_ns");
    const Value large = of_pair(runs, "p2p/copy/one/size:64M", link, "latency_p50_ns");
    if (small && large) {
        fit_line(*small / 1e3, kLargeKb, *large / 1e3, 32 * kLargeKb, "p2p/copy/one of 2M and 64M", link.gb_per_s,
                 link.latency_us);
    }
    // Both are at most what the link can do: a copy engine may be slower than it, and reads too few at a time.
    if (read && *read * 1e-9 > link.gb_per_s.value.value_or(0))
        link.gb_per_s = within(*read * 1e-9, kMaxRate, "p2p/remote_access/read/one");
    if (!link.fast) return link;

    const Value warm = runs.median_at("baseline/warm_access/malloc_device", "latency_p50_ns");
    if (chase && warm) {
        link.latency_us =
            within((*chase - *warm) / 1e3, kMaxTime_us, "p2p/remote_chase/one less baseline/warm_access/malloc_device");
    } else {
        link.latency_us = chase ? within(*chase / 1e3, kMaxTime_us, "p2p/remote_chase/one; a warm access is in it")
                                : none("it takes p2p/remote_chase/one");
    }
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

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    return out + '"';
}

std::string line(const char* key, const FittedFigure& figure) {
    if (!figure.value) return fmt::format("# {}: left out, {}\n", key, figure.why);
    const int digits = *figure.value < 1000 ? 4 : 7;  // whole numbers must come out whole
    return fmt::format("{} = {:.{}g}  # {}\n", key, *figure.value, digits, figure.why);
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

std::string to_toml(const ModelFit& fit, const std::string& origin) {
    const std::string what = fit.device.empty() ? "a device that the run does not name" : fit.device;
    std::string text = fmt::format("description = {}\n", quoted("fitted to " + what));
    text += fmt::format("source = {}\n", quoted("measured: " + origin));
    if (fit.devices > 1) text += fmt::format("devices = {}\n", fit.devices);
    if (fit.devices == 1) text += "# devices: 1, as no p2p benchmark ran on two\n";
    text += "\n[device]\n" + line("vram_mib", fit.vram_mib);
    text += "# eus, threads_per_eu, tiles: left out, they are the host's choice\n";
    text += "\n[fault]\n" + line("report_us", fit.fault_report_us);
    text += "# ack_us: left out, no benchmark tells it from the report\n";
    text += "\n[tlb]\n" + line("invalidation_us", fit.tlb_invalidation_us);
    text += "\n[copy]\n" + line("gb_per_s", fit.copy_gb_per_s) + line("latency_us", fit.copy_latency_us);
    text += "# engines: left out, no benchmark tells how many there are\n";
    if (fit.links.empty()) return text + "\n# [link]: left out, it takes the p2p benchmarks on two devices\n";
    text += "\n[link]\ntopology = \"none\"  # what is reached is said of each pair\n";
    for (const FittedLink& link : fit.links) {
        text += fmt::format("\n[[link.pairs]]\ndevices = [{}, {}]\nfast = {}  # {} reached\n", link.a, link.b,
                            link.fast, link.fast ? "memory was" : "no memory was seen to be");
        text += line("gb_per_s", link.gb_per_s) + line("latency_us", link.latency_us);
    }
    return text;
}

}  // namespace faultline::results
