#include "bench/harness/busy.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "kernels/busy.h"

namespace faultline::bench {

Expected<BusyReaders> BusyReaders::create(const device::Session& session, std::uint32_t groups) {
    FL_ASSIGN_OR_RETURN(auto queue, device::CommandList::create(session.context()));
    FL_ASSIGN_OR_RETURN(auto event, device::Event::create(session.context()));
    FL_ASSIGN_OR_RETURN(auto module, device::Module::create(session.context(), kernel_busy()));
    FL_ASSIGN_OR_RETURN(auto kernel, module.kernel("busy_read"));
    FL_ASSIGN_OR_RETURN(auto flags,
                        device::HostBuffer<std::uint32_t>::create(session.context(), 1 + std::size_t{groups}));
    FL_ASSIGN_OR_RETURN(auto wrong, device::HostBuffer<std::uint64_t>::create(session.context(), groups));
    return BusyReaders(session, groups, std::move(queue), std::move(event), std::move(module), std::move(kernel),
                       std::move(flags), std::move(wrong));
}

BusyReaders::~BusyReaders() {
    if (running_) (void)stop();
}

Status BusyReaders::start(const device::ColdBuffer& buffer) {
    // One work-group that stops at once maps everything first: where an EU runs another work-group while one waits for
    // a fault, it could not go back to that one, as none of them ends.
    FL_RETURN_IF_ERROR(launch(buffer, 1, true));
    FL_RETURN_IF_ERROR(stop());
    FL_RETURN_IF_ERROR(launch(buffer, groups_, false));
    return wait_for(1);
}

Status BusyReaders::launch(const device::ColdBuffer& buffer, std::uint32_t groups, bool stopped) {
    std::fill(flags_.span().begin(), flags_.span().end(), 0u);
    std::fill(wrong_.span().begin(), wrong_.span().end(), 0u);
    flags_[0] = stopped ? 1 : 0;
    const void* const base = buffer.data();
    const auto pages = static_cast<std::uint32_t>(buffer.size().count / 4096);
    FL_RETURN_IF_ERROR(
        kernel_.set_arguments(base, pages, buffer.salt(), flags_.data(), flags_.data() + 1, wrong_.data()));
    FL_RETURN_IF_ERROR(queue_.launch(kernel_, groups, &event_));
    running_ = true;
    return {};
}

Status BusyReaders::wait_for_pass() { return wait_for(2); }

std::uint32_t BusyReaders::passes(std::uint32_t group) const { return std::atomic_ref(flags_[1 + group]).load(); }

Status BusyReaders::wait_for(std::uint32_t more) {
    std::vector<std::uint32_t> before;
    for (std::uint32_t group = 0; group < groups_; ++group) before.push_back(passes(group));
    for (std::uint32_t group = 0; group < groups_; ++group) {
        while (passes(group) - before[group] < more) {
            // A lost context reads nothing more; then the event says so.
            if (event_.is_signalled()) return stop();
            std::this_thread::yield();
        }
    }
    return {};
}

Status BusyReaders::stop() {
    running_ = false;
    std::atomic_ref(flags_[0]).store(1);
    if (Status s = event_.wait(); !s) return session_->explain(s.error());
    FL_RETURN_IF_ERROR(event_.reset());
    for (std::uint32_t group = 0; group < groups_; ++group) {
        if (wrong_[group] == 0) continue;
        return Error{ErrorKind::kDevice,
                     fmt::format("wrong data: {} words that work-group {} read", wrong_[group], group)};
    }
    return {};
}

}  // namespace faultline::bench
