#include "device/latency_recorder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace faultline::device {

std::string side_file_name(std::string_view benchmark) {
    std::string name(benchmark);
    for (char& c : name) {
        const bool kept = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
                          c == '_' || c == '=' || c == '-';
        if (!kept) c = '_';
    }
    return name + ".lat";
}

LatencyRecorder::LatencyRecorder(LatencyHeader header, std::string directory)
    : header_(std::move(header)), directory_(std::move(directory)) {}

void LatencyRecorder::begin(std::int64_t max_iterations) {
    if (last_max_iterations_ == max_iterations) {
        ++repetition_;
    } else {
        iterations_.clear();
        repetition_ = 0;
    }
    last_max_iterations_ = max_iterations;
    next_iteration_ = 0;
}

void LatencyRecorder::record(std::span<const std::uint64_t> latencies) {
    iterations_.push_back({repetition_, next_iteration_++, {latencies.begin(), latencies.end()}});
}

LatencySummary LatencyRecorder::summary() const {
    std::vector<std::uint64_t> all;
    for (const Iteration& i : iterations_) {
        if (i.repetition == repetition_) all.insert(all.end(), i.latencies.begin(), i.latencies.end());
    }
    return summarise(std::move(all));
}

std::string LatencyRecorder::text() const {
    std::string text = fmt::format(
        "# faultline-latency 1\n# benchmark: {}\n# unit: ns\n# device: {}\n# policy: {}\n# model: {}\n"
        "# columns: repetition iteration latency\n",
        header_.benchmark, header_.device, header_.policy, header_.model);
    for (const Iteration& i : iterations_) {
        for (const std::uint64_t ns : i.latencies) {
            fmt::format_to(std::back_inserter(text), "{} {} {}\n", i.repetition, i.iteration, ns);
        }
    }
    return text;
}

Status LatencyRecorder::write() const {
    if (directory_.empty()) return {};
    namespace fs = std::filesystem;
    const fs::path file = fs::path(directory_) / side_file_name(header_.benchmark);
    const fs::path temporary = file.string() + fmt::format(".{}.tmp", ::getpid());
    const auto failed = [&](const std::string& why) {
        std::error_code ignored;
        fs::remove(temporary, ignored);
        return Error{ErrorKind::kUnavailable, fmt::format("cannot write {}: {}", file.string(), why)};
    };

    std::error_code error;
    fs::create_directories(directory_, error);
    if (error) return failed(error.message());
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    out << text();
    out.close();
    if (!out) return failed("the disk is full or the directory is not writable");
    fs::rename(temporary, file, error);
    if (error) return failed(error.message());
    return {};
}

}  // namespace faultline::device
