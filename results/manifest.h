// manifest.json: how a run went. Which device, policy and model answered, which families ran, how each ended.
//
// Thread safety: values.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/expected.h"
#include "results/benchmark_report.h"

namespace faultline::results {

/// What the driver says it is, not what was asked for.
struct DeviceRecord {
    std::string kind;  ///< "xe" or "reference"
    unsigned index = 0;
    std::string name;
    std::string driver_version;
    std::string policy;   ///< reference only
    std::string model;    ///< reference only
    std::string monitor;  ///< reference only: how the address space is watched
};

struct FamilyRecord {
    std::string family;
    std::string state;   ///< "ok", "failed", "crashed", "timed out", "interrupted", "not run"
    std::string detail;  ///< why it is not "ok"
    std::vector<std::string> command;
    std::size_t benchmarks = 0;  ///< that were to run
    std::size_t failed = 0;      ///< of those
    std::size_t skipped = 0;     ///< of those, with a reason; not failed
    double seconds = 0;
};

struct Manifest {
    std::string faultline_version;
    std::string suite;
    std::vector<std::string> command_line;
    std::string started_utc;  ///< ISO 8601
    double seconds = 0;
    bool interrupted = false;
    DeviceRecord device;
    std::vector<FamilyRecord> families;
    std::vector<std::string> latency_files;  ///< relative to the manifest
};

Json to_json(const DeviceRecord& device);
Json to_json(const Manifest& manifest);

/// Error: kBadInput, naming the file and the member.
Expected<Manifest> read_manifest(const std::filesystem::path& path);

}  // namespace faultline::results
