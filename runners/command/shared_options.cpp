#include "runners/command/shared_options.h"

#include <fmt/format.h>

#include "vocabulary/environment_variables.h"

namespace faultline::runners {

void add_database(Options& options, std::filesystem::path& database) {
    options.add("--db", database, "the results store").from_environment(env::kDatabase).show_default();
}

void add_device(Options& options, DeviceRequest& device, const char* help) {
    options.add("--device", device.kind, help).one_of({"auto", "xe", "reference"}).show_default();
}

void add_device_index(Options& options, DeviceRequest& device) {
    options.add("--device-index", device.index, "among the devices of the kind").show_default();
}

void add_policy(Options& options, ReferenceOptions& reference, const char* help) {
    options.add("--policy", reference.policy, help);
}

void add_model(Options& options, ReferenceOptions& reference, const char* help) {
    options.add("--model", reference.model, help);
}

void add_metrics(Options& options, results::CompareOptions& compare, const char* help) {
    options.add_repeated("--metric", compare.metrics, help);
}

void add_directions(Options& options, results::CompareOptions& compare) {
    const auto take_for = [&compare](Direction direction) {
        return [&compare, direction](const std::string& metric) -> Status {
            if (compare.directions.emplace(metric, direction).first->second == direction) return {};
            return Error{ErrorKind::kBadInput,
                         fmt::format("--higher-is-better {0} and --lower-is-better {0}: one of them", metric)};
        };
    };
    options.add_each("--higher-is-better", take_for(Direction::kHigher),
                     "call more of this metric better, whatever the suite says; may be repeated");
    options.add_each("--lower-is-better", take_for(Direction::kLower), "call less of it better; may be repeated");
}

void add_min_effect(Options& options, double& fraction, const char* help) {
    options.add_percent("--min-effect", fraction, help).between(0.0, 1000.0);
}

}  // namespace faultline::runners
