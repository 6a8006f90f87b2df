#include "bench/harness/warm.h"

#include <fmt/format.h>

#include <numeric>

#include "bench/harness/toucher.h"
#include "kernels/chase.h"
#include "kernels/stream.h"

namespace faultline::bench {
namespace {

constexpr std::uint32_t kGroupSize = 64;
constexpr std::size_t kElement = 64;
constexpr std::uint64_t kLine = 64;  // of bench/kernels/stream.cl

/// As many work-items as fill the device some times over.
std::uint32_t groups_of(const device::Session& session) { return 4 * session.device().eus(); }

/// Odd, and so far that each step is in another page of the neighbourhood: no prefetcher follows, every element comes.
std::uint32_t stride_of(std::uint32_t elements) { return elements / 2 + 257; }

}  // namespace

Expected<WarmStream> WarmStream::create(device::Session& session) {
    auto module = device::Module::create(session.context(), kernel_stream());
    if (!module) return module.error();
    auto reads = module->kernel("stream_read");
    if (!reads) return reads.error();
    auto writes = module->kernel("stream_write");
    if (!writes) return writes.error();
    for (device::Kernel* kernel : {&*reads, &*writes}) {
        if (Status s = kernel->set_group_size(kGroupSize); !s) return s.error();
    }
    auto sums = device::HostBuffer<std::uint64_t>::create(session.context(), groups_of(session) * kGroupSize);
    if (!sums) return sums.error();
    return WarmStream(session, *std::move(module), *std::move(reads), *std::move(writes), *std::move(sums));
}

Expected<double> WarmStream::run(const device::Kernel& kernel) {
    const Stopwatch watch;
    if (Status s = session_->queue().launch(kernel, groups_of(*session_), &session_->event()); !s) return s.error();
    if (Status s = session_->event().wait(); !s) return session_->explain(s.error());
    const double seconds = watch.seconds();
    if (Status s = session_->event().reset(); !s) return s.error();
    return seconds;
}

Expected<double> WarmStream::write(void* memory, Bytes size, std::uint64_t salt) {
    if (Status s = writes_.set_arguments(memory, size.count / kLine, salt); !s) return s.error();
    return run(writes_);
}

Expected<double> WarmStream::read(const void* memory, Bytes size, std::uint64_t salt) {
    if (Status s = reads_.set_arguments(memory, size.count / kLine, sums_.data()); !s) return s.error();
    auto seconds = run(reads_);
    if (!seconds) return seconds;
    const std::uint64_t count = size.count / sizeof(std::uint64_t);
    const std::uint64_t sum = std::accumulate(sums_.span().begin(), sums_.span().end(), std::uint64_t{0});
    const std::uint64_t must_be = count * (count - 1) / 2 + count * salt;
    if (sum == must_be) return seconds;
    return Error{ErrorKind::kDevice, fmt::format("wrong data: the sum read is {:#x} and must be {:#x}", sum, must_be)};
}

Expected<WarmChase> WarmChase::create(device::Session& session) {
    auto module = device::Module::create(session.context(), kernel_chase());
    if (!module) return module.error();
    auto chase = module->kernel("chase");
    if (!chase) return chase.error();
    auto fill = module->kernel("chase_fill");
    if (!fill) return fill.error();
    if (Status s = fill->set_group_size(kGroupSize); !s) return s.error();
    auto cycles = device::DeviceBuffer<std::uint64_t>::create(session.context(), kSteps);
    if (!cycles) return cycles.error();
    auto on_host = device::HostBuffer<std::uint64_t>::create(session.context(), kSteps);
    if (!on_host) return on_host.error();
    auto end = device::HostBuffer<std::uint32_t>::create(session.context(), 1);
    if (!end) return end.error();
    return WarmChase(session, *std::move(module), *std::move(chase), *std::move(fill), *std::move(cycles),
                     *std::move(on_host), *std::move(end));
}

Status WarmChase::fill(void* memory, Bytes size) {
    const auto elements = static_cast<std::uint32_t>(size.count / kElement);
    if (Status s = fill_.set_arguments(memory, elements, stride_of(elements)); !s) return s;
    if (Status s = session_->queue().launch(fill_, groups_of(*session_), &session_->event()); !s) return s;
    return finish(*session_);
}

Expected<std::vector<std::uint64_t>> WarmChase::steps_ns(const void* memory, Bytes size, double* seconds) {
    const std::uint64_t zero = 0;
    if (Status s = chase_.set_arguments(memory, kSteps, zero, cycles_.data(), end_.data()); !s) return s.error();
    const Stopwatch watch;
    if (Status s = session_->queue().launch(chase_, 1, &session_->event()); !s) return s.error();
    if (Status s = session_->event().wait(); !s) return session_->explain(s.error());
    if (seconds != nullptr) *seconds = watch.seconds();
    if (Status s = session_->event().reset(); !s) return s.error();

    const auto elements = static_cast<std::uint32_t>(size.count / kElement);
    const auto must_end = static_cast<std::uint32_t>(std::uint64_t{kSteps} * stride_of(elements) % elements);
    if (end_[0] != must_end) {
        return Error{ErrorKind::kDevice,
                     fmt::format("wrong data: the chain ends at element {} and must at {}", end_[0], must_end)};
    }
    if (Status s = session_->queue().copy(cycles_on_host_.data(), cycles_.data(), Bytes{kSteps * sizeof(std::uint64_t)},
                                          &session_->event());
        !s) {
        return s.error();
    }
    if (Status s = finish(*session_); !s) return s.error();
    std::vector<std::uint64_t> ns;
    for (const std::uint64_t cycles : cycles_on_host_.span()) ns.push_back(session_->clock().to_ns(cycles));
    return ns;
}

Expected<device::GtCounters> without_faults(const device::Session& session, const std::function<Status()>& use) {
    const auto watch = CounterWatch::start(session);
    if (Status s = use(); !s) return s.error();
    if (!watch) return device::GtCounters();  // no debugfs; nothing is said about faults then
    auto moved = watch->moved();
    if (!moved) return moved.error();
    const std::uint64_t faults = moved->value("svm_pagefault_count").value_or(0);
    if (faults != 0) return Error{ErrorKind::kDevice, fmt::format("{} faults: the memory was not warm", faults)};
    return moved;
}

}  // namespace faultline::bench
