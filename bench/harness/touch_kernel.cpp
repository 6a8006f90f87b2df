#include "bench/harness/touch_kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "device/kernels/pattern.h"
#include "kernels/touch.h"

namespace faultline::bench {
namespace {

Error wrong(std::string_view what, std::size_t offset, std::uint32_t is, std::uint32_t must_be) {
    return {ErrorKind::kDevice,
            fmt::format("wrong data: {} at offset {:#x} is {:#010x} and must be {:#010x}", what, offset, is, must_be)};
}

/// Differs from whatever the CPU wrote into that buffer.
std::uint32_t write_salt(const device::ColdBuffer& buffer) { return ~buffer.salt(); }

}  // namespace

std::string_view to_string(Access access) {
    switch (access) {
        case Access::kRead:
            return "read";
        case Access::kWrite:
            return "write";
        case Access::kAtomic:
            break;
    }
    return "atomic";
}

template <typename T>
Expected<TouchKernel::Results<T>> TouchKernel::Results<T>::create(const device::Context& context, std::size_t count) {
    FL_ASSIGN_OR_RETURN(auto on_device, device::DeviceBuffer<T>::create(context, count));
    FL_ASSIGN_OR_RETURN(auto on_host, device::HostBuffer<T>::create(context, count));
    return Results{std::move(on_device), std::move(on_host)};
}

template <typename T>
Status TouchKernel::Results<T>::fetch(device::CommandList& queue, const device::Event& event) const {
    FL_RETURN_IF_ERROR(queue.copy(host.data(), device.data(), Bytes{host.size() * sizeof(T)}, &event));
    FL_RETURN_IF_ERROR(event.wait());
    return event.reset();
}

Expected<TouchKernel> TouchKernel::create(const device::Session& session, Access access, std::size_t capacity) {
    FL_ASSIGN_OR_RETURN(device::Module module, device::Module::create(session.context(), kernel_touch()));
    FL_ASSIGN_OR_RETURN(device::Kernel kernel, module.kernel("touch_" + std::string(to_string(access))));
    FL_ASSIGN_OR_RETURN(auto cycles, Results<std::uint64_t>::create(session.context(), capacity));
    FL_ASSIGN_OR_RETURN(auto seen, Results<std::uint32_t>::create(session.context(), capacity));
    return TouchKernel(access, std::move(module), std::move(kernel), std::move(cycles), std::move(seen));
}

Status TouchKernel::launch(device::CommandList& queue, const device::ColdBuffer& buffer, const Sweep& sweep,
                           const device::Event* signal) {
    const std::uint64_t zero = 0;
    FL_RETURN_IF_ERROR(kernel_.set_arguments(
        buffer.data() + sweep.offset, sweep.pitch, sweep.accesses, write_salt(buffer), sweep.shuffle_bits, zero,
        cycles_.device.data() + sweep.first_result, seen_.device.data() + sweep.first_result));
    return queue.launch(kernel_, sweep.groups, signal);
}

Status TouchKernel::fetch(device::CommandList& queue, const device::Event& event) {
    FL_RETURN_IF_ERROR(cycles_.fetch(queue, event));
    return seen_.fetch(queue, event);
}

Status TouchKernel::verify(const device::ColdBuffer& buffer, const Sweep& sweep) const {
    if (sweep.pitch == 0) return verify_shared_word(buffer, sweep);
    for (std::uint32_t i = 0; i < sweep.accesses; ++i) {
        const std::size_t offset = sweep.offset + i * sweep.pitch;
        const std::uint32_t before = buffer.expected(offset);
        const std::uint32_t written = faultline_pattern(i * sweep.pitch, write_salt(buffer));
        // A read and an atomic see what was there, a write what it has written.
        const std::uint32_t must_see = access_ == Access::kWrite ? written : before;
        const std::uint32_t seen = seen_.host[sweep.first_result + i];
        if (seen != must_see) return wrong("what the GPU saw", offset, seen, must_see);
        if (access_ == Access::kRead) continue;
        const std::uint32_t after = access_ == Access::kWrite ? written : before + 1;
        if (buffer.word(offset) != after) return wrong("what the GPU left", offset, buffer.word(offset), after);
    }
    return {};
}

Status TouchKernel::verify_shared_word(const device::ColdBuffer& buffer, const Sweep& sweep) const {
    const std::uint32_t before = buffer.expected(sweep.offset);
    if (access_ != Access::kAtomic) {
        return Error{ErrorKind::kInternal, "only atomics may share one word"};
    }
    // Each of the additions saw another value: together, one of each.
    std::vector<std::uint32_t> seen(seen_.host.span().begin() + sweep.first_result,
                                    seen_.host.span().begin() + sweep.first_result + sweep.accesses);
    for (std::uint32_t& value : seen) value -= before;
    std::sort(seen.begin(), seen.end());
    for (std::uint32_t i = 0; i < sweep.accesses; ++i) {
        if (seen[i] != i) return wrong("what an atomic saw", sweep.offset, before + seen[i], before + i);
    }
    const std::uint32_t after = before + sweep.accesses;
    if (buffer.word(sweep.offset) != after) {
        return wrong("what the atomics left", sweep.offset, buffer.word(sweep.offset), after);
    }
    return {};
}

}  // namespace faultline::bench
