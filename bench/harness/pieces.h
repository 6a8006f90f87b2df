// Cold memory of which each access of one sweep falls into a range of its own, and where its pages are.
//
// Sizes up to 2 MiB, the largest range of the driver: as many mappings of that size, with gaps, as make a measurement,
// so that no range is greater. Larger sizes: one mapping, one access each 2 MiB. Small pages throughout.
// Thread safety: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bench/harness/touch_kernel.h"
#include "device/cold_buffer.h"
#include "device/session.h"

namespace faultline::bench {

struct Pieces {
    std::size_t count = 1;
    Bytes size;

    /// Mappings of `size`, at most `at_most` of them, 32 MiB in all where they are small.
    static Pieces of(Bytes size, std::size_t at_most = 256);

    Expected<device::ColdBuffer> make(device::Touch touch) const;
    std::uint32_t ranges() const;
    Bytes range_size() const;
    /// One access to the first word of every range, by `groups` work-groups of one work-item.
    Sweep sweep(std::uint32_t groups = 1) const;
    /// Of range `i`, bytes from the buffer's data().
    std::size_t offset(std::uint32_t i) const;
    Bytes total() const { return size * count; }
};

/// How many of the buffer's pages are where.
struct Placement {
    std::uint64_t here = 0;       ///< in memory of the device asked about
    std::uint64_t system = 0;     ///< in system memory
    std::uint64_t elsewhere = 0;  ///< in memory of another device
    std::uint64_t pages() const { return here + system + elsewhere; }
};

/// Empty where the driver does not tell: on Xe, GT counters are all the evidence there is.
Expected<std::optional<Placement>> placement(const device::Device& device, const device::ColdBuffer& buffer);
enum class Where { kHere, kSystem };
/// An error that counts the pages that are elsewhere. Where the driver does not tell: success.
Status require_placement(const device::Device& device, const device::ColdBuffer& buffer, Where where);

/// The first word of every page as the CPU reads it, against what the CPU wrote. The error names the first wrong one.
Status verify_by_cpu(const device::ColdBuffer& buffer);

/// "4K", "64K", "2M".
std::string size_name(Bytes size);

}  // namespace faultline::bench
