#include "vocabulary/family.h"

#include <nlohmann/json.hpp>

namespace faultline {

std::string format_families(std::span<const ListedFamily> families) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const ListedFamily& family : families)
        list.push_back({{"name", family.name}, {"question", family.question}, {"benchmarks", family.benchmarks}});
    return nlohmann::ordered_json{{"families", std::move(list)}}.dump(1) + "\n";
}

Expected<std::vector<ListedFamily>> parse_families(std::string_view text) {
    std::vector<ListedFamily> families;
    try {
        const nlohmann::json list = nlohmann::json::parse(text);
        for (const nlohmann::json& family : list.at("families")) {
            families.push_back({family.at("name").get<std::string>(), family.at("question").get<std::string>(),
                                family.at("benchmarks").get<std::vector<std::string>>()});
        }
    } catch (const nlohmann::json::exception& error) {
        return Error{ErrorKind::kUnavailable, std::string("no list of families: ") + error.what()};
    }
    return families;
}

}  // namespace faultline
