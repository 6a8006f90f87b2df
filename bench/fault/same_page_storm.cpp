// fault/same_page_storm/<read|write|atomic>/threads:<n>, n from 1 to all hardware threads of the device, doubling
//
// Constant: 64 MiB that the CPU has written, transparent huge pages asked for; one page in each 2 MiB of it, one page
// after another, each by a launch of n work-groups of one work-item. Readers and writers touch a word of the page each,
// atomics all the same word. The time includes 32 launches, each after the one before has completed. Cold: each
// iteration maps fresh memory, which no GPU has seen, and unmaps it afterwards. Cannot tell: how the driver orders the
// threads it wakes. The threads of a launch start as near to each other as the device starts work-groups; a barrier
// among them would need them all resident, which no device promises.
#include <fmt/format.h>

#include <algorithm>

#include "bench/fault/fault_benchmark.h"

namespace faultline::bench {
namespace {

constexpr Bytes kBufferSize{64u << 20};
constexpr Bytes kPageDistance{2u << 20};
constexpr std::uint32_t kWordsPerPage = 4096 / sizeof(std::uint32_t);

FaultPlan plan(BenchmarkName name, Access access, std::uint32_t threads) {
    FaultPlan plan{.name = name.word(to_string(access)).parameter("threads", threads)};
    plan.access = access;
    plan.make_cold = [](device::Session&) {
        return device::ColdBuffer::create(kBufferSize, device::Touch::kCpuTouched, device::HugePages::kHuge);
    };
    for (std::uint32_t page = 0; page < kBufferSize / kPageDistance; ++page) {
        plan.sweeps.push_back({.offset = page * kPageDistance.count,
                               .pitch = access == Access::kAtomic ? 0 : sizeof(std::uint32_t),
                               .accesses = threads,
                               .groups = threads,
                               .first_result = page * threads});
    }
    plan.memory = fmt::format("thp={}", to_string(device::HugePages::kHuge));
    return plan;
}

Status add(device::Registration& registration) {
    // A word of the page for each thread.
    const unsigned threads = std::min<unsigned>(registration.hardware_threads(), kWordsPerPage);
    for (const Access access : {Access::kRead, Access::kWrite, Access::kAtomic}) {
        for (const std::uint32_t n : thread_counts(threads))
            register_fault_benchmark(registration, plan(registration.name(), access, n));
    }
    return {};
}

const device::Family kFamily("fault/same_page_storm",
                             "What does it cost when many GPU threads fault on one page at once?", add);

}  // namespace
}  // namespace faultline::bench
