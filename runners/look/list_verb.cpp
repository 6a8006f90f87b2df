#include <fmt/format.h>

#include <memory>

#include "runners/command/options.h"
#include "runners/command/verb.h"
#include "runners/run/plan.h"
#include "runners/run/suites.h"

namespace faultline::runners {
namespace {

std::string heading(const std::string& family) {
    const std::string_view asked = question(family);
    return asked.empty() ? family : fmt::format("{}: {}", family, asked);
}

/// `suite_name` empty: all suites and every benchmark.
int list_benchmarks_of(const std::string& suite_name, const Layout& layout) {
    const Suite* suite = find_suite(suite_name.empty() ? "all" : suite_name);
    if (suite == nullptr) {
        return report_error(
            {ErrorKind::kBadInput, fmt::format("unknown suite \"{}\"; suites: {}", suite_name, suite_names())});
    }
    const DeviceRequest request = device_for(*suite, {});
    const Expected<DeviceEntry> device = choose_device(request, layout, nullptr);
    // Which benchmarks there are depends on the device: how many threads it has. Without one the programs list what a
    // large device would run.
    const auto environment =
        device ? device_environment(*device, layout, request.reference) : std::map<std::string, std::string>{};
    const auto benchmarks = list_benchmarks(*suite, layout, environment, nullptr);
    if (!benchmarks) return report_error(benchmarks.error());
    const Expected<std::vector<Job>> jobs = plan(*suite, Overrides{}, layout, *benchmarks);
    if (!jobs) return report_error(jobs.error());

    if (suite_name.empty()) {
        fmt::print("suites:\n");
        for (const Suite& s : suites()) fmt::print("  {:<13} {}\n", s.name, s.description);
    } else {
        fmt::print("{}: {}\n", suite->name, suite->description);
    }
    fmt::print("\nbenchmarks, {}:\n",
               device ? describe(device->record) : "as for a large device, since there is none here");
    std::string family;
    for (const Job& job : *jobs) {
        if (job.family != family) fmt::print("\n{}\n", heading(job.family));
        family = job.family;
        for (const std::string& name : job.benchmarks) fmt::print("  {}\n", name);
    }
    return kExitOk;
}

Action define(Options& options) {
    const auto suite = std::make_shared<std::string>();
    options.add("--suite", *suite, "only this suite: " + suite_names());
    return [suite](const Invocation& invocation) { return list_benchmarks_of(*suite, invocation.layout); };
}

}  // namespace

extern const Verb kList = {"list", "list suites and benchmarks", define};

}  // namespace faultline::runners
