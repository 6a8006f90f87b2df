// What a process may do to its memory while a GPU has it mapped, and what must be true of the memory afterwards.
//
// Thread safety: stateless. Ownership: apply() takes the buffer's mapping over, where the operation changes where
// memory is mapped; Outcome then says what is left of it, and unmaps that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "device/cold_buffer.h"

namespace faultline::bench {

enum class Operation {
    kMunmap,        ///< all of it
    kPartialUnmap,  ///< all but the first and the last 512 KiB
    kDontNeed,      ///< madvise(MADV_DONTNEED), all of it
    kMprotect,      ///< PROT_READ, all of it
    kMremap,        ///< moved elsewhere, all of it
    kFirstTouch,    ///< the CPU reads what only the GPU has touched, the first word of each 2 MiB
};
/// "munmap", "partial_unmap", "madvise", "mprotect", "mremap", "first_touch".
std::string_view to_string(Operation operation);

/// What was done, and what is left.
class Outcome {
public:
    Outcome() = default;
    Outcome(Outcome&& other) noexcept { *this = std::move(other); }
    Outcome& operator=(Outcome&& other) noexcept;
    ~Outcome();

    /// Of each system call, or of each touch.
    std::vector<std::uint64_t> latencies_ns;

private:
    friend Expected<Outcome> apply(Operation operation, device::ColdBuffer& buffer);
    friend Status verify(Operation operation, const device::ColdBuffer& buffer, const Outcome& outcome);
    struct Mapping {
        std::byte* start = nullptr;
        std::size_t size = 0;
        std::size_t offset = 0;  ///< in the buffer, of what is there
    };
    std::vector<Mapping> left_;
};

/// Does it, timing it by the host's clock. REQUIRES: the buffer is one mapping.
Expected<Outcome> apply(Operation operation, device::ColdBuffer& buffer);

/// Whether the CPU finds what must be there: the same bytes where they are now, zeroes after kDontNeed, nothing mapped
/// after kMunmap.
Status verify(Operation operation, const device::ColdBuffer& buffer, const Outcome& outcome);

}  // namespace faultline::bench
