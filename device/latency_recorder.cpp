#include "device/latency_recorder.h"

namespace faultline::device {

LatencyRecorder::LatencyRecorder(LatencyHeader header, std::string directory)
    : header_(std::move(header)), directory_(std::move(directory)) {}

void LatencyRecorder::begin(std::int64_t max_iterations) {
    if (last_max_iterations_ == max_iterations) {
        ++repetition_;
    } else {
        samples_.clear();
        repetition_ = 0;
    }
    last_max_iterations_ = max_iterations;
    next_iteration_ = 0;
}

void LatencyRecorder::record(std::span<const std::uint64_t> latencies) {
    for (const std::uint64_t ns : latencies) samples_.push_back({repetition_, next_iteration_, ns});
    ++next_iteration_;
}

LatencySummary LatencyRecorder::summary() const {
    std::vector<std::uint64_t> all;
    for (const LatencySample& sample : samples_) {
        if (sample.repetition == repetition_) all.push_back(sample.nanoseconds);
    }
    return summarise(std::move(all));
}

Status LatencyRecorder::write() const {
    return directory_.empty() ? Status() : write_latency_file(directory_, header_, samples_);
}

}  // namespace faultline::device
