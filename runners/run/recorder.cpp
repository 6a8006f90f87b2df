#include "runners/run/recorder.h"

#include <utility>

#include "vocabulary/latency_file.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;
using results::BenchmarkReport;
using results::BenchmarkResult;
using results::Json;

}  // namespace

Recorder::Recorder(results::Store& store, results::RunId run, std::string boot, Json additions,
                   fs::path latency_directory, std::set<std::string> stored)
    : store_(store),
      run_(run),
      boot_(std::move(boot)),
      additions_(std::move(additions)),
      latency_directory_(std::move(latency_directory)),
      has_context_(!stored.empty()),
      stored_(std::move(stored)) {}

Json Recorder::completed(Json context) const {
    // What the program that measured says of its device goes before what was found out earlier.
    for (const auto& [key, value] : additions_.items()) {
        if (!context.contains(key)) context[key] = value;
    }
    return context;
}

Status Recorder::begin(const Job& job, const std::vector<std::string>& command) {
    results::FamilyRecord record;
    record.family = job.family;
    record.command = command;
    record.benchmarks = job.benchmarks.size();
    FL_ASSIGN_OR_RETURN(process_, store_.begin_process(run_, boot_, record));
    repetitions_ = job.repetitions;
    seen_size_ = 0;
    return {};
}

void Recorder::look(const fs::path& report) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(report, error);
    if (error || size == seen_size_) return;
    const Expected<BenchmarkReport> read = results::read_benchmark_report(report);
    if (!read) return;  // it has only begun
    if (store_whole(*read, repetitions_)) seen_size_ = size;
}

Status Recorder::end(const results::FamilyRecord& record, const results::PartialReport& part) {
    BenchmarkReport whole;
    results::append(whole, part);
    // What an interrupt cut short runs again when the run is resumed; all else is as whole as it will ever be.
    const std::size_t needed = record.state == "interrupted" ? repetitions_ : 0;
    FL_RETURN_IF_ERROR(store_whole(whole, needed));
    return store_.end_process(process_, record);
}

Status Recorder::store_whole(const BenchmarkReport& report, std::size_t repetitions) {
    for (BenchmarkResult& result : results::results_of(report)) {
        if (stored_.contains(result.name) || result.repetitions() < repetitions) continue;
        const std::string name = result.name;
        const Status status = store_.atomically([&]() -> Status {
            if (!has_context_ && !report.context.empty()) {
                FL_RETURN_IF_ERROR(store_.set_context(run_, completed(report.context)));
            }
            return store_one(std::move(result));
        });
        if (!status) return status;
        has_context_ = has_context_ || !report.context.empty();
        stored_.insert(name);
    }
    return {};
}

Status Recorder::store_one(BenchmarkResult result) {
    result.latency = latencies_of(result.name);
    return store_.add_result(run_, process_, result);
}

results::LatencyHistogram Recorder::latencies_of(const std::string& benchmark) {
    results::LatencyHistogram histogram;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(latency_directory_, error)) {
        if (entry.path().extension() != ".lat") continue;
        std::string& owner = latency_files_[entry.path()];
        if (owner.empty()) owner = benchmark_of_latency_file(entry.path());
        if (owner != benchmark) continue;
        // A file that is not whole is said where the family's record is made; it is no distribution.
        const Expected<LatencyFile> file = read_latency_file(entry.path());
        if (!file) continue;
        for (const LatencySample& sample : file->samples) histogram.add(sample.nanoseconds);
    }
    return histogram;
}

}  // namespace faultline::runners
