#include "results/manifest.h"

#include <fmt/format.h>

#include "results/atomic_file.h"

namespace faultline::results {
namespace {

constexpr int kSchemaVersion = 1;

Json to_json(const FamilyRecord& family) {
    Json json = {{"family", family.family},         {"state", family.state},   {"command", family.command},
                 {"benchmarks", family.benchmarks}, {"failed", family.failed}, {"seconds", family.seconds}};
    if (family.skipped > 0) json["skipped"] = family.skipped;
    if (!family.detail.empty()) json["detail"] = family.detail;
    return json;
}

/// Throws Json::exception, which names what is missing or of the wrong type.
FamilyRecord family_of(const Json& json) {
    FamilyRecord family;
    family.family = json.at("family").get<std::string>();
    family.state = json.at("state").get<std::string>();
    family.detail = json.value("detail", "");
    family.command = json.at("command").get<std::vector<std::string>>();
    family.benchmarks = json.at("benchmarks").get<std::size_t>();
    family.failed = json.at("failed").get<std::size_t>();
    family.skipped = json.value("skipped", std::size_t{0});
    family.seconds = json.at("seconds").get<double>();
    return family;
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

Expected<Manifest> read_manifest(const std::filesystem::path& path) {
    FL_ASSIGN_OR_RETURN(const auto text, read_file(path));
    try {
        const Json json = Json::parse(text);
        if (const int version = json.at("schema_version").get<int>(); version != kSchemaVersion) {
            return Error{ErrorKind::kBadInput, fmt::format("{}: schema_version {}, but this faultline knows only {}",
                                                           path.string(), version, kSchemaVersion)};
        }
        Manifest manifest;
        manifest.faultline_version = json.at("faultline_version").get<std::string>();
        manifest.suite = json.at("suite").get<std::string>();
        manifest.command_line = json.at("command_line").get<std::vector<std::string>>();
        manifest.started_utc = json.at("started_utc").get<std::string>();
        manifest.seconds = json.at("seconds").get<double>();
        manifest.interrupted = json.at("interrupted").get<bool>();
        const Json& device = json.at("device");
        manifest.device = {.kind = device.at("kind").get<std::string>(),
                           .index = device.at("index").get<unsigned>(),
                           .name = device.at("name").get<std::string>(),
                           .driver_version = device.at("driver_version").get<std::string>(),
                           .policy = device.value("policy", ""),
                           .model = device.value("model", ""),
                           .monitor = device.value("monitor", "")};
        for (const Json& family : json.at("families")) manifest.families.push_back(family_of(family));
        manifest.latency_files = json.at("latency_files").get<std::vector<std::string>>();
        return manifest;
    } catch (const Json::exception& e) {
        return Error{ErrorKind::kBadInput, fmt::format("{}: {}", path.string(), e.what())};
    }
}

}  // namespace faultline::results
