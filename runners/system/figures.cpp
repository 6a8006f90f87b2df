#include "runners/system/figures.h"

#include <fmt/format.h>

#include <cstdlib>
#include <set>

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;

/// Numbers of the directories sys/devices/system/cpu/cpuN.
std::vector<fs::path> cpus(const SystemRoots& roots) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator it(roots.sys / "devices/system/cpu", error), end; !error && it != end;
         it.increment(error)) {
        const std::string name = it->path().filename().string();
        if (name.size() > 3 && name.starts_with("cpu") &&
            name.find_first_not_of("0123456789", 3) == std::string::npos) {
            found.push_back(it->path());
        }
    }
    return found;
}

Check check_governor(const SystemRoots& roots) {
    std::set<std::string> governors;
    for (const fs::path& cpu : cpus(roots)) {
        if (const auto governor = first_line(cpu / "cpufreq/scaling_governor")) governors.insert(*governor);
    }
    Check check{.name = "cpu-governor"};
    if (governors.empty()) {
        check.found = "no frequency scaling to be seen (a virtual machine, or fixed)";
        return check;
    }
    for (const std::string& governor : governors) check.found += (check.found.empty() ? "" : ", ") + governor;
    if (governors != std::set<std::string>{"performance"}) {
        check.health = Health::kWarning;
        check.advice = "for steady figures: cpupower frequency-set -g performance";
    }
    return check;
}

Check check_thp(const SystemRoots& roots) {
    const auto line = first_line(roots.sys / "kernel/mm/transparent_hugepage/enabled");
    if (!line) {
        return {.name = "thp",
                .health = Health::kWarning,
                .found = "no transparent huge pages: 2 MiB migrations handle 512 pages each",
                .advice = "use a kernel with CONFIG_TRANSPARENT_HUGEPAGE"};
    }
    if (line->find("[never]") != std::string::npos) {
        return {.name = "thp",
                .health = Health::kWarning,
                .found = *line + ": 2 MiB migrations handle 512 pages each",
                .advice = "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled"};
    }
    return {.name = "thp", .found = *line};
}

Check check_load(const SystemRoots& roots) {
    const auto line = first_line(roots.proc / "loadavg");
    if (!line) return {.name = "load", .health = Health::kWarning, .found = "the load average cannot be read"};
    const double load = std::strtod(line->c_str(), nullptr);
    const std::size_t count = cpus(roots).size();
    Check check{.name = "load", .found = fmt::format("{:.2f} over the last minute on {} CPUs", load, count)};
    if (load > 0.25 * static_cast<double>(count)) {
        check.health = Health::kWarning;
        check.advice = "other work disturbs the figures: wait until the machine is idle";
    }
    return check;
}

}  // namespace

std::vector<Check> figure_checks(const SystemRoots& roots) {
    return {check_governor(roots), check_thp(roots), check_load(roots)};
}

}  // namespace faultline::runners
