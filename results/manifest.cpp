#include "results/manifest.h"

namespace faultline::results {
namespace {

constexpr int kSchemaVersion = 1;

Json to_json(const FamilyRecord& family) {
    Json json = {{"family", family.family},         {"state", family.state},   {"command", family.command},
                 {"benchmarks", family.benchmarks}, {"failed", family.failed}, {"seconds", family.seconds}};
    if (!family.detail.empty()) json["detail"] = family.detail;
    return json;
}

}  // namespace

Json to_json(const DeviceRecord& device) {
    Json json = {{"kind", device.kind},
                 {"index", device.index},
                 {"name", device.name},
                 {"driver_version", device.driver_version}};
    for (const auto& [key, value] :
         {std::pair{"policy", &device.policy}, {"model", &device.model}, {"monitor", &device.monitor}}) {
        if (!value->empty()) json[key] = *value;
    }
    return json;
}

Json to_json(const Manifest& manifest) {
    Json families = Json::array();
    for (const FamilyRecord& family : manifest.families) families.push_back(to_json(family));
    return Json{{"schema_version", kSchemaVersion},
                {"faultline_version", manifest.faultline_version},
                {"suite", manifest.suite},
                {"command_line", manifest.command_line},
                {"started_utc", manifest.started_utc},
                {"seconds", manifest.seconds},
                {"interrupted", manifest.interrupted},
                {"device", to_json(manifest.device)},
                {"families", families},
                {"report", "run.json"},
                {"latency_files", manifest.latency_files}};
}

}  // namespace faultline::results
