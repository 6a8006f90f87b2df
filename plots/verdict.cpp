#include "plots/verdict.h"

#include <algorithm>

#include "plots/spread.h"

namespace faultline::plots {
namespace {

constexpr double kSmallestGain = 1.05;  // smaller differences are no news

Judged judge(const std::vector<double>& before, const std::vector<double>& after) {
    const auto [before_min, before_max] = std::minmax_element(before.begin(), before.end());
    const auto [after_min, after_max] = std::minmax_element(after.begin(), after.end());
    Judged judged;
    judged.gain = spread_of(before).median / spread_of(after).median;
    judged.gain_low = *before_min / *after_max;
    judged.gain_high = *before_max / *after_min;
    const bool enough = before.size() >= 2 && after.size() >= 2;  // one repetition has no range
    if (enough && judged.gain >= kSmallestGain && judged.gain_low > 1) judged.verdict = Verdict::kBetter;
    if (enough && judged.gain <= 1 / kSmallestGain && judged.gain_high < 1) judged.verdict = Verdict::kWorse;
    return judged;
}

}  // namespace

std::map<std::string, Judged> verdicts(const RunSet& before, const RunSet& after) {
    std::map<std::string, Judged> all;
    for (const std::string& name : before.benchmark_names()) {
        const auto a = before.values(name, kCompared);
        const auto b = after.values(name, kCompared);
        if (!a.empty() && !b.empty()) all.emplace(name, judge(a, b));
    }
    return all;
}

}  // namespace faultline::plots
