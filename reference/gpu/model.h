// What a device is assumed to be: sizes, counts, rates, latencies. `native` is as fast as the host allows.
//
// A model is a TOML file: those of reference/gpu/models are built in and found by name, others are read from a path. It
// is a stated assumption: whatever it yields is printed as `model: NAME`. Thread safety: values.
#pragma once

#include <array>
#include <string>

#include "base/expected.h"
#include "base/units.h"

namespace faultline::gpu {

/// How long something takes; both zero: as long as the host takes.
struct Speed {
    double gb_per_s = 0;  ///< 1e9 bytes a second
    Nanoseconds latency{0};

    bool operator==(const Speed&) const = default;
    bool is_modelled() const { return gb_per_s > 0 || latency.count() > 0; }
    Nanoseconds time_of(Bytes size) const {
        const double transfer = gb_per_s > 0 ? static_cast<double>(size.count) / gb_per_s : 0;
        return latency + Nanoseconds(static_cast<std::int64_t>(transfer));
    }
};

/// The way from one device to another. Whatever moves takes that of the direction in which its bytes go.
struct LinkModel {
    /// Each reaches the other's memory directly, and pages migrate over it. Without, pages go through system memory and
    /// only a program's copies take this way. The same in both directions.
    bool fast = false;
    Speed speed;  ///< of this direction, which carries one thing at a time

    bool operator==(const LinkModel&) const = default;
};

inline constexpr unsigned kMaxDevices = 8;

struct DeviceModel {
    std::string name;
    std::string description;
    std::string source;  ///< where its figures come from, or that they are invented
    unsigned devices = 1;
    std::array<std::array<LinkModel, kMaxDevices>, kMaxDevices> links{};  ///< by sender and receiver

    unsigned tiles = 1;
    Bytes vram{1024ull << 20};    ///< of each tile
    unsigned eus = 0;             ///< of each tile; 0: one per processor that hwloc finds
    unsigned threads_per_eu = 8;  ///< work-groups resident per EU
    unsigned copy_engines = 2;    ///< of each tile
    Speed copy;                   ///< of one engine

    Nanoseconds fault_report{0};      ///< from an access that faults to its entry in the fault queue
    Nanoseconds ack{0};               ///< from the ack to the work-group that may go on
    Nanoseconds tlb_invalidation{0};  ///< of each invalidation, at least

    /// Whether the way between any two devices has a speed of its own.
    bool has_modelled_links() const;
};

/// The figures in one line, "key=value" with the keys of the file; what is as fast as the host is absent. A link is
/// "link.0-1", its directions "link.0>1" and "link.1>0" where they differ.
std::string describe(const DeviceModel& model);

/// The model of that name, or of that file where the name has a '/' or ends in ".toml"; EU count resolved by hwloc. An
/// unknown name is an error that lists the known ones; a malformed file one that names file, line and key.
Expected<DeviceModel> find_model(const std::string& name);
/// The same of a text; `file` is what errors call it.
Expected<DeviceModel> parse_model(const std::string& text, const std::string& file);

}  // namespace faultline::gpu
