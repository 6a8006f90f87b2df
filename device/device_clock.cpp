#include "device/device_clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "base/clock_pair.h"
#include "device/buffer.h"
#include "device/module.h"
#include "device/ze_result.h"
#include "kernels/device_clock.h"

namespace faultline::device {
namespace {

// Long enough to drown the timer's granularity (tens of ns) and what a kernel does before and after it spins (a few
// us).
constexpr double kSpinNs = 2e6;
constexpr double kLongestSpinNs = 0.2e9;
constexpr int kSpins = 8;
constexpr double kAgreement = 1.01;
constexpr std::uint64_t kFirstCycles = std::uint64_t{1} << 16;
constexpr std::uint64_t kMaxCycles = std::uint64_t{1} << 40;
constexpr double kMaxTimerError = 0.1;

/// The spinning kernel and what it needs.
struct Spinner {
    Module module;
    Kernel kernel;
    Event event;
    HostBuffer<std::uint64_t> spent;
    TimestampUnit unit;

    static Expected<Spinner> create(const Context& context) {
        FL_ASSIGN_OR_RETURN(TimestampUnit unit, TimestampUnit::from(context.device().properties));
        FL_ASSIGN_OR_RETURN(Module module, Module::create(context, kernel_device_clock()));
        FL_ASSIGN_OR_RETURN(Kernel kernel, module.kernel("clock_spin"));
        FL_ASSIGN_OR_RETURN(Event event, Event::create(context));
        FL_ASSIGN_OR_RETURN(auto spent, HostBuffer<std::uint64_t>::create(context, 1));
        return Spinner{std::move(module), std::move(kernel), std::move(event), std::move(spent), unit};
    }

    Expected<Spin> once(CommandList& list, std::uint64_t cycles) {
        FL_RETURN_IF_ERROR(kernel.set_arguments(cycles, spent.data()));
        FL_RETURN_IF_ERROR(list.launch(kernel, 1, &event));
        FL_RETURN_IF_ERROR(event.wait());
        FL_ASSIGN_OR_RETURN(KernelTimestamps t, event.timestamps());
        FL_RETURN_IF_ERROR(event.reset());
        const auto ticks = static_cast<double>(ticks_between(t.start, t.end, unit.kernel_valid_bits));
        return Spin{ticks * unit.ns_per_tick, spent[0]};
    }
};

/// Device ticks and host time at one moment.
struct Moment {
    std::uint64_t device = 0;
    std::chrono::steady_clock::time_point host;
};

Expected<Moment> now(ze_device_handle_t device) {
    ze_result_t result = ZE_RESULT_SUCCESS;
    const auto ticks = [&] {
        std::uint64_t host_ticks = 0;
        std::uint64_t device_ticks = 0;
        if (result == ZE_RESULT_SUCCESS) result = zeDeviceGetGlobalTimestamps(device, &host_ticks, &device_ticks);
        return device_ticks;
    };
    const auto [host, device_ticks] = read_clock_pair(std::chrono::steady_clock::now, ticks);
    if (result != ZE_RESULT_SUCCESS) return call_error("zeDeviceGetGlobalTimestamps", result);
    return Moment{device_ticks, host};
}

Status check_timer(const Moment& a, const Moment& b, const TimestampUnit& unit) {
    const double device_ns =
        static_cast<double>(ticks_between(a.device, b.device, unit.global_valid_bits)) * unit.ns_per_tick;
    const double host_ns = std::chrono::duration<double, std::nano>(b.host - a.host).count();
    if (std::abs(device_ns / host_ns - 1.0) <= kMaxTimerError) return {};
    return Error{
        ErrorKind::kDevice,
        fmt::format("the device's timer counted {:.0f} ns while the host's clock counted {:.0f} ns; the driver's "
                    "timerResolution must be wrong",
                    device_ns, host_ns)};
}

}  // namespace

Expected<TimestampUnit> TimestampUnit::from(const ze_device_properties_t& properties) {
    const auto valid = [](std::uint32_t bits) { return bits >= 1 && bits <= 64; };
    if (properties.timerResolution == 0 || !valid(properties.kernelTimestampValidBits) ||
        !valid(properties.timestampValidBits)) {
        return Error{ErrorKind::kDevice,
                     fmt::format("the driver reports a timer of resolution {} with {} and {} valid bits",
                                 properties.timerResolution, properties.kernelTimestampValidBits,
                                 properties.timestampValidBits)};
    }
    TimestampUnit unit;
    const auto resolution = static_cast<double>(properties.timerResolution);
    unit.ns_per_tick = properties.stype == ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES_1_2 ? 1e9 / resolution : resolution;
    unit.kernel_valid_bits = properties.kernelTimestampValidBits;
    unit.global_valid_bits = properties.timestampValidBits;
    return unit;
}

std::uint64_t ticks_between(std::uint64_t start, std::uint64_t end, unsigned valid_bits) {
    const std::uint64_t mask = valid_bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << valid_bits) - 1;
    return (end - start) & mask;
}

Expected<double> find_ns_per_cycle(const std::function<Expected<Spin>(std::uint64_t cycles)>& spin) {
    double shorter = std::numeric_limits<double>::infinity();  // the least of shorter spins
    double least = std::numeric_limits<double>::infinity();
    std::uint64_t cycles = kFirstCycles;
    for (int spins = 0; cycles <= kMaxCycles;) {
        FL_ASSIGN_OR_RETURN(const Spin spun, spin(cycles));
        if (spun.cycles == 0) return Error{ErrorKind::kDevice, "the in-kernel clock does not advance"};
        // The counter's rate is unknown, so counts grow until each of the spins is long enough.
        if (spun.ns >= kSpinNs) {
            least = std::min(least, spun.ns / static_cast<double>(spun.cycles));
            if (++spins < kSpins) continue;
            if (std::max(least, shorter) <= kAgreement * std::min(least, shorter)) return std::min(least, shorter);
            if (least * static_cast<double>(cycles) > kLongestSpinNs) {
                return Error{
                    ErrorKind::kDevice,
                    fmt::format("the device's cycle counter cannot be timed: it took {:.4g} ns a cycle, and {:.4g} "
                                "in shorter spins; is the machine overloaded, or the GPU's frequency "
                                "changing?",
                                least, shorter)};
            }
            shorter = std::min(shorter, least);
        }
        least = std::numeric_limits<double>::infinity();
        spins = 0;
        cycles *= 2;
    }
    return Error{ErrorKind::kDevice, "the device's timer does not advance while a kernel spins"};
}

std::uint64_t DeviceClock::to_ns(std::uint64_t cycles) const {
    return static_cast<std::uint64_t>(std::llround(static_cast<double>(cycles) * ns_per_cycle_));
}

Expected<DeviceClock> DeviceClock::calibrate(const Context& context, CommandList& list) {
    FL_ASSIGN_OR_RETURN(Spinner spinner, Spinner::create(context));

    FL_ASSIGN_OR_RETURN(Moment begin, now(context.device().handle));
    FL_ASSIGN_OR_RETURN(const double rate,
                        find_ns_per_cycle([&](std::uint64_t cycles) { return spinner.once(list, cycles); }));
    FL_ASSIGN_OR_RETURN(Moment end, now(context.device().handle));
    FL_RETURN_IF_ERROR(check_timer(begin, end, spinner.unit));
    return DeviceClock(rate);
}

}  // namespace faultline::device
