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
    FL_ASSIGN_OR_RETURN(auto module, device::Module::create(session.context(), kernel_stream()));
    FL_ASSIGN_OR_RETURN(auto reads, module.kernel("stream_read"));
    FL_ASSIGN_OR_RETURN(auto writes, module.kernel("stream_write"));
    for (device::Kernel* kernel : {&reads, &writes}) {
        FL_RETURN_IF_ERROR(kernel->set_group_size(kGroupSize));
    }
    FL_ASSIGN_OR_RETURN(auto sums,
                        device::HostBuffer<std::uint64_t>::create(session.context(), groups_of(session) * kGroupSize));
    return WarmStream(session, std::move(module), std::move(reads), std::move(writes), std::move(sums));
}

Expected<double> WarmStream::run(const device::Kernel& kernel) {
    const Stopwatch watch;
    FL_RETURN_IF_ERROR(session_->queue().launch(kernel, groups_of(*session_), &session_->event()));
    FL_RETURN_IF_ERROR(session_->wait());
    const double seconds = watch.seconds();
    FL_RETURN_IF_ERROR(session_->event().reset());
    return seconds;
}

Expected<double> WarmStream::write(void* memory, Bytes size, std::uint64_t salt) {
    FL_RETURN_IF_ERROR(writes_.set_arguments(memory, size.count / kLine, salt));
    return run(writes_);
}

Expected<double> WarmStream::read(const void* memory, Bytes size, std::uint64_t salt) {
    FL_RETURN_IF_ERROR(reads_.set_arguments(memory, size.count / kLine, sums_.data()));
    FL_ASSIGN_OR_RETURN(auto seconds, run(reads_));
    const std::uint64_t count = size.count / sizeof(std::uint64_t);
    const std::uint64_t sum = std::accumulate(sums_.span().begin(), sums_.span().end(), std::uint64_t{0});
    const std::uint64_t must_be = count * (count - 1) / 2 + count * salt;
    if (sum == must_be) return seconds;
    return Error{ErrorKind::kDevice, fmt::format("wrong data: the sum read is {:#x} and must be {:#x}", sum, must_be)};
}

Expected<WarmChase> WarmChase::create(device::Session& session) {
    FL_ASSIGN_OR_RETURN(auto module, device::Module::create(session.context(), kernel_chase()));
    FL_ASSIGN_OR_RETURN(auto chase, module.kernel("chase"));
    FL_ASSIGN_OR_RETURN(auto fill, module.kernel("chase_fill"));
    FL_RETURN_IF_ERROR(fill.set_group_size(kGroupSize));
    FL_ASSIGN_OR_RETURN(auto cycles, device::DeviceBuffer<std::uint64_t>::create(session.context(), kSteps));
    FL_ASSIGN_OR_RETURN(auto on_host, device::HostBuffer<std::uint64_t>::create(session.context(), kSteps));
    FL_ASSIGN_OR_RETURN(auto end, device::HostBuffer<std::uint32_t>::create(session.context(), 1));
    return WarmChase(session, std::move(module), std::move(chase), std::move(fill), std::move(cycles),
                     std::move(on_host), std::move(end));
}

Status WarmChase::fill(void* memory, Bytes size) {
    const auto elements = static_cast<std::uint32_t>(size.count / kElement);
    FL_RETURN_IF_ERROR(fill_.set_arguments(memory, elements, stride_of(elements)));
    FL_RETURN_IF_ERROR(session_->queue().launch(fill_, groups_of(*session_), &session_->event()));
    return wait_and_reset(*session_);
}

Expected<std::vector<std::uint64_t>> WarmChase::steps_ns(const void* memory, Bytes size, double* seconds) {
    const std::uint64_t zero = 0;
    FL_RETURN_IF_ERROR(chase_.set_arguments(memory, kSteps, zero, cycles_.data(), end_.data()));
    const Stopwatch watch;
    FL_RETURN_IF_ERROR(session_->queue().launch(chase_, 1, &session_->event()));
    FL_RETURN_IF_ERROR(session_->wait());
    if (seconds != nullptr) *seconds = watch.seconds();
    FL_RETURN_IF_ERROR(session_->event().reset());

    const auto elements = static_cast<std::uint32_t>(size.count / kElement);
    const auto must_end = static_cast<std::uint32_t>(std::uint64_t{kSteps} * stride_of(elements) % elements);
    if (end_[0] != must_end) {
        return Error{ErrorKind::kDevice,
                     fmt::format("wrong data: the chain ends at element {} and must at {}", end_[0], must_end)};
    }
    FL_RETURN_IF_ERROR(session_->queue().copy(cycles_on_host_.data(), cycles_.data(),
                                              Bytes{kSteps * sizeof(std::uint64_t)}, &session_->event()));
    FL_RETURN_IF_ERROR(wait_and_reset(*session_));
    std::vector<std::uint64_t> ns;
    for (const std::uint64_t cycles : cycles_on_host_.span()) ns.push_back(session_->clock().to_ns(cycles));
    return ns;
}

Expected<device::GtCounters> without_faults(const device::Session& session, const std::function<Status()>& use) {
    const auto watch = CounterWatch::start(session);
    FL_RETURN_IF_ERROR(use());
    if (!watch) return device::GtCounters();  // no debugfs; nothing is said about faults then
    FL_ASSIGN_OR_RETURN(auto moved, watch->moved());
    const std::uint64_t faults = moved.value("svm_pagefault_count").value_or(0);
    if (faults != 0) return Error{ErrorKind::kDevice, fmt::format("{} faults: the memory was not warm", faults)};
    return moved;
}

}  // namespace faultline::bench
