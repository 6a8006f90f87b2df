#include "runners/system/fitness.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <set>
#include <sstream>

#include "runners/system/figures.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;

/// The share of one processor from which a process counts as busy.
constexpr double kBusy = 0.1;
constexpr std::size_t kNamesShown = 3;

/// Whole numbers of /proc/PID/stat that come after the name, which may hold blanks and parentheses.
struct ProcessStat {
    std::string name;
    std::uint64_t ticks = 0;  ///< user and system
    std::uint64_t start = 0;
};

std::optional<ProcessStat> read_stat(const fs::path& process) {
    const auto line = first_line(process / "stat");
    if (!line) return std::nullopt;
    const auto open = line->find('(');
    const auto close = line->rfind(')');
    if (open == std::string::npos || close == std::string::npos || close < open) return std::nullopt;
    std::istringstream rest(line->substr(close + 1));
    std::vector<std::string> fields;  // from the state, field 3, on
    for (std::string field; rest >> field;) fields.push_back(field);
    constexpr std::size_t kUtime = 14 - 3, kStime = 15 - 3, kStart = 22 - 3;
    if (fields.size() <= kStart) return std::nullopt;
    const auto number = [&](std::size_t i) { return std::strtoull(fields[i].c_str(), nullptr, 10); };
    return ProcessStat{line->substr(open + 1, close - open - 1), number(kUtime) + number(kStime), number(kStart)};
}

std::string throttled(const SystemRoots& roots) {
    std::set<std::string> found;
    std::error_code error;
    for (fs::directory_iterator it(roots.sys / "class/thermal", error), end; !error && it != end; it.increment(error)) {
        const auto type = first_line(it->path() / "type");
        const auto state = first_line(it->path() / "cur_state");
        if (!type || !state || std::strtol(state->c_str(), nullptr, 10) <= 0) continue;
        // Fans and displays are cooling devices too.
        if (*type == "Processor" || *type == "intel_powerclamp" || type->starts_with("cpufreq") ||
            type->starts_with("thermal-cpufreq") || type->starts_with("idle-"))
            found.insert(*type);
    }
    std::string names;
    for (const std::string& name : found) names += (names.empty() ? "" : ", ") + name;
    return names;
}

std::string busy_others(const OthersWork& before, const OthersWork& after) {
    const double elapsed = std::chrono::duration<double>(after.taken - before.taken).count();
    const double enough = kBusy * elapsed * static_cast<double>(::sysconf(_SC_CLK_TCK));
    std::set<std::string> names;
    std::size_t count = 0;
    for (const auto& [process, ticks] : after.ticks) {
        const auto old = before.ticks.find(process);
        if (old == before.ticks.end()) continue;  // it has just begun
        const auto spent = static_cast<double>(ticks - std::min(ticks, old->second));
        // One tick is what the clock's grain gives to anybody.
        if (spent < enough || spent <= 1) continue;
        ++count;
        if (names.size() < kNamesShown) names.insert(after.names.at(process.first));
    }
    if (count == 0) return "";
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return fmt::format("{} busy: {}", count, list);
}

}  // namespace

OthersWork OthersWork::now(const SystemRoots& roots, unsigned own_user) {
    OthersWork work;
    std::error_code error;
    for (fs::directory_iterator it(roots.proc, error), end; !error && it != end; it.increment(error)) {
        const std::string name = it->path().filename().string();
        int id = 0;
        const auto [stop, bad] = std::from_chars(name.data(), name.data() + name.size(), id);
        if (bad != std::errc{} || stop != name.data() + name.size()) continue;
        struct ::stat owner {};
        if (::stat(it->path().c_str(), &owner) != 0 || owner.st_uid == own_user) continue;
        const auto stat = read_stat(it->path());
        if (!stat) continue;  // it has just ended
        work.ticks[{id, stat->start}] = stat->ticks;
        work.names[id] = stat->name;
    }
    work.taken = std::chrono::steady_clock::now();
    return work;
}

std::vector<std::string> unfitness(const SystemRoots& roots, const OthersWork& before, const OthersWork& after) {
    std::vector<std::string> lines;
    for (const Check& check : figure_checks(roots)) {
        if (check.health != Health::kOk)
            lines.push_back(fmt::format("{}: {}; {}", check.name, check.found, check.advice));
    }
    if (const std::string devices = throttled(roots); !devices.empty())
        lines.push_back(fmt::format("thermal: the processors are slowed down by {}; let them cool", devices));
    if (const std::string busy = busy_others(before, after); !busy.empty())
        lines.push_back(fmt::format("other-users: {}; wait until they are done", busy));
    return lines;
}

}  // namespace faultline::runners
