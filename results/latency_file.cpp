#include "results/latency_file.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "results/atomic_file.h"

namespace faultline::results {
namespace {

constexpr std::string_view kMagic = "# faultline-latency 1";
constexpr std::string_view kColumns = "repetition iteration latency";

std::optional<LatencySample> parse_row(std::string_view line) {
    LatencySample sample;
    const char* at = line.data();
    const char* const end = at + line.size();
    for (std::uint64_t* field : {&sample.repetition, &sample.iteration, &sample.nanoseconds}) {
        if (field != &sample.repetition && (at == end || *at++ != ' ')) return std::nullopt;
        const auto [next, error] = std::from_chars(at, end, *field);
        if (error != std::errc() || next == at) return std::nullopt;
        at = next;
    }
    return at == end ? std::optional(sample) : std::nullopt;
}

}  // namespace

Expected<LatencyFile> parse_latency_file(std::string_view text, const std::string& origin) {
    LatencyFile file;
    std::size_t number = 0;
    bool in_header = true;
    const auto bad = [&](const std::string& what) {
        return Error{ErrorKind::kBadInput, fmt::format("{}:{}: {}", origin, number, what)};
    };
    while (!text.empty()) {
        ++number;
        const std::size_t end = text.find('\n');
        // The writer ends every row; a last line without an end was cut, and its number may be too.
        if (end == std::string_view::npos) return bad("the last line is not ended: the file was cut");
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        if (number == 1) {
            if (line != kMagic) return bad(fmt::format("expected \"{}\"", kMagic));
        } else if (in_header) {
            const std::size_t colon = line.find(": ");
            if (line.substr(0, 2) != "# " || colon == std::string_view::npos) return bad("expected \"# key: value\"");
            const std::string key(line.substr(2, colon - 2));
            const std::string value(line.substr(colon + 2));
            if (key == "columns") {
                if (value != kColumns) return bad(fmt::format("columns: expected \"{}\"", kColumns));
                for (const char* needed : {"benchmark", "unit"}) {
                    if (!file.header.contains(needed)) return bad(fmt::format("no \"# {}: ...\" before it", needed));
                }
                if (file.header["unit"] != "ns") return bad("unit: expected \"ns\"");
                in_header = false;
            } else if (!file.header.emplace(key, value).second) {
                return bad(fmt::format("\"{}\" is given twice", key));
            }
        } else {
            const auto sample = parse_row(line);
            if (!sample) return bad("expected three whole numbers: repetition, iteration, latency");
            file.samples.push_back(*sample);
        }
    }
    if (in_header) {
        ++number;
        return bad("ends before \"# columns: ...\"");
    }
    return file;
}

Expected<LatencyFile> read_latency_file(const std::filesystem::path& path) {
    const Expected<std::string> text = read_file(path);
    if (!text) return text.error();
    return parse_latency_file(*text, path.string());
}

}  // namespace faultline::results
