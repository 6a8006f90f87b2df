#include "runners/run/run_suite.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <optional>

#include "base/version.h"
#include "results/run_directory.h"
#include "results/store/store.h"
#include "runners/command/exit_status.h"
#include "runners/run/execute.h"
#include "runners/run/progress.h"
#include "runners/run/recorder.h"
#include "runners/run/resume.h"
#include "runners/run/run_request.h"
#include "runners/run/summary_table.h"
#include "runners/system/fitness.h"
#include "runners/system/interrupt.h"
#include "runners/system/kernel_log.h"
#include "runners/system/run_environment.h"

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

/// What every report of the run says of the machine beside what the programs say, known before any of them runs.
Json run_facts(const DeviceEntry& device) {
    Json facts = kernel_facts("/boot", "/proc");
    if (device.record.kind == "xe") facts.update(xe_facts("/sys", device.pci));
    facts["device"] = device.record.name;
    facts["device_kind"] = device.record.kind;
    facts["driver_version"] = device.record.driver_version;
    for (const auto& [key, value] : {std::pair{"policy", &device.record.policy}, {"model", &device.record.model}}) {
        if (!value->empty()) facts[key] = *value;
    }
    return facts;
}

/// The run as it is stored from now on: a new one, or the earlier one under way again.
Expected<results::RunId> begin(results::Store& store, const Earlier& earlier, const RunOptions& options,
                               const std::string& uid, const results::Manifest& manifest,
                               const results::RunDirectory& directory, const Json& facts) {
    results::RunId run;
    const Status status = store.atomically([&]() -> Status {
        if (earlier.run) {
            run = earlier.run->id;
            FL_RETURN_IF_ERROR(end_cut_processes(store, run));
        } else {
            FL_ASSIGN_OR_RETURN(run, store.begin_run({.uid = uid,
                                                      .label = options.label,
                                                      .suite = options.suite,
                                                      .started_utc = manifest.started_utc,
                                                      .directory = directory.path(),
                                                      .request = to_json(options),
                                                      .context = facts}));
            if (options.night) {
                FL_RETURN_IF_ERROR(store.assign(run, *options.night));
            }
        }
        return store.set_work_directory(run, directory.work_path());
    });
    if (!status) return status.error();
    return run;
}

/// What ran earlier and what ran now, as one, with the context that the store has.
Expected<results::BenchmarkReport> joined(const Earlier& earlier, const Gathered& gathered, const results::Store& store,
                                          results::RunId run) {
    results::BenchmarkReport report = earlier.report;
    results::append(report, {.expected = {}, .report = gathered.report, .failure = {}});
    FL_ASSIGN_OR_RETURN(report.context, store.context_of(run));
    return report;
}

}  // namespace

Expected<RunEnd> run_suite(const RunOptions& given, const Layout& layout, const DeviceLock* held) {
    FL_ASSIGN_OR_RETURN(const Earlier earlier,
                        given.resume.empty() ? Earlier{} : load_earlier(given.database, given.resume));
    const RunOptions& options = earlier.run ? earlier.options : given;
    FL_RETURN_IF_ERROR(results::check_label(options.label));
    FL_ASSIGN_OR_RETURN(const Suite* suite, find_suite(options.suite));
    const Interrupt interrupt;
    const OthersWork others = OthersWork::now({}, ::getuid());
    const std::tm started = fmt::gmtime(std::time(nullptr));
    const auto start = std::chrono::steady_clock::now();

    const DeviceRequest request = device_for(*suite, options.device);
    const Expected<DeviceEntry> device = choose_device(request, layout, &interrupt);
    if (interrupt.signal() != 0) return RunEnd{.signal = interrupt.signal(), .ok = false};
    if (!device) return device.error();
    std::optional<DeviceLock> own;
    if (held == nullptr) {
        FL_ASSIGN_OR_RETURN(DeviceLock taken, DeviceLock::take(*device));
        own.emplace(std::move(taken));
    }
    Json facts = run_facts(*device);
    FL_RETURN_IF_ERROR(check_same_machine(earlier, facts));
    const auto environment = device_environment(*device, layout, request.reference);
    const auto families = list_families(*suite, layout, environment, &interrupt);
    if (interrupt.signal() != 0) return RunEnd{.signal = interrupt.signal(), .ok = false};
    if (!families) return families.error();
    FL_ASSIGN_OR_RETURN(std::vector<Job> jobs, plan(*suite, options.overrides, layout, *families));
    leave_out(jobs, earlier.done);

    // Not among the strings of the context: those are what runs have to have in common to be compared.
    const std::vector<std::string> unfit = unfitness({}, others, OthersWork::now({}, ::getuid()));
    facts["env_unfit"] = unfit;

    FL_ASSIGN_OR_RETURN(results::Store store, results::Store::open(given.database, results::Database::Mode::kCreate));
    const fs::path output = options.output.empty() ? default_output(started, options.suite) : options.output;
    FL_ASSIGN_OR_RETURN(results::RunDirectory directory,
                        earlier.run ? results::RunDirectory::reopen(output, earlier.run->work_directory)
                                    : results::RunDirectory::create(output));

    results::Manifest manifest;
    manifest.faultline_version = version();
    manifest.suite = options.suite;
    manifest.command_line = options.command_line;
    manifest.started_utc = earlier.run ? earlier.run->started_utc : fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", started);
    manifest.device = device->record;

    const std::string uid = earlier.run ? earlier.run->uid : results::draw_run_uid();
    facts["faultline"] = {{"version", manifest.faultline_version},
                          {"suite", manifest.suite},
                          {"device", to_json(manifest.device)},
                          {"run", uid},
                          {"label", options.label},
                          {"boot_id", boot_id("/proc")}};
    FL_ASSIGN_OR_RETURN(const results::RunId run, begin(store, earlier, options, uid, manifest, directory, facts));

    for (const std::string& line : unfit) fmt::print(stderr, "faultline: warning: {}\n", line);
    fmt::print(stderr, "{}\n", describe(device->record));
    Progress progress(jobs, Terminal::of(STDERR_FILENO));
    Recorder recorder(store, run, boot_id("/proc"), facts, directory.latency_directory(), earlier.done);
    directory.keep();
    const KernelLog kernel_log("/dev/kmsg");
    Expected<Gathered> gathered = execute(jobs, environment, directory, recorder, interrupt, progress);
    if (!gathered) {
        return Error{gathered.error().kind,
                     fmt::format("{}; `faultline run --resume {}` goes on from here", gathered.error().message, uid)};
    }

    if (!gathered->all_ok()) {
        FL_RETURN_IF_ERROR(directory.keep_log("dmesg", kernel_log.since()));
    }

    manifest.seconds =
        earlier.seconds + std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    manifest.interrupted = gathered->interrupted;
    manifest.families = earlier.families;
    manifest.families.insert(manifest.families.end(), gathered->families.begin(), gathered->families.end());
    FL_ASSIGN_OR_RETURN(const results::BenchmarkReport report, joined(earlier, *gathered, store, run));
    FL_RETURN_IF_ERROR(directory.commit(report, manifest));
    const auto state = gathered->interrupted ? results::RunState::kInterrupted : results::RunState::kComplete;
    FL_RETURN_IF_ERROR(store.end_run(run, state, manifest.seconds, directory.path()));

    fmt::print("{}\nrun {}\nstored in {}\n",
               summary_text(manifest, report, std::clamp(Terminal::of(STDOUT_FILENO).columns, 80, 100)), uid,
               directory.path().string());
    std::fflush(stdout);  // a night goes on for hours: its journal has each run's table when the run ends
    if (gathered->interrupted) fmt::print(stderr, "`faultline run --resume {}` goes on from here\n", uid);
    return RunEnd{.signal = interrupt.signal(), .ok = gathered->all_ok() && !earlier.failed()};
}

int run_suite_to_status(const RunOptions& options, const Layout& layout) {
    const Expected<RunEnd> end = run_suite(options, layout, nullptr);
    if (!end) return report_error(end.error());
    if (end->signal != 0) return 128 + end->signal;
    return end->ok ? kExitOk : kExitFailed;
}

}  // namespace faultline::runners
