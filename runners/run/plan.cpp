#include "runners/run/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "runners/system/subprocess.h"
#include "vocabulary/name_pattern.h"

namespace faultline::runners {
namespace {

constexpr std::chrono::seconds kListLimit{60};

Expected<NamePattern> compile(std::string_view text, const char* whose) {
    Expected<NamePattern> pattern = NamePattern::compile(std::string(text));
    if (pattern) return pattern;
    return Error{pattern.error().kind,
                 fmt::format("{} \"{}\" is not a regular expression: {}", whose, text, pattern.error().message)};
}

Job job_of(const Selection& selection, const Overrides& overrides, const Layout& layout, const ListedFamily& family) {
    Job job;
    job.family = family.name;
    job.question = family.question;
    job.program = (layout.programs / selection.program).string();
    job.repetitions = overrides.repetitions.value_or(selection.repetitions);
    job.min_time = overrides.min_time.value_or(selection.min_time);
    job.time_limit = overrides.time_limit ? std::chrono::milliseconds(static_cast<long>(*overrides.time_limit * 1000))
                                          : std::chrono::milliseconds(selection.time_limit);
    return job;
}

}  // namespace

DeviceRequest device_for(const Suite& suite, DeviceRequest asked) {
    if (suite.model.empty() || asked.kind == "xe") return asked;
    asked.kind = "reference";
    if (asked.reference.model.empty()) asked.reference.model = suite.model;
    return asked;
}

Expected<std::vector<Job>> plan(const Suite& suite, const Overrides& overrides, const Layout& layout,
                                const FamiliesByProgram& families) {
    FL_ASSIGN_OR_RETURN(const NamePattern asked, compile(overrides.filter, overrides.filter_option));
    std::vector<Job> jobs;
    std::set<std::string> taken;
    for (const Selection& selection : suite.selections) {
        FL_ASSIGN_OR_RETURN(const NamePattern own, compile(selection.filter, "the suite's filter"));
        FL_ASSIGN_OR_RETURN(const NamePattern except, compile(selection.except, "the suite's exception"));
        for (const ListedFamily& family : families.at(std::string(selection.program))) {
            Job job = job_of(selection, overrides, layout, family);
            for (const std::string& name : family.benchmarks) {
                if (!own.is_in(name) || !asked.is_in(name)) continue;
                if (!selection.except.empty() && except.is_in(name)) continue;
                if (taken.insert(name).second) job.benchmarks.push_back(name);
            }
            if (job.benchmarks.empty()) continue;
            job.estimate = selection.estimate * job.repetitions * static_cast<double>(job.benchmarks.size());
            jobs.push_back(std::move(job));
        }
    }
    if (jobs.empty()) {
        return Error{ErrorKind::kBadInput,
                     fmt::format("{} \"{}\" leaves no benchmark of suite {}; see `faultline list --suite {}`",
                                 overrides.filter_option, overrides.filter, suite.name, suite.name)};
    }
    return jobs;
}

Expected<FamiliesByProgram> list_families(const Suite& suite, const Layout& layout,
                                          const std::map<std::string, std::string>& environment,
                                          const Interrupt* interrupt) {
    FamiliesByProgram found;
    for (const Selection& selection : suite.selections) {
        const std::string program(selection.program);
        if (found.contains(program)) continue;
        const ChildCommand command{.argv = {(layout.programs / program).string(), std::string(kListFlag)},
                                   .environment = environment,
                                   .time_limit = kListLimit};
        FL_ASSIGN_OR_RETURN(const ChildResult child, run_child(command, interrupt));
        if (!child.ok()) {
            const std::string said = last_line(child.err);
            return Error{ErrorKind::kUnavailable,
                         fmt::format("{} cannot list its benchmarks: {}{}{}", program, describe_end(child, command),
                                     said.empty() ? "" : ": ", said)};
        }
        Expected<std::vector<ListedFamily>> families = parse_families(child.out);
        if (!families) return Error{families.error().kind, fmt::format("{}: {}", program, families.error().message)};
        found[program] = *std::move(families);
    }
    return found;
}

}  // namespace faultline::runners
