#include "runners/look/directions.h"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace faultline::runners {
namespace {

void add_direction(CLI::App& command, results::CompareOptions& options, const std::string& name, Direction direction) {
    const auto take = [&options, direction](const std::vector<std::string>& metrics) {
        for (const std::string& metric : metrics) {
            const auto [it, is_new] = options.directions.emplace(metric, direction);
            if (is_new || it->second == direction) continue;
            throw CLI::ValidationError(
                fmt::format("--higher-is-better {0} and --lower-is-better {0}: one of them", metric));
        }
    };
    command
        .add_option_function<std::vector<std::string>>(name, take,
                                                       "of this metric, whatever is known of it; may be repeated")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

}  // namespace

void add_directions(CLI::App& command, results::CompareOptions& options) {
    add_direction(command, options, "--higher-is-better", Direction::kHigher);
    add_direction(command, options, "--lower-is-better", Direction::kLower);
}

}  // namespace faultline::runners
