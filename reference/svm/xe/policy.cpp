// One table of knobs and one of presets: text, values and help come from them alone.

#include "reference/svm/xe/policy.h"

#include <charconv>
#include <optional>
#include <utility>

namespace faultline::svm {
namespace {

using Reader = bool (*)(std::string_view value, Policy& policy);
using Writer = std::string (*)(const Policy& policy);

/// One knob: how it is read from text, written back, and explained.
struct Knob {
    std::string_view name;
    std::string_view values;
    std::string_view meaning;
    Reader read;
    Writer write;
};

std::optional<std::uint64_t> read_number(std::string_view text) {
    std::uint64_t n = 0;
    const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (err != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return n;
}

std::optional<std::uint64_t> read_size(std::string_view text) {
    std::uint64_t unit = 1;
    if (text.ends_with('K')) unit = 1ull << 10;
    if (text.ends_with('M')) unit = 1ull << 20;
    if (text.ends_with('G')) unit = 1ull << 30;
    if (unit > 1) text.remove_suffix(1);
    const auto n = read_number(text);
    if (!n || *n > (1ull << 47) / unit) return std::nullopt;
    return *n * unit;
}

std::string write_size(std::uint64_t bytes) {
    constexpr std::pair<std::uint64_t, const char*> kUnits[] = {
        {1ull << 30, "G"}, {1ull << 20, "M"}, {1ull << 10, "K"}};
    for (const auto& [unit, suffix] : kUnits)
        if (bytes >= unit && bytes % unit == 0) return std::to_string(bytes / unit) + suffix;
    return std::to_string(bytes);
}

bool read_switch(std::string_view value, bool& on) {
    if (value != "on" && value != "off") return false;
    on = value == "on";
    return true;
}

bool read_count(std::string_view value, unsigned low, unsigned high, unsigned& out) {
    const auto n = read_number(value);
    if (!n || *n < low || *n > high) return false;
    out = static_cast<unsigned>(*n);
    return true;
}

bool read_chunks(std::string_view value, Policy& policy) {
    policy.chunk_count = 0;
    std::uint64_t last = ~0ull;
    while (!value.empty()) {
        const auto plus = value.find('+');
        const auto size = read_size(value.substr(0, plus));
        value = plus == std::string_view::npos ? "" : value.substr(plus + 1);
        if (!size || *size >= last || policy.chunk_count == policy.chunk_sizes.size()) return false;
        if (*size != kSize2M && *size != kSize64K && *size != kPageSize) return false;
        policy.chunk_sizes[policy.chunk_count++] = last = *size;
    }
    return last == kPageSize;  // without it some addresses could not be served at all
}

std::string write_chunks(const Policy& policy) {
    std::string text;
    for (unsigned i = 0; i < policy.chunk_count; ++i) text += (i == 0 ? "" : "+") + write_size(policy.chunk_sizes[i]);
    return text;
}

/// A knob whose values are names: the enumerator at the name's place.
template <typename Enum, std::size_t N>
bool read_name(std::string_view value, const std::string_view (&names)[N], Enum& out) {
    for (std::size_t i = 0; i < N; ++i) {
        if (value != names[i]) continue;
        out = static_cast<Enum>(i);
        return true;
    }
    return false;
}
template <typename Enum, std::size_t N>
std::string write_name(const std::string_view (&names)[N], Enum value) {
    return std::string(names[static_cast<std::size_t>(value)]);
}
constexpr std::string_view kLockings[] = {"vm-write", "fine-grained"};
constexpr std::string_view kQueueChoices[] = {"asid-hash", "round-robin", "single"};
constexpr std::string_view kAckModes[] = {"each", "batched"};
constexpr std::string_view kPrefetchModes[] = {"write-lock", "read-lock", "threaded"};
constexpr std::string_view kMigrateSides[] = {"source", "destination"};

std::string write_switch(bool on) { return on ? "on" : "off"; }

constexpr Knob kKnobs[] = {
    {"locking", "vm-write, fine-grained", "vm.lock for writing during a fault, or for reading with a lock a range",
     [](std::string_view value, Policy& p) { return read_name(value, kLockings, p.locking); },
     [](const Policy& p) { return write_name(kLockings, p.locking); }},
    {"queue", "asid-hash, round-robin, single", "which page-fault queue takes a fault",
     [](std::string_view value, Policy& p) { return read_name(value, kQueueChoices, p.queue_choice); },
     [](const Policy& p) { return write_name(kQueueChoices, p.queue_choice); }},
    {"queues", "1..8", "page-fault queues, one worker each (XE_PAGEFAULT_QUEUE_COUNT); a single queue is one",
     [](std::string_view value, Policy& p) { return read_count(value, 1, 8, p.queue_count); },
     [](const Policy& p) { return std::to_string(p.queue_count); }},
    {"num_pf_work", "1..8", "workers of a single queue",
     [](std::string_view value, Policy& p) { return read_count(value, 1, 8, p.num_pf_work); },
     [](const Policy& p) { return std::to_string(p.num_pf_work); }},
    {"chaining", "on, off", "faults of one 2 MiB window hang on to the one in service",
     [](std::string_view value, Policy& p) { return read_switch(value, p.chaining); },
     [](const Policy& p) { return write_switch(p.chaining); }},
    {"acks", "each, batched", "acks published one by one, or every 16th of a chain",
     [](std::string_view value, Policy& p) { return read_name(value, kAckModes, p.acks); },
     [](const Policy& p) { return write_name(kAckModes, p.acks); }},
    {"prefetch", "write-lock, read-lock, threaded", "vm.lock during a prefetch, and who migrates its ranges",
     [](std::string_view value, Policy& p) { return read_name(value, kPrefetchModes, p.prefetch); },
     [](const Policy& p) { return write_name(kPrefetchModes, p.prefetch); }},
    {"chunks", "2M+64K+4K, 64K+4K, 2M+4K, 4K", "range sizes tried, largest first (fault_chunk_sizes)", read_chunks,
     write_chunks},
    {"notifier", "2M..64G, a power of two", "span of one interval notifier (svm_notifier_size)",
     [](std::string_view value, Policy& p) {
         const auto size = read_size(value);
         if (!size || *size < kSize2M || *size > (64ull << 30) || (*size & (*size - 1)) != 0) return false;
         p.notifier_size = {*size};
         return true;
     },
     [](const Policy& p) { return write_size(p.notifier_size.count); }},
    {"migrate", "on, off", "faults migrate to the faulting tile's VRAM where nothing else was advised",
     [](std::string_view value, Policy& p) { return read_switch(value, p.migrate); },
     [](const Policy& p) { return write_switch(p.migrate); }},
    {"migrate-min", "4K, 64K, 2M", "smaller ranges stay in system memory",
     [](std::string_view value, Policy& p) {
         const auto size = read_size(value);
         if (!size || (*size != kPageSize && *size != kSize64K && *size != kSize2M)) return false;
         p.migrate_min = {*size};
         return true;
     },
     [](const Policy& p) { return write_size(p.migrate_min.count); }},
    {"check-pages", "0, 4K, 64K, 2M", "ranges up to this size need their CPU pages present (check_pages_threshold)",
     [](std::string_view value, Policy& p) {
         const auto size = read_size(value);
         if (!size || (*size != 0 && *size != kPageSize && *size != kSize64K && *size != kSize2M)) return false;
         p.check_pages_threshold = {*size};
         return true;
     },
     [](const Policy& p) { return write_size(p.check_pages_threshold.count); }},
    {"atomic-tries", "1..16", "migration tries for an atomic fault (migrate_try_count)",
     [](std::string_view value, Policy& p) { return read_count(value, 1, 16, p.atomic_migrate_tries); },
     [](const Policy& p) { return std::to_string(p.atomic_migrate_tries); }},
    {"timeslice", "0..1000 (ms)", "device keeps pages this long after an atomic fault (atomic_svm_timeslice_ms)",
     [](std::string_view value, Policy& p) {
         unsigned ms = 0;
         if (!read_count(value, 0, 1000, ms)) return false;
         p.timeslice = std::chrono::milliseconds(ms);
         return true;
     },
     [](const Policy& p) { return std::to_string(p.timeslice / std::chrono::milliseconds(1)); }},
    {"interconnect", "on, off", "devices with a fast link map and migrate each other's pages",
     [](std::string_view value, Policy& p) { return read_switch(value, p.interconnect); },
     [](const Policy& p) { return write_switch(p.interconnect); }},
    {"migrate-side", "source, destination", "whose copy engine moves pages between devices (source_peer_migrates)",
     [](std::string_view value, Policy& p) { return read_name(value, kMigrateSides, p.migrate_side); },
     [](const Policy& p) { return write_name(kMigrateSides, p.migrate_side); }},
};

// What each preset changes of xe-7.0, as overrides, so that every difference is a knob's.
struct Preset {
    std::string_view name;
    std::string_view meaning;
    std::string_view changes;
};

constexpr Preset kPresets[] = {
    {"xe-7.0", "what mainline Linux 7.0 ships", ""},
    {"fine-grained", "7.0 with patch 1 of the series alone", "locking=fine-grained,queue=round-robin"},
    {"series-v4", "7.0 with all twelve patches of the series",
     "locking=fine-grained,queue=single,num_pf_work=2,chaining=on,acks=batched,prefetch=threaded"},
};

constexpr std::string_view kPresetNames[] = {kPresets[0].name, kPresets[1].name, kPresets[2].name};

constexpr std::string_view kVariations[] = {
    "locking=fine-grained",
    "queue=round-robin",
    "queue=single",
    "queues=1",
    "queues=8",
    "num_pf_work=1",
    "num_pf_work=8",
    "chaining=on",
    "acks=batched",
    "prefetch=read-lock",
    "prefetch=threaded",
    "chunks=64K+4K",
    "chunks=4K",
    "notifier=2M",
    "migrate=off",
    "migrate-min=4K",
    "migrate-min=2M",
    "check-pages=0",
    "atomic-tries=1",
    "timeslice=0",
    "interconnect=off",
    "migrate-side=destination",
};

template <typename Rows>
std::string names_of(const Rows& rows) {
    std::string text;
    for (const auto& row : rows) text.append(text.empty() ? "" : ", ").append(row.name);
    return text;
}

Error bad(std::string message) { return {ErrorKind::kBadInput, "policy: " + std::move(message)}; }

/// Applies "knob=value,..." to the policy.
Status apply(std::string_view text, Policy& policy) {
    while (!text.empty()) {
        const std::string_view item = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), item.size() + 1));
        const auto equals = item.find('=');
        const std::string_view key = item.substr(0, equals);
        const Knob* knob = nullptr;
        for (const Knob& candidate : kKnobs)
            if (candidate.name == key) knob = &candidate;
        if (knob == nullptr) return bad("unknown knob '" + std::string(key) + "'; knobs: " + names_of(kKnobs));
        const std::string_view value = equals == std::string_view::npos ? "" : item.substr(equals + 1);
        if (!knob->read(value, policy))
            return bad("'" + std::string(value) + "' is no value of " + std::string(key) +
                       "; values: " + std::string(knob->values));
    }
    return {};
}

const Preset* find_preset(std::string_view name) {
    for (const Preset& preset : kPresets)
        if (preset.name == name) return &preset;
    return nullptr;
}

Policy policy_of(const Preset& preset) {
    Policy policy;
    policy.preset = preset.name;
    static_cast<void>(apply(preset.changes, policy));  // ours, and tested
    return policy;
}

}  // namespace

Expected<Policy> parse_policy(std::string_view text) {
    const std::string_view name = text.substr(0, text.find(','));
    const Preset* preset = find_preset(name);
    if (preset == nullptr) return bad("unknown preset '" + std::string(name) + "'; presets: " + names_of(kPresets));
    Policy policy = policy_of(*preset);
    text.remove_prefix(std::min(text.size(), name.size() + 1));
    if (Status applied = apply(text, policy); !applied) return applied.error();
    return policy;
}

std::string to_string(const Policy& policy) {
    const Preset* preset = find_preset(policy.preset);
    const Policy plain = preset == nullptr ? Policy() : policy_of(*preset);
    std::string text = policy.preset;
    for (const Knob& knob : kKnobs) {
        const std::string value = knob.write(policy);
        if (value != knob.write(plain)) text.append(",").append(knob.name).append("=").append(value);
    }
    return text;
}

std::string describe_policies() {
    const Policy plain;
    std::string text = "presets:\n";
    for (const Preset& preset : kPresets) {
        text.append("  ").append(preset.name).append("  ").append(preset.meaning);
        if (!preset.changes.empty()) text.append(": ").append(preset.changes);
        text += "\n";
    }
    text += "knobs (value in xe-7.0; values):\n";
    for (const Knob& knob : kKnobs)
        text.append("  ")
            .append(knob.name)
            .append("=")
            .append(knob.write(plain))
            .append("  ")
            .append(knob.meaning)
            .append("; ")
            .append(knob.values)
            .append("\n");
    return text;
}

std::span<const std::string_view> policy_presets() { return kPresetNames; }
std::span<const std::string_view> policy_variations() { return kVariations; }

}  // namespace faultline::svm
