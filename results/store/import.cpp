#include "results/store/import.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <optional>

#include "results/atomic_file.h"
#include "results/manifest.h"
#include "vocabulary/latency_file.h"

namespace faultline::results {
namespace {

namespace fs = std::filesystem;

/// FNV-1a: the same bytes are the same run.
std::string uid_of(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return fmt::format("{:016x}", hash);
}

/// "2026-01-02T03:04:05+01:00", as Google Benchmark writes local time, in UTC.
std::optional<std::string> utc_of(const std::string& date) {
    std::tm local{};
    const char* zone = ::strptime(date.c_str(), "%Y-%m-%dT%H:%M:%S", &local);
    if (zone == nullptr) return std::nullopt;
    std::time_t time = ::timegm(&local);
    int hours = 0;
    int minutes = 0;
    if ((*zone == '+' || *zone == '-') && std::sscanf(zone + 1, "%2d:%2d", &hours, &minutes) == 2) {
        const int offset = (hours * 60 + minutes) * 60;
        time += *zone == '+' ? -offset : offset;
    }
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(time));
}

/// A string member of context.faultline, which `faultline run` puts there.
std::string own_member(const Json& context, const char* key) {
    const auto own = context.find("faultline");
    if (own == context.end() || !own->is_object()) return "";
    const auto member = own->find(key);
    return member != own->end() && member->is_string() ? member->get<std::string>() : "";
}

/// What is to be stored, read whole before anything is.
struct Source {
    NewRun run;
    std::string boot;
    RunState state = RunState::kComplete;
    double seconds = 0;
    std::vector<FamilyRecord> families;  ///< never empty
    std::vector<BenchmarkResult> results;
};

Expected<Source> read_report(const fs::path& path) {
    FL_ASSIGN_OR_RETURN(const auto text, read_file(path));
    const Expected<BenchmarkReport> report = parse_benchmark_report(text, path.string());
    if (!report) return report.error();
    const auto bad = [&](const std::string& what) { return Error{ErrorKind::kBadInput, path.string() + ": " + what}; };
    if (!report->complete) return bad("ends early: its writer died; only whole reports are imported");
    Source source;
    source.results = results_of(*report);
    if (source.results.empty()) {
        return bad("no repetition to import; run without --benchmark_report_aggregates_only");
    }
    const auto date = report->context.find("date");
    const auto started =
        date != report->context.end() && date->is_string() ? utc_of(date->get<std::string>()) : std::nullopt;
    if (!started) return bad("context.date: expected a date such as 2026-01-02T03:04:05+00:00");
    source.run.started_utc = *started;
    source.run.context = report->context;
    source.run.uid = own_member(report->context, "run");
    // It goes into a GLOB (find.cpp), so that anything but the form of draw_run_uid() is not taken over.
    const bool has_uid =
        source.run.uid.size() == 16 && source.run.uid.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!has_uid) source.run.uid = uid_of(text);
    source.run.label = own_member(report->context, "label");
    source.boot = own_member(report->context, "boot_id");
    FamilyRecord family;
    family.state = "ok";
    family.benchmarks = source.results.size();
    family.failed = static_cast<std::size_t>(std::count_if(source.results.begin(), source.results.end(),
                                                           [](const BenchmarkResult& r) { return r.failed(); }));
    family.skipped = static_cast<std::size_t>(std::count_if(source.results.begin(), source.results.end(),
                                                            [](const BenchmarkResult& r) { return r.skipped(); }));
    source.families = {family};
    return source;
}

Expected<Source> read_directory(const fs::path& path) {
    Expected<Source> source = read_report(path / "run.json");
    if (!source) return source.error();
    const Expected<Manifest> manifest = read_manifest(path / "manifest.json");
    if (!manifest) return manifest.error();
    source->run.suite = manifest->suite;
    source->run.started_utc = manifest->started_utc;
    source->run.directory = path;
    source->seconds = manifest->seconds;
    source->state = manifest->interrupted ? RunState::kInterrupted : RunState::kComplete;
    if (!manifest->families.empty()) source->families = manifest->families;
    std::map<std::string, LatencyHistogram> latencies;
    for (const std::string& file : manifest->latency_files) {
        FL_ASSIGN_OR_RETURN(const auto latency, read_latency_file(path / file));
        for (const LatencySample& sample : latency.samples) latencies[latency.benchmark()].add(sample.nanoseconds);
    }
    for (BenchmarkResult& result : source->results) {
        if (const auto it = latencies.find(result.name); it != latencies.end()) result.latency = it->second;
    }
    return source;
}

/// The process that ran a benchmark, by the family's name; a report of one process has it without a name.
std::size_t process_of(const std::vector<FamilyRecord>& families, const std::string& benchmark) {
    const auto it = std::find_if(families.begin(), families.end(), [&](const FamilyRecord& f) {
        return benchmark == f.family || benchmark.starts_with(f.family + "/");
    });
    return it == families.end() ? 0 : static_cast<std::size_t>(it - families.begin());
}

Status write(Store& store, const Source& source) {
    FL_ASSIGN_OR_RETURN(const auto run, store.begin_run(source.run));
    std::vector<ProcessId> processes;
    for (const FamilyRecord& family : source.families) {
        FL_ASSIGN_OR_RETURN(const auto process, store.begin_process(run, source.boot, family));
        FL_RETURN_IF_ERROR(store.end_process(process, family));
        processes.push_back(process);
    }
    for (const BenchmarkResult& result : source.results) {
        const ProcessId process = processes[process_of(source.families, result.name)];
        FL_RETURN_IF_ERROR(store.add_result(run, process, result));
    }
    return store.end_run(run, source.state, source.seconds, source.run.directory);
}

}  // namespace

Expected<Imported> import_path(Store& store, const fs::path& path, const std::string& label) {
    std::error_code ignored;
    FL_ASSIGN_OR_RETURN(auto source, fs::is_directory(path, ignored) ? read_directory(path) : read_report(path));
    if (!label.empty()) source.run.label = label;
    bool was_known = false;
    // The look and the writing are one transaction: of two imports of one file, the second finds the first.
    const Status status = store.atomically([&]() -> Status {
        FL_ASSIGN_OR_RETURN(const auto known, store.find_uid(source.run.uid));
        was_known = known.has_value();
        if (!was_known) return write(store, source);
        const RunInfo& run = *known;
        // A run that is under way, or was killed, keeps what resuming it needs.
        if (source.run.directory.empty() || run.state == RunState::kRunning) return {};
        return store.end_run(run.id, run.state, run.seconds, source.run.directory);
    });
    if (!status) return status.error();
    const auto run = store.find_uid(source.run.uid);
    if (!run) return run.error();
    if (!*run) return Error{ErrorKind::kInternal, "an imported run is not stored"};
    return Imported{**run, was_known};
}

}  // namespace faultline::results
