// Bandwidth and latency of memory that a device has mapped already (bench/kernels/stream.cl, chase.cl).
//
// Thread safety: one thread at a time; measures of different sessions are independent. Ownership: must go before the
// Session that it was made on. The memory is any that the device's kernels can reach; one block at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/expected.h"
#include "base/units.h"
#include "device/buffer.h"
#include "device/gt_counters.h"
#include "device/module.h"
#include "device/session.h"

namespace faultline::bench {

class WarmStream {
public:
    static Expected<WarmStream> create(device::Session& session);

    /// Writes all of it and waits; seconds from the launch.
    Expected<double> write(void* memory, Bytes size, std::uint64_t salt);
    /// Reads all of it and waits; an error where the sum is not that of a write() with that salt.
    Expected<double> read(const void* memory, Bytes size, std::uint64_t salt);

private:
    WarmStream(device::Session& session, device::Module module, device::Kernel reads, device::Kernel writes,
               device::HostBuffer<std::uint64_t> sums)
        : session_(&session),
          module_(std::move(module)),
          reads_(std::move(reads)),
          writes_(std::move(writes)),
          sums_(std::move(sums)) {}
    Expected<double> run(const device::Kernel& kernel);

    device::Session* session_;
    device::Module module_;
    device::Kernel reads_;
    device::Kernel writes_;
    device::HostBuffer<std::uint64_t> sums_;
};

class WarmChase {
public:
    static constexpr std::uint32_t kSteps = 4096;

    static Expected<WarmChase> create(device::Session& session);

    /// Lays a chain through all of the memory, with a kernel, and waits.
    Status fill(void* memory, Bytes size);
    /// kSteps steps, one after another, of a chain that a WarmChase of any device filled. An error where they do not
    /// end where they must. `seconds` (may be null): of the launch until its completion.
    Expected<std::vector<std::uint64_t>> steps_ns(const void* memory, Bytes size, double* seconds);

private:
    WarmChase(device::Session& session, device::Module module, device::Kernel chase, device::Kernel fill,
              device::DeviceBuffer<std::uint64_t> cycles, device::HostBuffer<std::uint64_t> cycles_on_host,
              device::HostBuffer<std::uint32_t> end)
        : session_(&session),
          module_(std::move(module)),
          chase_(std::move(chase)),
          fill_(std::move(fill)),
          cycles_(std::move(cycles)),
          cycles_on_host_(std::move(cycles_on_host)),
          end_(std::move(end)) {}

    device::Session* session_;
    device::Module module_;
    device::Kernel chase_;
    device::Kernel fill_;
    device::DeviceBuffer<std::uint64_t> cycles_;
    device::HostBuffer<std::uint64_t> cycles_on_host_;
    device::HostBuffer<std::uint32_t> end_;
};

/// What `use` moves the GT counters by, where they can be read; an error when it faulted: the memory was not warm.
Expected<device::GtCounters> without_faults(const device::Session& session, const std::function<Status()>& use);

}  // namespace faultline::bench
