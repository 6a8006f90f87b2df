#include "reference/gpu/model.h"

#include <fmt/format.h>
#include <hwloc.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "reference/gpu/models.h"

namespace faultline::gpu {
namespace {

unsigned processors() {
    hwloc_topology_t topology = nullptr;
    if (hwloc_topology_init(&topology) != 0) return 1;
    unsigned count = 1;
    if (hwloc_topology_load(topology) == 0) {
        // What this process may use, not what the machine has.
        hwloc_cpuset_t usable = hwloc_bitmap_alloc();
        if (hwloc_get_cpubind(topology, usable, HWLOC_CPUBIND_PROCESS) == 0) {
            count = static_cast<unsigned>(std::max(1, hwloc_bitmap_weight(usable)));
        } else {
            count = static_cast<unsigned>(std::max(1, hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU)));
        }
        hwloc_bitmap_free(usable);
    }
    hwloc_topology_destroy(topology);
    return count;
}

/// Reads keys out of tables; the first thing wrong is kept. A key that nobody asked for is unknown.
class Reader {
public:
    Reader(const toml::table& root, std::string file) : root_(root), file_(std::move(file)) {}

    void text(const char* key, std::string* out) {
        const toml::node* node = take("", key);
        if (node == nullptr) return;
        if (const auto value = node->value<std::string>())
            *out = *value;
        else
            wrong(*node, key, "expected a text");
    }
    void count(const char* table, const char* key, unsigned low, unsigned high, unsigned* out) {
        const toml::node* node = take(table, key);
        if (node == nullptr) return;
        const auto value = node->is_integer() ? node->value<std::int64_t>() : std::nullopt;
        if (value && *value >= low && *value <= high)
            *out = static_cast<unsigned>(*value);
        else
            wrong(*node, path(table, key), fmt::format("expected a whole number from {} to {}", low, high));
    }
    /// Zero, or in (0, high].
    void number(const char* table, const char* key, double high, double* out) {
        const toml::node* node = take(table, key);
        if (node == nullptr) return;
        const auto value = node->is_number() ? node->value<double>() : std::nullopt;
        if (value && *value >= 0 && *value <= high)
            *out = *value;
        else
            wrong(*node, path(table, key), fmt::format("expected a number from 0 to {}", high));
    }
    void choice(const char* table, const char* key, const char* off, const char* on, bool* out) {
        const toml::node* node = take(table, key);
        if (node == nullptr) return;
        const auto value = node->value<std::string>();
        if (value && (*value == off || *value == on))
            *out = *value == on;
        else
            wrong(*node, path(table, key), fmt::format("expected \"{}\" or \"{}\"", off, on));
    }

    /// REQUIRES: everything was asked for.
    Status finish() {
        for (const auto& [name, node] : root_) {
            const std::string outer(name.str());
            const toml::table* table = node.as_table();
            if (table == nullptr) {
                check_known(node, outer);
                continue;
            }
            for (const auto& [key, inner] : *table) check_known(inner, path(outer, std::string(key.str())));
        }
        return error_ ? Status(*error_) : Status();
    }

private:
    static std::string path(const std::string& table, const std::string& key) {
        return table.empty() ? key : table + "." + key;
    }
    /// The node, which is known from now on; null when there is none.
    const toml::node* take(const std::string& table, const std::string& key) {
        known_.insert(path(table, key));
        const toml::table* from = table.empty() ? &root_ : root_[table].as_table();
        return from == nullptr ? nullptr : from->get(key);
    }
    void wrong(const toml::node& node, const std::string& key, const std::string& what) {
        if (error_) return;
        error_ =
            Error{ErrorKind::kBadInput, fmt::format("model {}:{}: {}: {}", file_, node.source().begin.line, key, what)};
    }
    void check_known(const toml::node& node, const std::string& key) {
        if (!known_.contains(key)) wrong(node, key, "unknown key");
    }

    const toml::table& root_;
    const std::string file_;
    std::set<std::string> known_;
    std::optional<Error> error_;
};

std::string known_names() {
    std::string names;
    for (const BuiltinModel& model : builtin_models()) names += (names.empty() ? "" : ", ") + std::string(model.name);
    return names;
}

}  // namespace

Expected<DeviceModel> parse_model(const std::string& text, const std::string& file) try {
    const toml::table root = toml::parse(text);
    Reader reader(root, file);
    DeviceModel model;
    model.name = std::filesystem::path(file).stem().string();
    reader.text("description", &model.description);
    reader.text("source", &model.source);
    reader.count("", "devices", 1, 8, &model.devices);
    unsigned vram_mib = static_cast<unsigned>(model.vram.count >> 20);
    reader.count("device", "vram_mib", 2, 1u << 20, &vram_mib);
    model.vram = Bytes{std::uint64_t{vram_mib} << 20};
    reader.count("device", "eus", 1, 1024, &model.eus);
    reader.count("device", "threads_per_eu", 1, 64, &model.threads_per_eu);
    reader.count("copy", "engines", 1, 16, &model.copy_engines);
    reader.number("copy", "gb_per_s", 1e4, &model.copy.gb_per_s);
    double latency_us = 0;
    reader.number("copy", "latency_us", 1e6, &latency_us);
    model.copy.latency = Nanoseconds(static_cast<std::int64_t>(latency_us * 1000));
    reader.choice("link", "topology", "none", "all", &model.linked);
    if (Status s = reader.finish(); !s) return s.error();
    if (model.eus == 0) model.eus = processors();
    return model;
} catch (const toml::parse_error& e) {
    return Error{ErrorKind::kBadInput,
                 fmt::format("model {}:{}: {}", file, e.source().begin.line, std::string(e.description()))};
}

Expected<DeviceModel> find_model(const std::string& name) {
    if (name.find('/') != std::string::npos || name.ends_with(".toml")) {
        std::ifstream in(name);
        std::stringstream text;
        text << in.rdbuf();
        if (!in) return Error{ErrorKind::kBadInput, fmt::format("model file {} cannot be read", name)};
        return parse_model(text.str(), name);
    }
    for (const BuiltinModel& model : builtin_models())
        if (model.name == name) return parse_model(std::string(model.text), name + ".toml");
    return Error{ErrorKind::kBadInput,
                 fmt::format("unknown device model '{}'; known: {}, or the path of a .toml file", name, known_names())};
}

}  // namespace faultline::gpu
