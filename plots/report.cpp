#include "plots/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "plots/chart.h"
#include "plots/parameter.h"

namespace faultline::plots {
namespace {

/// Narrow, since a phone shows it; few points, since a page of 300 benchmarks is to stay below 5 MB.
constexpr Canvas kOnPage = {440, 50};
constexpr const char* kOverview[] = {"side-by-side", "throughput", "stages", "migration", "oversubscription"};

RunSet of_one(const RunSet& set, const std::string& benchmark) {
    RunSet some{set.reference, set.environment, {}};
    for (const RunData& run : set.runs) {
        some.runs.push_back({run.uid, run.started_utc, {}});
        for (const Measured& m : run.benchmarks) {
            if (m.name == benchmark) some.runs.back().benchmarks.push_back(m);
        }
    }
    return some;
}

/// The older first, as charts have it.
std::vector<const RunSet*> sides(const ReportInput& input) {
    if (input.against) return {&*input.against, &input.run};
    return {&input.run};
}

/// "8af676f2 (label:nightly last:1)", "label:nightly (10 runs)": a reference alone says something else tomorrow.
std::string described(const RunSet& set) {
    if (set.runs.size() > 1) return fmt::format("{} ({} runs)", set.name(), set.runs.size());
    const std::string& uid = set.runs.front().uid;
    const std::string digits = uid.substr(0, 8);
    return uid.starts_with(set.reference) ? digits : fmt::format("{} ({})", digits, set.name());
}

class Planner {
public:
    explicit Planner(ReportInput&& input) { report_.input = std::move(input); }

    Report plan() {
        const ReportInput& input = report_.input;
        report_.title = described(input.run) + (input.against ? " against " + described(*input.against) : "");
        if (input.against) compare();
        overview();
        std::vector<std::string> names = input.run.benchmark_names();
        if (input.against) {
            for (const std::string& name : input.against->benchmark_names()) {
                if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
            }
        }
        for (const std::string& name : names) report_.sections.push_back(section(name));
        return std::move(report_);
    }

private:
    void compare() {
        Verdicts found = verdicts(*report_.input.against, report_.input.run);
        report_.refused = std::move(found.refused);
        report_.notes = std::move(found.notes);
        report_.differences = std::move(found.differences);
        judged_ = std::move(found.benchmarks);
    }

    void overview() {
        for (const char* name : kOverview) {
            const Chart* chart = find_chart(name);
            const auto pattern = NamePattern::compile(std::string(chart->pattern));
            if (!pattern) continue;  // every chart's own is one: a test loads them all
            std::vector<RunSet> sets;
            for (const RunSet* set : sides(report_.input)) sets.push_back(matching(*set, *pattern));
            keep(chart->draw(sets, kOnPage), report_.overview);
        }
        matrices();
    }

    /// A matrix of devices for each kind of transfer of the run.
    void matrices() {
        std::vector<std::string> kinds;
        for (const std::string& name : report_.input.run.benchmark_names()) {
            const auto pair = pair_of(name);
            if (pair && std::find(kinds.begin(), kinds.end(), pair->rest) == kinds.end()) kinds.push_back(pair->rest);
        }
        for (const std::string& kind : kinds) {
            RunSet set = report_.input.run;
            for (RunData& run : set.runs) {
                std::erase_if(run.benchmarks, [&](const Measured& m) {
                    const auto pair = pair_of(m.name);
                    return !pair || pair->rest != kind;
                });
            }
            keep(draw_p2p({set}, kOnPage), report_.overview);
        }
    }

    ReportSection section(const std::string& name) {
        const ReportInput& input = report_.input;
        ReportSection section{name, std::nullopt, {}, {}};
        std::vector<RunSet> sets;
        for (const RunSet* set : sides(input)) sets.push_back(of_one(*set, name));
        if (const auto found = judged_.find(name); found != judged_.end()) section.judged = found->second;
        keep(draw_percentiles(sets, kOnPage), section.pictures);
        if (input.history) {
            const RunSet history = of_one(*input.history, name);
            section.history = trend_of(history, name);
            keep(draw_trend({history}, kOnPage), section.pictures);
        }
        return section;
    }

    /// A chart whose data a run does not have is left out.
    void keep(Expected<Picture>&& picture, std::vector<std::size_t>& indices) {
        if (!picture) return;
        indices.push_back(report_.pictures.size());
        report_.pictures.push_back(*std::move(picture));
    }

    Report report_;
    std::map<std::string, Judged> judged_;
};

}  // namespace

Report plan_report(ReportInput input) { return Planner(std::move(input)).plan(); }

}  // namespace faultline::plots
