#include <fmt/color.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "runners/command/options.h"
#include "runners/command/verb.h"
#include "runners/doctor/doctor.h"
#include "runners/system/terminal.h"

namespace faultline::runners {
namespace {

using results::Json;

constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kGroups = {
    {{"xe", "For a real Xe GPU"}, {"reference", "For the reference"}, {"figures", "For steady figures"}}};

std::string shown(Health health, bool color) {
    const std::string text = fmt::format("{:<8}", to_string(health));
    if (!color) return text;
    const auto hue = health == Health::kOk        ? fmt::terminal_color::green
                     : health == Health::kWarning ? fmt::terminal_color::yellow
                                                  : fmt::terminal_color::red;
    return fmt::format(fmt::fg(hue), "{}", text);
}

void print(const std::vector<Check>& checks, bool color) {
    std::size_t width = 0;
    for (const Check& check : checks) width = std::max(width, check.name.size());
    for (const auto& [group, title] : kGroups) {
        fmt::print("{}:\n", title);
        for (const Check& check : checks) {
            if (check.group != group) continue;
            fmt::print("  {} {:<{}}  {}\n", shown(check.health, color), check.name, width, check.found);
            if (!check.advice.empty()) fmt::print("  {:8} {:<{}}  -> {}\n", "", "", width, check.advice);
        }
        fmt::print("\n");
    }
}

Json to_json(const std::vector<Check>& checks, bool runnable) {
    Json list = Json::array();
    for (const Check& check : checks) {
        list.push_back({{"group", check.group},
                        {"name", check.name},
                        {"health", to_string(check.health)},
                        {"found", check.found},
                        {"advice", check.advice}});
    }
    return Json{{"can_run", runnable}, {"checks", list}};
}

std::string verdict(const Facts& facts) {
    DeviceRequest request;
    const Expected<DeviceEntry> device = choose_device(request, &facts.real, &facts.reference);
    if (!device) return "Nothing here can run the suite.";
    return fmt::format("`faultline run` uses {}.",
                       describe(device->record).substr(std::string_view("device: ").size()));
}

int doctor(bool json, const Layout& layout) {
    const Interrupt interrupt;
    Facts facts;
    facts.keys = DriverKeys::from_environment();
    facts.real = probe_real(layout, &interrupt);
    facts.reference = probe_reference(layout, {}, &interrupt);
    facts.userfault = try_userfault();
    if (interrupt.signal() != 0) return 128 + interrupt.signal();
    const std::vector<Check> checks = diagnose(facts);
    const bool runnable = can_run(facts);
    if (json) {
        fmt::print("{}\n", to_json(checks, runnable).dump(2, ' ', false, Json::error_handler_t::replace));
    } else {
        print(checks, Terminal::of(STDOUT_FILENO).color);
        fmt::print("{}\n", verdict(facts));
    }
    return runnable ? kExitOk : kExitFailed;
}

Action define(Options& options) {
    const auto json = std::make_shared<bool>(false);
    options.add_flag("--json", *json, "as JSON");
    return [json](const Invocation& invocation) { return doctor(*json, invocation.layout); };
}

}  // namespace

extern const Verb kDoctor = {"doctor", "check what a run needs, and say what to do where it is missing", define};

}  // namespace faultline::runners
