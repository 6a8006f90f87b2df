#include "device/benchmark_main.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "base/version.h"
#include "device/environment.h"
#include "device/family.h"
#include "device/selection.h"
#include "vocabulary/family.h"

namespace faultline::device {
namespace {

constexpr int kExitBadInput = 2;
/// Seconds of measured time that a benchmark is given unless --benchmark_min_time says otherwise.
constexpr double kMinTime = 0.1;

int fail(const Error& error) {
    std::fprintf(stderr, "faultline: %s\n", error.message.c_str());
    return kExitBadInput;
}

bool begins_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

/// Google Benchmark ends the process with status 0 for these, so they are looked at first.
Status check_formats(const std::vector<std::string>& arguments) {
    for (const std::string& argument : arguments) {
        for (const std::string_view flag : {"--benchmark_format=", "--benchmark_out_format="}) {
            if (!begins_with(argument, flag)) continue;
            const std::string_view value = std::string_view(argument).substr(flag.size());
            if (value != "console" && value != "json" && value != "csv") {
                return Error{ErrorKind::kBadInput, fmt::format("{}: the format is console, json or csv", argument)};
            }
        }
    }
    return {};
}

/// By Google Benchmark's own flag.
bool asks_for_tests(const std::vector<std::string>& arguments) {
    return std::any_of(arguments.begin(), arguments.end(), [](const std::string& a) {
        return a == "--benchmark_list_tests" || a == "--benchmark_list_tests=true" || a == "--benchmark_list_tests=1";
    });
}

/// Google Benchmark takes its flags; what is left comes back, without the program's name.
std::vector<std::string> initialise(std::vector<std::string>& arguments) {
    const std::string default_min_time = fmt::format("--benchmark_min_time={}", kMinTime);
    arguments.insert(arguments.begin() + 1, default_min_time);  // first, so that the user's own wins
    std::vector<char*> raw;
    raw.reserve(arguments.size());
    for (std::string& a : arguments) raw.push_back(a.data());
    int count = static_cast<int>(raw.size());
    benchmark::Initialize(&count, raw.data());
    return {raw.begin() + 1, raw.begin() + count};
}

void add_context(const Session& session) {
    const Device& device = session.device();
    benchmark::AddCustomContext("faultline_version", version());
    benchmark::AddCustomContext("device", device.name());
    benchmark::AddCustomContext("device_kind", std::string(to_string(device.kind)));
    benchmark::AddCustomContext("driver_version", device.driver_version_text());
    benchmark::AddCustomContext("policy", session.policy());
    benchmark::AddCustomContext("model", session.model());
    if (!session.model_figures().empty()) benchmark::AddCustomContext("model_figures", session.model_figures());
    benchmark::AddCustomContext("monitor", session.monitor());
    benchmark::AddCustomContext("clock_ns_per_cycle", fmt::format("{:.4g}", session.clock().ns_per_cycle()));
    for (const auto& [key, value] : environment_of(device)) benchmark::AddCustomContext("env_" + key, value);
}

/// All families, in their order, with Google Benchmark and as a list.
Expected<std::vector<ListedFamily>> register_families(const Device* device, Session* session) {
    std::vector<ListedFamily> listed;
    for (const Family* family : Family::all()) {
        Registration registration(family->name(), device, session);
        FL_RETURN_IF_ERROR(family->add(registration));
        listed.push_back({std::string(family->name()), std::string(family->question()), registration.added()});
    }
    return listed;
}

}  // namespace

int benchmark_main(int argc, char** argv) {
    std::vector<std::string> arguments(argv, argv + argc);
    if (Status s = check_formats(arguments); !s) return fail(s.error());
    const bool list_tests = asks_for_tests(arguments);
    std::vector<std::string> left = initialise(arguments);
    const bool list_families = std::erase(left, kListFlag) > 0;
    if (!left.empty()) return fail({ErrorKind::kBadInput, fmt::format("unknown argument \"{}\"", left.front())});

    const bool listing = list_tests || list_families;
    const Expected<Device> device = select_device();
    if (!device && (!listing || device.error().kind == ErrorKind::kBadInput)) return fail(device.error());

    std::unique_ptr<Session> session;
    if (!listing) {
        Expected<std::unique_ptr<Session>> opened = Session::open(*device);
        if (!opened) return fail(opened.error());
        session = *std::move(opened);
        add_context(*session);
    }
    const auto families = register_families(device ? &*device : nullptr, session.get());
    if (!families) return fail(families.error());
    if (list_families) {
        const std::string text = format_families(*families);
        return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : kExitBadInput;
    }

    const std::size_t ran = benchmark::RunSpecifiedBenchmarks();
    // Registered functions hold kernels and buffers of the session, so they go first.
    benchmark::ClearRegisteredBenchmarks();
    // Google Benchmark has said on standard error that its filter matches nothing.
    return ran == 0 ? kExitBadInput : 0;
}

}  // namespace faultline::device
