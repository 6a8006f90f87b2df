// What a command list holds: actions with the events they wait for and signal.
//
// Thread safety: values; run() is called by one executor at a time, and the same command may be run many times.
// Ownership: events and memory are the application's, which keeps them until the command has completed.
#pragma once

#include <level_zero/ze_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/units.h"
#include "reference/driver/context.h"
#include "reference/driver/event.h"
#include "reference/driver/kernel.h"

namespace faultline::driver {

/// A launch. With `indirect` its group count is read when it runs; with `launches` too, it runs only when its `index`
/// is below the number found there.
struct LaunchKernel {
    KernelState kernel;
    ze_group_count_t groups{};
    const ze_group_count_t* indirect = nullptr;
    const std::uint32_t* launches = nullptr;
    std::uint32_t index = 0;
};

struct CopyMemory {
    void* dst = nullptr;
    const void* src = nullptr;
    Bytes size;
    std::shared_ptr<Context> src_context;  ///< whose memory `src` is
};

struct CopyRegion {
    std::byte* dst = nullptr;
    ze_copy_region_t dst_region{};
    std::uint32_t dst_pitch = 0;
    std::uint32_t dst_slice_pitch = 0;
    const std::byte* src = nullptr;
    ze_copy_region_t src_region{};
    std::uint32_t src_pitch = 0;
    std::uint32_t src_slice_pitch = 0;
};

struct FillMemory {
    void* dst = nullptr;
    std::vector<std::byte> pattern;
    Bytes size;
};

/// Of memory of the process, or shared memory: to the list's device.
struct PrefetchMemory {
    const void* start = nullptr;
    Bytes size;
};

/// Of memory of the process, or shared memory: where it is to be when the list's device faults on it.
struct AdviseMemory {
    const void* start = nullptr;
    Bytes size;
    svm::Madvise advice;
};

struct ResetEvent {
    Event* event = nullptr;
};

struct WriteGlobalTimestamp {
    std::uint64_t* dst = nullptr;
};

struct QueryKernelTimestamps {
    std::vector<Event*> events;
    std::byte* dst = nullptr;
    std::vector<std::size_t> offsets;  ///< empty: one result after another
};

/// Nothing but its events: barriers, waits and signals. Execution is in order.
struct Barrier {};

using Action = std::variant<Barrier, LaunchKernel, CopyMemory, CopyRegion, FillMemory, PrefetchMemory, AdviseMemory,
                            ResetEvent, WriteGlobalTimestamp, QueryKernelTimestamps>;

struct Command {
    Action action;
    std::vector<Event*> waits;
    Event* signal = nullptr;
};

using CommandSequence = std::vector<Command>;

/// Where a command runs.
struct Engine {
    Context& context;
    Device& device;
};

/// Runs the action and waits for it. Nothing, or why the context must be lost: one line with address and error.
std::string run(const Action& action, const Engine& engine, CommandTime* time);

}  // namespace faultline::driver
