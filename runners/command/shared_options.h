// Options that several verbs have: the store, the device, what is compared and how.
//
// Thread safety: none. Ownership: as Options.
#pragma once

#include <filesystem>

#include "results/compare/compare.h"
#include "runners/command/options.h"
#include "runners/system/devices.h"

namespace faultline::runners {

/// The results store beside the run directories, unless --db or FAULTLINE_DB names another.
inline constexpr const char* kDefaultDatabase = "faultline-runs/faultline.db";

void add_database(Options& options, std::filesystem::path& database);

void add_device(Options& options, DeviceRequest& device, const char* help = "as for run");
void add_device_index(Options& options, DeviceRequest& device);
void add_policy(Options& options, ReferenceOptions& reference, const char* help = "reference only");
void add_model(Options& options, ReferenceOptions& reference, const char* help = "reference only");

/// Which metrics are compared.
void add_metrics(Options& options, results::CompareOptions& compare, const char* help = "as for compare");
/// --higher-is-better and --lower-is-better: which way is better of a metric that the vocabulary does not know or
/// leaves open. A metric that both name is refused.
void add_directions(Options& options, results::CompareOptions& compare);
/// The smallest effect that counts, as a fraction: 0.03 is 3 %.
void add_min_effect(Options& options, double& fraction, const char* help = "as for compare");

}  // namespace faultline::runners
