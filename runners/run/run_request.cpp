#include "runners/run/run_request.h"

#include "results/store/run_reference.h"

namespace faultline::runners {

using results::Json;

Json to_json(const RunOptions& options) {
    Json json = {{"suite", options.suite},
                 {"filter", options.overrides.filter},
                 {"device", options.device.kind},
                 {"device_index", options.device.index},
                 {"policy", options.device.reference.policy},
                 {"model", options.device.reference.model},
                 {"command_line", options.command_line}};
    if (options.overrides.repetitions) json["repetitions"] = *options.overrides.repetitions;
    if (options.overrides.min_time) json["min_time"] = *options.overrides.min_time;
    if (options.overrides.time_limit) json["time_limit"] = *options.overrides.time_limit;
    return json;
}

Expected<RunOptions> parse_run_request(const Json& request) {
    try {
        RunOptions options;
        options.suite = request.at("suite").get<std::string>();
        options.overrides.filter = request.at("filter").get<std::string>();
        options.device.kind = request.at("device").get<std::string>();
        options.device.index = request.at("device_index").get<unsigned>();
        options.device.reference.policy = request.at("policy").get<std::string>();
        options.device.reference.model = request.at("model").get<std::string>();
        options.command_line = request.at("command_line").get<std::vector<std::string>>();
        if (request.contains("repetitions")) options.overrides.repetitions = request["repetitions"].get<unsigned>();
        if (request.contains("min_time")) options.overrides.min_time = request["min_time"].get<double>();
        if (request.contains("time_limit")) options.overrides.time_limit = request["time_limit"].get<double>();
        return options;
    } catch (const Json::exception&) {
        return Error{ErrorKind::kBadInput, "the run's request is not one that this faultline can go on with"};
    }
}

}  // namespace faultline::runners
