#include "bench/harness/pieces.h"

#include <fmt/format.h>

#include <algorithm>

namespace faultline::bench {
namespace {

constexpr Bytes kLargestRange{2u << 20};
constexpr Bytes kTogether{32u << 20};
constexpr std::size_t kPage = 4096;

}  // namespace

Pieces Pieces::of(Bytes size, std::size_t at_most) {
    return {size > kLargestRange ? 1 : std::min<std::size_t>(at_most, kTogether / size), size};
}

Expected<device::ColdBuffer> Pieces::make(device::Touch touch) const {
    if (count == 1) return device::ColdBuffer::create(size, touch, device::HugePages::kSmall);
    return device::ColdBuffer::create_pieces(count, size, touch);
}

std::uint32_t Pieces::ranges() const { return static_cast<std::uint32_t>(total() / range_size()); }
Bytes Pieces::range_size() const { return std::min(size, kLargestRange); }
std::size_t Pieces::offset(std::uint32_t i) const { return i * range_size().count * (count == 1 ? 1 : 2); }

Sweep Pieces::sweep(std::uint32_t groups) const {
    return {.offset = 0, .pitch = offset(1), .accesses = ranges(), .groups = std::min(groups, ranges())};
}

Expected<std::optional<Placement>> placement(const device::Device& device, const device::ColdBuffer& buffer) {
    if (!device.extension) return std::optional<Placement>();
    Placement found;
    const std::size_t piece = buffer.size().count / buffer.pieces();
    for (std::size_t i = 0; i < buffer.pieces(); ++i) {
        FL_ASSIGN_OR_RETURN(const auto where,
                            device.extension->residency(buffer.data() + i * buffer.pitch().count, piece / kPage));
        for (const std::int32_t page : where) {
            if (page == FAULTLINE_RESIDENCY_SYSTEM) {
                ++found.system;
            } else {
                ++(page == static_cast<std::int32_t>(device.index) ? found.here : found.elsewhere);
            }
        }
    }
    return std::optional(found);
}

Status require_placement(const device::Device& device, const device::ColdBuffer& buffer, Where where) {
    FL_ASSIGN_OR_RETURN(const auto found, placement(device, buffer));
    if (!found) return {};
    const std::uint64_t right = where == Where::kHere ? found->here : found->system;
    if (right == found->pages()) return {};
    return Error{ErrorKind::kDevice, fmt::format("wrong placement: {} of {} pages are in {}", right, found->pages(),
                                                 where == Where::kHere ? "device memory" : "system memory")};
}

Status verify_by_cpu(const device::ColdBuffer& buffer) {
    const std::size_t piece = buffer.size().count / buffer.pieces();
    for (std::size_t i = 0; i < buffer.pieces(); ++i) {
        for (std::size_t page = 0; page < piece; page += kPage) {
            const std::size_t offset = i * buffer.pitch().count + page;
            const std::uint32_t is = buffer.word(offset);
            if (is == buffer.expected(offset)) continue;
            return Error{ErrorKind::kDevice,
                         fmt::format("wrong data: the CPU reads {:#010x} at offset {:#x}, not {:#010x}", is, offset,
                                     buffer.expected(offset))};
        }
    }
    return {};
}

std::string size_name(Bytes size) {
    return size.count >= 1u << 20 ? fmt::format("{}M", size.count >> 20) : fmt::format("{}K", size.count >> 10);
}

}  // namespace faultline::bench
