// GT counters: what the kernel driver counted (debugfs `stats`), read the same way from Xe and from the reference.
//
// Whole keys, 64 bits, the order of the text; a counter that is not there is absent, not zero. Counters are cumulative
// and belong to the whole GPU: another process that faults on it moves them too. Thread safety: values; sources may be
// read from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "device/device.h"

namespace faultline::device {

/// One reading, or the difference of two.
class GtCounters {
public:
    struct Counter {
        std::string name;
        std::uint64_t value = 0;
        friend bool operator==(const Counter&, const Counter&) = default;
    };

    /// Reads "name: value" lines; blank lines are skipped. Anything else, a name that comes twice and a value that does
    /// not fit 64 bits are errors that give the number of the line.
    static Expected<GtCounters> parse(std::string_view text);

    const std::vector<Counter>& all() const { return counters_; }
    std::optional<std::uint64_t> value(std::string_view name) const;

    /// What moved since `before`, by how much, for counters present in both. An error when one went backwards: somebody
    /// zeroed the counters meanwhile.
    Expected<GtCounters> since(const GtCounters& before) const;
    /// Adds `other` counter by counter; counters new to this one are appended.
    void add(const GtCounters& other);

private:
    std::vector<Counter> counters_;
};

/// Where a device's counters are read.
class GtCounterSource {
public:
    virtual ~GtCounterSource() = default;
    /// kUnavailable when the text cannot be had, with the reason; kDevice when it is malformed.
    virtual Expected<GtCounters> read() const = 0;
};

/// Where the kernel's files are; tests point elsewhere.
struct KernelFiles {
    std::string debugfs = "/sys/kernel/debug";
    std::string pci_devices = "/sys/bus/pci/devices";
};

/// debugfs `stats` of the GPU at `pci`. A tile's primary GT only: the media GT repeats TLB invalidations. Several tiles
/// are added up. kUnavailable says whether the card, debugfs, the permission or the file is missing.
Expected<std::unique_ptr<GtCounterSource>> open_debugfs_counters(const std::string& pci, const KernelFiles& files = {});

/// The source that belongs to the device: debugfs for Xe, the extension for a reference.
Expected<std::unique_ptr<GtCounterSource>> open_gt_counters(const Device& device);

}  // namespace faultline::device
