#include <fmt/format.h>

#include <memory>

#include "runners/command/verb.h"
#include "runners/run/plan.h"
#include "runners/run/run_options.h"
#include "runners/run/suites.h"

namespace faultline::runners {
namespace {

struct ListOptions {
    std::string suite;  ///< empty: all suites and every benchmark
    Overrides overrides;
};

Status list(const ListOptions& options, const Layout& layout) {
    FL_ASSIGN_OR_RETURN(const Suite* suite, find_suite(options.suite.empty() ? "all" : options.suite));
    const DeviceRequest request = device_for(*suite, {});
    const Expected<DeviceEntry> device = choose_device(request, layout, nullptr);
    // Which benchmarks there are depends on the device: how many threads it has. Without one the programs list what a
    // large device would run.
    const auto environment =
        device ? device_environment(*device, layout, request.reference) : std::map<std::string, std::string>{};
    FL_ASSIGN_OR_RETURN(const FamiliesByProgram families, list_families(*suite, layout, environment, nullptr));
    FL_ASSIGN_OR_RETURN(const std::vector<Job> jobs, plan(*suite, options.overrides, layout, families));

    if (options.suite.empty()) {
        fmt::print("suites:\n");
        for (const Suite& s : suites()) fmt::print("  {:<13} {}\n", s.name, s.description);
    } else {
        fmt::print("{}: {}\n", suite->name, suite->description);
    }
    fmt::print("\nbenchmarks, {}:\n",
               device ? describe(device->record) : "as for a large device, since there is none here");
    std::string family;
    for (const Job& job : jobs) {
        if (job.family != family) fmt::print("\n{}: {}\n", job.family, job.question);
        family = job.family;
        for (const std::string& name : job.benchmarks) fmt::print("  {}\n", name);
    }
    return {};
}

Action define(Options& options) {
    const auto given = std::make_shared<ListOptions>();
    options.add("--suite", given->suite, "only this suite: " + suite_names());
    add_filter(options, given->overrides, "only benchmarks whose name matches this regular expression");
    return [given](const Invocation& invocation) {
        const Status status = list(*given, invocation.layout);
        return status ? kExitOk : report_error(status.error());
    };
}

}  // namespace

extern const Verb kList = {"list", "list suites and benchmarks", define};

}  // namespace faultline::runners
