// A fitted model as TOML.
#include <fmt/format.h>

#include "results/model_fit.h"

namespace faultline::results {
namespace {

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    return out + '"';
}

std::string line(const char* key, const FittedFigure& figure) {
    if (!figure.value) return fmt::format("# {}: left out, {}\n", key, figure.why);
    const int digits = *figure.value < 1000 ? 4 : 7;  // whole numbers must come out whole
    return fmt::format("{} = {:.{}g}  # {}\n", key, *figure.value, digits, figure.why);
}

std::string lines(const FittedSpeed& speed) {
    return line("gb_per_s", speed.gb_per_s) + line("latency_us", speed.latency_us);
}

std::string direction(unsigned from, unsigned to, const FittedSpeed& speed) {
    return fmt::format("\n[[link.directions]]\nfrom = {}\nto = {}\n", from, to) + lines(speed);
}

}  // namespace

std::string to_toml(const ModelFit& fit, const std::string& origin) {
    const std::string what = fit.device.empty() ? "a device that the run does not name" : fit.device;
    std::string text = fmt::format("description = {}\n", quoted("fitted to " + what));
    text += fmt::format("source = {}\n", quoted("measured: " + origin));
    if (fit.devices > 1) text += fmt::format("devices = {}\n", fit.devices);
    if (fit.devices == 1) text += "# devices: 1, as no p2p benchmark ran on two\n";
    text += "\n[device]\n" + line("vram_mib", fit.vram_mib);
    text += "# eus, threads_per_eu, tiles: left out, they are the host's choice\n";
    text += "\n[fault]\n" + line("report_us", fit.fault_report_us);
    text += "# ack_us: left out, no benchmark tells it from the report\n";
    text += "\n[tlb]\n" + line("invalidation_us", fit.tlb_invalidation_us);
    text += "\n[copy]\n" + line("gb_per_s", fit.copy_gb_per_s) + line("latency_us", fit.copy_latency_us);
    text += "# engines: left out, no benchmark tells how many there are\n";
    if (fit.links.empty()) return text + "\n# [link]: left out, it takes the p2p benchmarks on two devices\n";
    text += "\n[link]\ntopology = \"none\"  # what is reached is said of each pair\n";
    for (const FittedLink& link : fit.links) {
        text += fmt::format("\n[[link.pairs]]\ndevices = [{}, {}]\nfast = {}  # {} reached\n", link.a, link.b,
                            link.fast, link.fast ? "memory was" : "no memory was seen to be");
        if (!link.back) {
            text += lines(link.speed);
            continue;
        }
        text += direction(link.a, link.b, link.speed) + direction(link.b, link.a, *link.back);
    }
    return text;
}

}  // namespace faultline::results
