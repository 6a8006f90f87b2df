#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "results/run_directory.h"
#include "runners/commands.h"
#include "runners/execute.h"
#include "runners/interrupt.h"
#include "runners/progress.h"
#include "runners/summary_table.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;
using results::Json;

/// faultline-runs/20260102T030405Z-quick, with a number where that is taken.
fs::path default_output(const std::tm& utc, const std::string& suite) {
    const std::string stem = fmt::format("{:%Y%m%dT%H%M%SZ}-{}", utc, suite);
    fs::path path = fs::path("faultline-runs") / stem;
    std::error_code error;
    for (int n = 2; fs::exists(path, error); ++n) path = fs::path("faultline-runs") / fmt::format("{}-{}", stem, n);
    return path;
}

int interrupted_status(const Interrupt& interrupt) { return 128 + interrupt.signal(); }

}  // namespace

int report_error(const Error& error) {
    std::string line = error.message;
    std::replace(line.begin(), line.end(), '\n', ' ');
    fmt::print(stderr, "faultline: {}\n", line);
    return error.kind == ErrorKind::kBadInput || error.kind == ErrorKind::kUnavailable ? kExitBadInput : kExitFailed;
}

int run_command(const RunOptions& options, const Layout& layout) {
    const Suite* suite = find_suite(options.suite);
    if (suite == nullptr) {
        return report_error(
            {ErrorKind::kBadInput, fmt::format("unknown suite \"{}\"; suites: {}", options.suite, suite_names())});
    }
    const Interrupt interrupt;
    const std::tm started = fmt::gmtime(std::time(nullptr));
    const auto start = std::chrono::steady_clock::now();

    const Expected<DeviceEntry> device = choose_device(options.device, layout, &interrupt);
    if (interrupt.signal() != 0) return interrupted_status(interrupt);
    if (!device) return report_error(device.error());
    const auto environment = device_environment(*device, layout, options.device.reference);
    const auto benchmarks = list_benchmarks(*suite, layout, environment, &interrupt);
    if (interrupt.signal() != 0) return interrupted_status(interrupt);
    if (!benchmarks) return report_error(benchmarks.error());
    const Expected<std::vector<Job>> jobs = plan(*suite, options.overrides, layout, *benchmarks);
    if (!jobs) return report_error(jobs.error());

    const fs::path output = options.output.empty() ? default_output(started, options.suite) : options.output;
    Expected<results::RunDirectory> directory = results::RunDirectory::create(output);
    if (!directory) return report_error(directory.error());

    fmt::print(stderr, "{}\n", describe(device->record));
    Progress progress(*jobs, Terminal::of(STDERR_FILENO));
    Expected<Gathered> gathered = execute(*jobs, environment, *directory, interrupt, progress);
    if (!gathered) return report_error(gathered.error());

    results::Manifest manifest;
    manifest.faultline_version = FAULTLINE_VERSION;
    manifest.suite = options.suite;
    manifest.command_line = options.command_line;
    manifest.started_utc = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", started);
    manifest.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    manifest.interrupted = gathered->interrupted;
    manifest.device = device->record;
    manifest.families = gathered->families;
    gathered->report.context["faultline"] = {
        {"version", manifest.faultline_version}, {"suite", manifest.suite}, {"device", to_json(manifest.device)}};
    if (Status s = directory->commit(gathered->report, manifest); !s.ok()) return report_error(s.error());

    fmt::print("{}\nstored in {}\n",
               summary_text(manifest, gathered->report, std::clamp(Terminal::of(STDOUT_FILENO).columns, 80, 100)),
               directory->path().string());
    if (interrupt.signal() != 0) return interrupted_status(interrupt);
    return gathered->all_ok() ? kExitOk : kExitFailed;
}

}  // namespace faultline::runners
