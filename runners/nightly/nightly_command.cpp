#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "results/atomic_file.h"
#include "results/night/thin.h"
#include "results/store/store.h"
#include "runners/commands.h"
#include "runners/nightly/judge.h"
#include "runners/run/run_request.h"
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

Json to_json(const NightlyOptions& options) {
    return {{"run", to_json(options.run)},
            {"runs", options.runs},
            {"baseline", options.baseline},
            {"nights", options.nights},
            {"report", options.report.string()}};
}

/// `options` as the night was asked for; the database stays.
Expected<NightlyOptions> as_asked(const NightlyOptions& options, const NightInfo& night) {
    try {
        const Expected<RunOptions> run = parse_run_request(night.request.at("run"));
        if (!run) return run.error();
        NightlyOptions asked = options;
        asked.run = *run;
        asked.run.database = options.run.database;
        asked.runs = night.request.at("runs").get<unsigned>();
        asked.baseline = night.request.at("baseline").get<std::string>();
        asked.nights = night.request.at("nights").get<unsigned>();
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
    const auto nights = store.nights();
    if (!nights) return nights.error();
    std::uintmax_t last = 0;
    for (const NightInfo& night : *nights) {
        if (night.state != NightState::kComplete) continue;
        const auto runs = store.runs_of(night.id);
        if (!runs) return runs.error();
        for (const RunInfo& run : *runs) last += run.directory.empty() ? 0 : bytes_below(run.directory);
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
    if (options.baseline.empty()) return {};
    const auto reference = results::parse_run_reference(options.baseline);
    if (!reference) return reference.error();
    const auto store = Store::open(options.run.database, results::Database::Mode::kExisting);
    if (!store) return store.error();
    const auto runs = store->find(*reference);
    return runs ? Status() : Status(runs.error());
}

Expected<DeviceLock> lock_device(const NightlyOptions& options, const Layout& layout) {
    const Suite* suite = find_suite(options.run.suite);
    if (suite == nullptr) {
        return Error{ErrorKind::kBadInput,
                     fmt::format("unknown suite \"{}\"; suites: {}", options.run.suite, suite_names())};
    }
    const auto device = choose_device(device_for(*suite, options.run.device), layout, nullptr);
    if (!device) return device.error();
    return DeviceLock::take(*device);
}

/// What the night still lacks. Returns the signal that ended it, or 0.
Expected<int> measure(const Store& store, const NightInfo& night, const NightlyOptions& options, const Layout& layout,
                      const DeviceLock& lock) {
    const auto earlier = store.runs_of(night.id);
    if (!earlier) return earlier.error();
    std::string stamp = night.started_utc;
    std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
    for (std::size_t i = 0; i < options.runs; ++i) {
        RunOptions run = options.run;
        run.label = kLabel;
        run.night = night.id;
        run.output =
            fs::absolute(store.path()).parent_path() / fmt::format("{}-night-{}-{}", stamp, night.id.number, i + 1);
        if (i < earlier->size()) {
            if ((*earlier)[i].state == results::RunState::kComplete) continue;
            run.resume = (*earlier)[i].uid;
        }
        const Expected<RunEnd> end = run_suite(run, layout, &lock);
        if (!end) return end.error();
        if (end->signal != 0) return end->signal;
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
        report.against = options.baseline;
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

/// For whoever reads verdict.json: this night came to nothing, and why.
Json failed_verdict(const NightInfo& night, const Error& error) {
    return {{"faultline_nightly", 1},   {"night", night.id.number},     {"started_utc", night.started_utc},
            {"outcome", "cannot tell"}, {"exit_status", kExitBadInput}, {"reasons", {error.message}}};
}

Status thin(Store& store, const NightlyOptions& options) {
    std::set<std::string> kept;
    if (!options.baseline.empty()) {
        const auto reference = results::parse_run_reference(options.baseline);
        const auto runs = reference ? store.find(*reference) : Expected<std::vector<RunInfo>>(reference.error());
        if (!runs) return runs.error();
        for (const RunInfo& run : *runs) kept.insert(run.uid);
    }
    const auto thinned = results::thin_nights(store, std::time(nullptr), kept);
    return thinned ? Status() : Status(thinned.error());
}

/// From wherever the night is to its end. Whatever is done twice after a kill has the same result.
Expected<int> finish(Store& store, const NightInfo& night, const NightlyOptions& options, const Layout& layout,
                     const DeviceLock& lock) {
    const Expected<int> signal = measure(store, night, options, layout, lock);
    if (!signal) return signal.error();
    if (*signal != 0) return 128 + *signal;
    Expected<NightVerdict> verdict = judge_night(store, night, options);
    if (!verdict) return verdict.error();
    add_report(*verdict, store, night, options);
    const Json json = results::to_json(*verdict);
    if (Status s = write_verdict(options, json); !s) return s.error();
    if (Status s = store.end_night(night.id, NightState::kComplete, json, verdict->steps); !s) return s.error();
    fmt::print("{}", results::to_text(*verdict));
    std::fflush(stdout);
    // The verdict stands; what could not be thinned is thinned another night.
    if (Status s = thin(store, options); !s) report_error(s.error());
    return static_cast<int>(outcome_of(*verdict));
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
    if (Status s = check_baseline(options); !s) return s.error();
    const Expected<DeviceLock> lock = lock_device(options, layout);
    if (!lock) return lock.error();
    Expected<Store> store = Store::open(options.run.database, results::Database::Mode::kCreate);
    if (!store) return store.error();
    if (Status s = check_space(*store); !s) return s.error();
    if (options.report.empty()) options.report = store->path().parent_path() / "nightly";
    options.report = fs::absolute(options.report);
    NightInfo night;
    night.started_utc = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
    night.request = to_json(options);
    const auto id = store->begin_night(night.started_utc, night.request);
    if (!id) return id.error();
    night.id = *id;
    return finish_or_say_why(*store, night, options, layout, *lock);
}

Expected<int> resume(const NightlyOptions& given, const Layout& layout) {
    Expected<Store> store = Store::open(given.run.database, results::Database::Mode::kExisting);
    if (!store) return store.error();
    const auto nights = store->nights();
    if (!nights) return nights.error();
    if (nights->empty() || nights->front().state != NightState::kRunning) {
        fmt::print("no night was cut short\n");
        return kExitOk;
    }
    const NightInfo& night = nights->front();
    const Expected<NightlyOptions> options = as_asked(given, night);
    if (!options) return options.error();
    const Expected<DeviceLock> lock = lock_device(*options, layout);
    if (!lock) return lock.error();
    if (night.resumes >= kMostResumes) {
        const Error error = {ErrorKind::kUnavailable,
                             fmt::format("night {} was cut short {} times and is given up: see what ended its runs "
                                         "with `faultline runs night:{}`",
                                         night.id.number, night.resumes + 1, night.id.number)};
        const Json verdict = failed_verdict(night, error);
        if (Status s = write_verdict(*options, verdict); !s) return s.error();
        if (Status s = store->end_night(night.id, NightState::kAbandoned, verdict, {}); !s) return s.error();
        return error;
    }
    if (Status s = store->count_resume(night.id); !s) return s.error();
    return finish_or_say_why(*store, night, *options, layout, *lock);
}

}  // namespace

int nightly_command(const NightlyOptions& options, const Layout& layout) {
    const Expected<int> status = options.resume ? resume(options, layout) : start(options, layout);
    if (status) return *status;
    report_error(status.error());
    return kExitBadInput;  // whatever went wrong, nothing is known to be worse
}

}  // namespace faultline::runners
