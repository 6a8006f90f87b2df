#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>

#include "results/atomic_file.h"
#include "results/night/thin.h"
#include "results/store/store.h"
#include "runners/command/verb.h"
#include "runners/look/write_report.h"
#include "runners/nightly/judge.h"
#include "runners/run/run_request.h"
#include "runners/run/run_suite.h"
#include "runners/run/suites.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;
using results::Json;
using results::NightInfo;
using results::NightState;
using results::NightVerdict;
using results::RunInfo;
using results::Store;

constexpr const char* kLabel = "nightly";
constexpr int kMostResumes = 3;                      // of a night, lest a machine that it crashes boots for ever
constexpr std::uintmax_t kLeastFree = 256ULL << 20;  // bytes
constexpr std::uintmax_t kTimesTheLast = 2;          // of the bytes that the last night left

struct NightlyOptions {
    RunOptions run;     ///< what to measure, each time; its label is "nightly"
    unsigned runs = 5;  ///< processes of each benchmark: as few as a verdict takes
    JudgeOptions judge;
    fs::path report;      ///< a directory; empty: "nightly" beside the database
    bool resume = false;  ///< go on with the newest night, if it was cut short
};

Json to_json(const NightlyOptions& options) {
    return {{"run", to_json(options.run)},
            {"runs", options.runs},
            {"baseline", options.judge.baseline},
            {"nights", options.judge.nights},
            {"report", options.report.string()}};
}

/// `options` as the night was asked for; the database stays.
Expected<NightlyOptions> as_asked(const NightlyOptions& options, const NightInfo& night) {
    try {
        FL_ASSIGN_OR_RETURN(const RunOptions run, parse_run_request(night.request.at("run")));
        NightlyOptions asked = options;
        asked.run = run;
        asked.run.database = options.run.database;
        asked.runs = night.request.at("runs").get<unsigned>();
        asked.judge.baseline = night.request.at("baseline").get<std::string>();
        asked.judge.nights = night.request.at("nights").get<unsigned>();
        asked.report = night.request.at("report").get<std::string>();
        return asked;
    } catch (const Json::exception&) {
        return Error{ErrorKind::kBadInput,
                     fmt::format("night {} is not one that this faultline can go on with", night.id.number)};
    }
}

std::uintmax_t bytes_below(const fs::path& directory) {
    std::uintmax_t bytes = 0;
    std::error_code error;
    for (fs::recursive_directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
        std::error_code gone;
        const std::uintmax_t size = it->is_regular_file(gone) ? it->file_size(gone) : 0;
        if (!gone) bytes += size;
    }
    return bytes;
}

/// Room for what a night leaves, by what the last one left: a night that ends for want of it says nothing.
Status check_space(const Store& store) {
    FL_ASSIGN_OR_RETURN(const auto nights, store.nights());
    std::uintmax_t last = 0;
    for (const NightInfo& night : nights) {
        if (night.state != NightState::kComplete) continue;
        FL_ASSIGN_OR_RETURN(const auto runs, store.runs_of(night.id));
        for (const RunInfo& run : runs) last += run.directory.empty() ? 0 : bytes_below(run.directory);
        break;
    }
    const std::uintmax_t needed = std::max(kLeastFree, kTimesTheLast * last);
    const fs::path directory = fs::absolute(store.path()).parent_path();
    std::error_code error;
    const fs::space_info space = fs::space(directory, error);
    if (error) return Error{ErrorKind::kUnavailable, fmt::format("{}: {}", directory.string(), error.message())};
    if (space.available >= needed) return {};
    return Error{ErrorKind::kUnavailable,
                 fmt::format("{}: {} MiB free, and a night needs {}; free space, or name another place with --db",
                             directory.string(), space.available >> 20, needed >> 20)};
}

/// A baseline that is not there is found out before anything is measured, which takes hours.
Status check_baseline(const NightlyOptions& options) {
    if (options.judge.baseline.empty()) return {};
    FL_ASSIGN_OR_RETURN(const auto reference, results::parse_run_reference(options.judge.baseline));
    FL_ASSIGN_OR_RETURN(const auto store, Store::open(options.run.database, results::Database::Mode::kExisting));
    const auto runs = store.find(reference);
    return runs ? Status() : Status(runs.error());
}

Expected<DeviceLock> lock_device(const NightlyOptions& options, const Layout& layout) {
    FL_ASSIGN_OR_RETURN(const Suite* suite, find_suite(options.run.suite));
    FL_ASSIGN_OR_RETURN(const auto device, choose_device(device_for(*suite, options.run.device), layout, nullptr));
    return DeviceLock::take(device);
}

/// What the night still lacks. Returns the signal that ended it, or 0.
Expected<int> measure(const Store& store, const NightInfo& night, const NightlyOptions& options, const Layout& layout,
                      const DeviceLock& lock) {
    FL_ASSIGN_OR_RETURN(const auto earlier, store.runs_of(night.id));
    std::string stamp = night.started_utc;
    std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
    for (std::size_t i = 0; i < options.runs; ++i) {
        RunOptions run = options.run;
        run.label = kLabel;
        run.night = night.id;
        run.output =
            fs::absolute(store.path()).parent_path() / fmt::format("{}-night-{}-{}", stamp, night.id.number, i + 1);
        if (i < earlier.size()) {
            if (earlier[i].state == results::RunState::kComplete) continue;
            run.resume = earlier[i].uid;
        }
        FL_ASSIGN_OR_RETURN(const RunEnd end, run_suite(run, layout, &lock));
        if (end.signal != 0) return end.signal;
    }
    return 0;
}

/// The page of the night, beside the baseline where they are comparable, else beside the night before.
void add_report(NightVerdict& verdict, const Store& store, const NightInfo& night, const NightlyOptions& options) {
    ReportOptions report;
    report.run = fmt::format("night:{}", night.id.number);
    report.output = options.report;
    report.database = options.run.database;
    if (verdict.baseline && verdict.baseline->comparison) {
        report.against = options.judge.baseline;
    } else if (const auto before = nights_before(store, night); before && !before->empty()) {
        report.against = fmt::format("night:{}", before->front().number);
    }
    const Expected<fs::path> file = write_report(report);
    if (file) {
        verdict.report = file->string();
    } else {
        verdict.failures.push_back("no report: " + file.error().message);
    }
}

Status write_verdict(const NightlyOptions& options, const Json& verdict) {
    std::error_code error;
    fs::create_directories(options.report, error);
    if (error) return Error{ErrorKind::kUnavailable, fmt::format("{}: {}", options.report.string(), error.message())};
    return results::write_file_atomically(options.report / "verdict.json",
                                          verdict.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

/// What verdict.json says of a night that came to nothing.
Json failed_verdict(const NightInfo& night, const Error& error) {
    return {{"faultline_nightly", 1},   {"night", night.id.number},     {"started_utc", night.started_utc},
            {"outcome", "cannot tell"}, {"exit_status", kExitBadInput}, {"reasons", {error.message}}};
}

Status thin(Store& store, const NightlyOptions& options) {
    std::set<std::string> kept;
    if (!options.judge.baseline.empty()) {
        FL_ASSIGN_OR_RETURN(const auto reference, results::parse_run_reference(options.judge.baseline));
        FL_ASSIGN_OR_RETURN(const auto runs, store.find(reference));
        for (const RunInfo& run : runs) kept.insert(run.uid);
    }
    const auto thinned = results::thin_nights(store, std::time(nullptr), kept);
    return thinned ? Status() : Status(thinned.error());
}

/// Does what the night still lacks. After a kill some of it is done twice, with the same result.
Expected<int> finish(Store& store, const NightInfo& night, const NightlyOptions& options, const Layout& layout,
                     const DeviceLock& lock) {
    FL_ASSIGN_OR_RETURN(const int signal, measure(store, night, options, layout, lock));
    if (signal != 0) return 128 + signal;
    FL_ASSIGN_OR_RETURN(NightVerdict verdict, judge_night(store, night, options.judge));
    add_report(verdict, store, night, options);
    const Json json = results::to_json(verdict);
    FL_RETURN_IF_ERROR(write_verdict(options, json));
    FL_RETURN_IF_ERROR(store.end_night(night.id, NightState::kComplete, json, verdict.steps));
    fmt::print("{}", results::to_text(verdict));
    std::fflush(stdout);
    // The verdict stands; what could not be thinned is thinned another night.
    if (Status s = thin(store, options); !s) report_error(s.error());
    return static_cast<int>(outcome_of(verdict));
}

Expected<int> finish_or_say_why(Store& store, const NightInfo& night, const NightlyOptions& options,
                                const Layout& layout, const DeviceLock& lock) {
    Expected<int> status = finish(store, night, options, layout, lock);
    if (status) return status;
    const Error error = {status.error().kind, fmt::format("{}; `faultline nightly --resume` goes on with night {}",
                                                          status.error().message, night.id.number)};
    if (Status s = write_verdict(options, failed_verdict(night, error)); !s) report_error(s.error());
    return error;
}

Expected<int> start(NightlyOptions options, const Layout& layout) {
    FL_RETURN_IF_ERROR(check_baseline(options));
    FL_ASSIGN_OR_RETURN(const DeviceLock lock, lock_device(options, layout));
    FL_ASSIGN_OR_RETURN(Store store, Store::open(options.run.database, results::Database::Mode::kCreate));
    FL_RETURN_IF_ERROR(check_space(store));
    if (options.report.empty()) options.report = store.path().parent_path() / "nightly";
    options.report = fs::absolute(options.report);
    NightInfo night;
    night.started_utc = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
    night.request = to_json(options);
    FL_ASSIGN_OR_RETURN(night.id, store.begin_night(night.started_utc, night.request));
    return finish_or_say_why(store, night, options, layout, lock);
}

Expected<int> resume(const NightlyOptions& given, const Layout& layout) {
    FL_ASSIGN_OR_RETURN(Store store, Store::open(given.run.database, results::Database::Mode::kExisting));
    FL_ASSIGN_OR_RETURN(const auto nights, store.nights());
    if (nights.empty() || nights.front().state != NightState::kRunning) {
        fmt::print("no night was cut short\n");
        return kExitOk;
    }
    const NightInfo& night = nights.front();
    FL_ASSIGN_OR_RETURN(const NightlyOptions options, as_asked(given, night));
    FL_ASSIGN_OR_RETURN(const DeviceLock lock, lock_device(options, layout));
    if (night.resumes >= kMostResumes) {
        const Error error = {ErrorKind::kUnavailable,
                             fmt::format("night {} was cut short {} times and is given up: see what ended its runs "
                                         "with `faultline runs night:{}`",
                                         night.id.number, night.resumes + 1, night.id.number)};
        const Json verdict = failed_verdict(night, error);
        FL_RETURN_IF_ERROR(write_verdict(options, verdict));
        FL_RETURN_IF_ERROR(store.end_night(night.id, NightState::kAbandoned, verdict, {}));
        return error;
    }
    FL_RETURN_IF_ERROR(store.count_resume(night.id));
    return finish_or_say_why(store, night, options, layout, lock);
}

/// Runs, judges and reports a night. Exit status: 0 nothing is worse, 1 something is, 2 it cannot be told or something
/// failed; 128 + N when signal N ended it.
int nightly(const NightlyOptions& options, const Layout& layout) {
    const Expected<int> status = options.resume ? resume(options, layout) : start(options, layout);
    if (status) return *status;
    report_error(status.error());
    return kExitBadInput;  // after an error nothing is known to be worse
}

Action define(Options& options) {
    const auto given = std::make_shared<NightlyOptions>();
    RunOptions& run = given->run;
    run.suite = "nightly";
    add_suite(options, run.suite);
    add_filter(options, run.overrides);
    options.add("--runs", given->runs, "how often to measure").between(1u, 1000u).show_default();
    options.add("--baseline", given->judge.baseline, "stored runs, as for `runs`, that no night may be worse than");
    options.add("--nights", given->judge.nights, "nights before this one that it is compared with")
        .between(1u, 60u)
        .show_default();
    options.add("--report", given->report,
                "directory for the page and verdict.json; default: nightly, beside the database");
    add_device(options, run.device);
    add_device_index(options, run.device);
    add_policy(options, run.device.reference);
    add_model(options, run.device.reference);
    options.stands_alone(
        options.add_flag("--resume", given->resume, "go on with the newest night, if it was killed or interrupted"));
    add_database(options, run.database);
    return [given](const Invocation& invocation) {
        given->run.command_line = invocation.command_line;
        return nightly(*given, invocation.layout);
    };
}

}  // namespace

extern const Verb kNightly = {
    "nightly", "measure, compare with a baseline and earlier nights, report: exits with 0, 1 (worse) or 2", define};

}  // namespace faultline::runners
