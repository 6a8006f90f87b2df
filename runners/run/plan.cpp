#include "runners/run/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <set>
#include <sstream>

#include "runners/system/subprocess.h"
#include "vocabulary/benchmark_name.h"

namespace faultline::runners {
namespace {

constexpr std::chrono::seconds kListLimit{60};

Expected<std::regex> compile(std::string_view text, const char* what) {
    try {
        return std::regex(text.begin(), text.end(), std::regex::ECMAScript | std::regex::optimize);
    } catch (const std::regex_error& e) {
        return Error{ErrorKind::kBadInput,
                     fmt::format("{} \"{}\" is not a regular expression: {}", what, text, e.what())};
    }
}

std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> found;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        if (!line.empty()) found.push_back(line);
    }
    return found;
}

Job job_of(const Selection& selection, const Overrides& overrides, const Layout& layout, const std::string& family) {
    Job job;
    job.family = family;
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
                                const std::map<std::string, std::vector<std::string>>& benchmarks_of) {
    FL_ASSIGN_OR_RETURN(const std::regex user, compile(overrides.filter, "--filter"));
    std::vector<Job> jobs;
    std::set<std::string> taken;
    for (const Selection& selection : suite.selections) {
        FL_ASSIGN_OR_RETURN(const std::regex own, compile(selection.filter, "the suite's filter"));
        const std::size_t first = jobs.size();
        for (const std::string& name : benchmarks_of.at(std::string(selection.program))) {
            if (!std::regex_search(name, own) || !std::regex_search(name, user)) continue;
            if (!taken.insert(name).second) continue;
            const std::string family = family_of(name);
            auto job = std::find_if(jobs.begin() + static_cast<std::ptrdiff_t>(first), jobs.end(),
                                    [&](const Job& j) { return j.family == family; });
            if (job == jobs.end()) job = jobs.insert(job, job_of(selection, overrides, layout, family));
            job->benchmarks.push_back(name);
            job->estimate += selection.estimate * job->repetitions;
        }
    }
    if (jobs.empty()) {
        return Error{ErrorKind::kBadInput,
                     fmt::format("--filter \"{}\" leaves no benchmark of suite {}; see `faultline list --suite {}`",
                                 overrides.filter, suite.name, suite.name)};
    }
    return jobs;
}

Expected<std::map<std::string, std::vector<std::string>>> list_benchmarks(
    const Suite& suite, const Layout& layout, const std::map<std::string, std::string>& environment,
    const Interrupt* interrupt) {
    std::map<std::string, std::vector<std::string>> found;
    for (const Selection& selection : suite.selections) {
        const std::string program(selection.program);
        if (found.contains(program)) continue;
        const ChildCommand command{
            .argv = {(layout.programs / program).string(), "--benchmark_list_tests=true", "--benchmark_filter=."},
            .environment = environment,
            .time_limit = kListLimit};
        FL_ASSIGN_OR_RETURN(const ChildResult child, run_child(command, interrupt));
        if (!child.ok()) {
            const std::vector<std::string> said = lines(child.err);
            return Error{ErrorKind::kUnavailable,
                         fmt::format("{} cannot list its benchmarks: {}{}{}", program, describe_end(child, command),
                                     said.empty() ? "" : ": ", said.empty() ? "" : said.back())};
        }
        for (const std::string& line : lines(child.out)) found[program].push_back(canonical(line));
    }
    return found;
}

}  // namespace faultline::runners
