#include "reference/gpu/model.h"

#include <fmt/format.h>
#include <hwloc.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "reference/gpu/models.h"
#include "reference/svm/xe/tile.h"

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

Nanoseconds from_us(double us) { return Nanoseconds(std::llround(us * 1000)); }
double to_us(Nanoseconds t) { return static_cast<double>(t.count()) / 1000; }

/// What reading found wrong first.
struct Complaint {
    std::string file;
    std::optional<Error> error;

    void about(const toml::node& node, const std::string& key, const std::string& what) {
        if (error) return;
        error =
            Error{ErrorKind::kBadInput, fmt::format("model {}:{}: {}: {}", file, node.source().begin.line, key, what)};
    }
};

/// Reads the keys of one table, which may be absent. At its end, a key that nobody asked for is unknown.
class Section {
public:
    Section(const toml::table* table, std::string path, Complaint& complaint)
        : table_(table), path_(std::move(path)), complaint_(complaint) {}
    ~Section() {
        if (table_ == nullptr) return;
        for (const auto& [key, node] : *table_)
            if (const std::string name(key.str()); !known_.contains(name)) wrong(node, name, "unknown key");
    }
    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;

    Section section(const std::string& key) {
        const toml::node* node = take(key);
        if (node != nullptr && !node->is_table()) wrong(*node, key, "expected a table");
        return {node == nullptr ? nullptr : node->as_table(), full(key), complaint_};
    }
    /// Calls body(section) for each element of an array of tables.
    template <typename Body>
    void each(const std::string& key, Body body) {
        const toml::node* node = take(key);
        if (node == nullptr) return;
        if (!node->is_array_of_tables()) return wrong(*node, key, "expected an array of tables");
        for (const toml::node& element : *node->as_array()) {
            Section inner(element.as_table(), full(key), complaint_);
            body(inner);
        }
    }

    void text(const std::string& key, std::string* out) {
        const toml::node* node = take(key);
        if (node == nullptr) return;
        if (const auto value = node->value<std::string>())
            *out = *value;
        else
            wrong(*node, key, "expected a text");
    }
    void count(const std::string& key, unsigned low, unsigned high, unsigned* out) {
        const toml::node* node = take(key);
        if (node != nullptr) whole_number(*node, key, low, high, out);
    }
    void speed(Speed* out) {
        number("gb_per_s", 1e4, &out->gb_per_s);
        time("latency_us", &out->latency);
    }
    void time(const std::string& key, Nanoseconds* out) {
        constexpr double kSecond = 1e6;
        double us = to_us(*out);
        number(key, kSecond, &us);
        *out = from_us(us);
    }
    void flag(const std::string& key, bool* out) {
        const toml::node* node = take(key);
        if (node == nullptr) return;
        if (const auto value = node->is_boolean() ? node->value<bool>() : std::nullopt)
            *out = *value;
        else
            wrong(*node, key, "expected true or false");
    }
    void choice(const std::string& key, const char* off, const char* on, bool* out) {
        const toml::node* node = take(key);
        if (node == nullptr) return;
        const auto value = node->value<std::string>();
        if (value && (*value == off || *value == on))
            *out = *value == on;
        else
            wrong(*node, key, fmt::format("expected \"{}\" or \"{}\"", off, on));
    }
    /// Two different numbers below `count`. False: there are none, and the complaint says so.
    bool pair(const std::string& key, unsigned count, std::pair<unsigned, unsigned>* out) {
        const toml::node* node = take(key);
        if (node == nullptr) {
            wrong(*table_, key, "missing");
            return false;
        }
        const toml::array* array = node->as_array();
        std::array<unsigned, 2> ends{};
        bool good = array != nullptr && array->size() == 2;
        for (std::size_t i = 0; good && i < 2; ++i) {
            const auto value = array->get(i)->is_integer() ? array->get(i)->value<std::int64_t>() : std::nullopt;
            good = value && *value >= 0 && *value < count;
            if (good) ends[i] = static_cast<unsigned>(*value);
        }
        if (!good || ends[0] == ends[1]) {
            wrong(*node, key, fmt::format("expected two different devices of 0 to {}", count - 1));
            return false;
        }
        *out = {std::min(ends[0], ends[1]), std::max(ends[0], ends[1])};
        return true;
    }
    /// A number below `count`. False: there is none, and the complaint says so.
    bool device(const std::string& key, unsigned count, unsigned* out) {
        const toml::node* node = take(key);
        if (node == nullptr) {
            wrong(*table_, key, "missing");
            return false;
        }
        const auto value = node->is_integer() ? node->value<std::int64_t>() : std::nullopt;
        if (!value || *value < 0 || *value >= count) {
            wrong(*node, key, fmt::format("expected a device of 0 to {}", count - 1));
            return false;
        }
        *out = static_cast<unsigned>(*value);
        return true;
    }
    void refuse(const std::string& key, const std::string& what) { wrong(*table_->get(key), key, what); }

private:
    std::string full(const std::string& key) const { return path_.empty() ? key : path_ + "." + key; }
    void wrong(const toml::node& node, const std::string& key, const std::string& what) {
        complaint_.about(node, full(key), what);
    }
    /// The node, which is known from now on; null when there is none.
    const toml::node* take(const std::string& key) {
        known_.insert(key);
        return table_ == nullptr ? nullptr : table_->get(key);
    }
    void whole_number(const toml::node& node, const std::string& key, unsigned low, unsigned high, unsigned* out) {
        const auto value = node.is_integer() ? node.value<std::int64_t>() : std::nullopt;
        if (value && *value >= low && *value <= high)
            *out = static_cast<unsigned>(*value);
        else
            wrong(node, key, fmt::format("expected a whole number from {} to {}", low, high));
    }
    void number(const std::string& key, double high, double* out) {
        const toml::node* node = take(key);
        if (node == nullptr) return;
        const auto value = node->is_number() ? node->value<double>() : std::nullopt;
        if (value && *value >= 0 && *value <= high)
            *out = *value;
        else
            wrong(*node, key, fmt::format("expected a number from 0 to {}", high));
    }

    const toml::table* const table_;
    const std::string path_;
    Complaint& complaint_;
    std::set<std::string> known_;
};

/// The way between any two devices, what is said of some pairs, and of some directions.
void read_links(Section link, DeviceModel* model) {
    LinkModel any;
    link.choice("topology", "none", "all", &any.fast);
    link.speed(&any.speed);
    for (auto& row : model->links) row.fill(any);
    std::set<std::pair<unsigned, unsigned>> seen;
    link.each("pairs", [&](Section& pair) {
        LinkModel own = any;
        pair.flag("fast", &own.fast);
        pair.speed(&own.speed);
        std::pair<unsigned, unsigned> ends;
        if (!pair.pair("devices", model->devices, &ends)) return;
        if (!seen.insert(ends).second) return pair.refuse("devices", "this pair was given before");
        model->links[ends.first][ends.second] = model->links[ends.second][ends.first] = own;
    });
    // After all pairs, wherever they stand in the file.
    std::set<std::pair<unsigned, unsigned>> seen_directions;
    link.each("directions", [&](Section& direction) {
        unsigned from = 0;
        unsigned to = 0;
        if (!direction.device("from", model->devices, &from) || !direction.device("to", model->devices, &to)) return;
        if (from == to) return direction.refuse("to", "expected another device than from");
        if (!seen_directions.insert({from, to}).second)
            return direction.refuse("from", "this direction was given before");
        direction.speed(&model->links[from][to].speed);
    });
}

void add(std::string* line, const std::string& key, Nanoseconds time) {
    if (time.count() != 0) *line += fmt::format(" {}={:g}", key, to_us(time));
}
void add(std::string* line, const std::string& prefix, const Speed& speed) {
    if (speed.gb_per_s != 0) *line += fmt::format(" {}.gb_per_s={:g}", prefix, speed.gb_per_s);
    add(line, prefix + ".latency_us", speed.latency);
}

std::string known_names() {
    std::string names;
    for (const BuiltinModel& model : builtin_models()) names += (names.empty() ? "" : ", ") + std::string(model.name);
    return names;
}

}  // namespace

bool DeviceModel::has_modelled_links() const {
    return std::ranges::any_of(links, [](const auto& row) {
        return std::ranges::any_of(row, [](const LinkModel& link) { return link.speed.is_modelled(); });
    });
}

std::string describe(const DeviceModel& model) {
    std::string line =
        fmt::format("devices={} device.tiles={} device.vram_mib={} device.eus={} device.threads_per_eu={}",
                    model.devices, model.tiles, model.vram.count >> 20, model.eus, model.threads_per_eu);
    add(&line, "fault.report_us", model.fault_report);
    add(&line, "fault.ack_us", model.ack);
    add(&line, "tlb.invalidation_us", model.tlb_invalidation);
    line += fmt::format(" copy.engines={}", model.copy_engines);
    add(&line, "copy", model.copy);
    for (unsigned a = 0; a < model.devices; ++a) {
        for (unsigned b = a + 1; b < model.devices; ++b) {
            const LinkModel& there = model.links[a][b];
            const LinkModel& back = model.links[b][a];
            const std::string pair = fmt::format("link.{}-{}", a, b);
            line += fmt::format(" {}.fast={}", pair, there.fast);
            if (there.speed == back.speed) {
                add(&line, pair, there.speed);
            } else {
                add(&line, fmt::format("link.{}>{}", a, b), there.speed);
                add(&line, fmt::format("link.{}>{}", b, a), back.speed);
            }
        }
    }
    return line;
}

Expected<DeviceModel> parse_model(const std::string& text, const std::string& file) try {
    const toml::table tables = toml::parse(text);
    Complaint complaint{file, {}};
    DeviceModel model;
    model.name = std::filesystem::path(file).stem().string();
    {
        Section root(&tables, "", complaint);
        root.text("description", &model.description);
        root.text("source", &model.source);
        root.count("devices", 1, kMaxDevices, &model.devices);
        Section device = root.section("device");
        device.count("tiles", 1, svm::kMaxTiles, &model.tiles);
        auto vram_mib = static_cast<unsigned>(model.vram.count >> 20);
        device.count("vram_mib", 2, 1u << 20, &vram_mib);
        model.vram = Bytes{std::uint64_t{vram_mib} << 20};
        device.count("eus", 1, 1024, &model.eus);
        device.count("threads_per_eu", 1, 64, &model.threads_per_eu);
        Section fault = root.section("fault");
        fault.time("report_us", &model.fault_report);
        fault.time("ack_us", &model.ack);
        root.section("tlb").time("invalidation_us", &model.tlb_invalidation);
        Section copy = root.section("copy");
        copy.count("engines", 1, 16, &model.copy_engines);
        copy.speed(&model.copy);
        read_links(root.section("link"), &model);
    }
    if (complaint.error) return *complaint.error;
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
        if (!in || std::filesystem::is_directory(name))
            return Error{ErrorKind::kBadInput, fmt::format("model file {} cannot be read", name)};
        return parse_model(text.str(), name);
    }
    for (const BuiltinModel& model : builtin_models())
        if (model.name == name) return parse_model(std::string(model.text), name + ".toml");
    return Error{ErrorKind::kBadInput,
                 fmt::format("unknown device model '{}'; known: {}, or the path of a .toml file", name, known_names())};
}

}  // namespace faultline::gpu
