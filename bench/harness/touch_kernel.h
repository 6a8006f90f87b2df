// The three kernels of bench/kernels/touch.cl, and whether what they saw and left behind is right.
//
// Thread safety: one thread at a time. Ownership: TouchKernel must go before the Session that it was made on.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "device/buffer.h"
#include "device/cold_buffer.h"
#include "device/module.h"
#include "device/session.h"

namespace faultline::bench {

enum class Access { kRead, kWrite, kAtomic };
std::string_view to_string(Access access);

/// One launch: which words of a buffer are touched, and by how many work-groups.
struct Sweep {
    std::size_t offset = 0;   ///< of the first word, bytes into the buffer
    std::uint64_t pitch = 0;  ///< bytes from one access to the next; 0: all touch one word
    std::uint32_t accesses = 0;
    std::uint32_t groups = 0;        ///< work-groups of one work-item; each takes accesses / groups of them
    std::uint32_t shuffle_bits = 0;  ///< not 0: 1 << shuffle_bits accesses, in a random order
    std::uint32_t first_result = 0;  ///< index of the sweep's first access among the results
};

class TouchKernel {
public:
    /// `capacity`: accesses whose results are kept.
    static Expected<TouchKernel> create(const device::Session& session, Access access, std::size_t capacity);

    /// Appends the sweep; `signal` (may be null) is signalled at its end.
    Status launch(device::CommandList& queue, const device::ColdBuffer& buffer, const Sweep& sweep,
                  const device::Event* signal);
    /// Brings the results of all launches to the host and waits. REQUIRES: the launches have completed, `event` is
    /// reset; it is again afterwards.
    Status fetch(device::CommandList& queue, const device::Event& event);
    /// In-kernel cycles of each access. REQUIRES: fetch().
    std::span<const std::uint64_t> cycles() const { return cycles_.host.span(); }
    /// What each access saw, in the same order. REQUIRES: fetch().
    std::span<const std::uint32_t> seen() const { return seen_.host.span(); }
    /// Compares what each access saw, and for writes and atomics what the buffer now holds, with what must be. The
    /// error names the first wrong word. REQUIRES: fetch(); each word of the buffer was touched by one sweep at most.
    Status verify(const device::ColdBuffer& buffer, const Sweep& sweep) const;

private:
    /// Written in device memory, on which no kernel faults and whose stores cross no bus; read from a host copy.
    template <typename T>
    struct Results {
        device::DeviceBuffer<T> device;
        device::HostBuffer<T> host;

        static Expected<Results> create(const device::Context& context, std::size_t count);
        Status fetch(device::CommandList& queue, const device::Event& event) const;
    };

    TouchKernel(Access access, device::Module module, device::Kernel kernel, Results<std::uint64_t> cycles,
                Results<std::uint32_t> seen)
        : access_(access),
          module_(std::move(module)),
          kernel_(std::move(kernel)),
          cycles_(std::move(cycles)),
          seen_(std::move(seen)) {}
    Status verify_shared_word(const device::ColdBuffer& buffer, const Sweep& sweep) const;

    Access access_;
    device::Module module_;
    device::Kernel kernel_;
    Results<std::uint64_t> cycles_;
    Results<std::uint32_t> seen_;
};

}  // namespace faultline::bench
