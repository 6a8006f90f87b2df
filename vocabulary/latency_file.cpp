#include "vocabulary/latency_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include "vocabulary/benchmark_name.h"
#include "vocabulary/former_name.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "# faultline-latency 1";
constexpr std::string_view kColumns = "repetition iteration latency";

std::string text_of(const LatencyHeader& header, std::span<const LatencySample> samples) {
    std::string text =
        fmt::format("{}\n# benchmark: {}\n# unit: ns\n# device: {}\n# policy: {}\n# model: {}\n# columns: {}\n", kMagic,
                    canonical(header.benchmark), header.device, header.policy, header.model, kColumns);
    for (const LatencySample& s : samples)
        fmt::format_to(std::back_inserter(text), "{} {} {}\n", s.repetition, s.iteration, s.nanoseconds);
    return text;
}

struct HeaderLine {
    std::string key;
    std::string value;
};

/// Of "# key: value".
std::optional<HeaderLine> parse_header_line(std::string_view line) {
    const std::size_t colon = line.find(": ");
    if (line.substr(0, 2) != "# " || colon == std::string_view::npos) return std::nullopt;
    HeaderLine found{std::string(line.substr(2, colon - 2)), std::string(line.substr(colon + 2))};
    if (found.key == "benchmark") found.value = present_name(found.value);
    return found;
}

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

std::string side_file_name(std::string_view benchmark) {
    std::string name = canonical(benchmark);
    for (char& c : name) {
        const bool kept = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
                          c == '_' || c == '=' || c == '-';
        if (!kept) c = '_';
    }
    return name + ".lat";
}

Status write_latency_file(const fs::path& directory, const LatencyHeader& header,
                          std::span<const LatencySample> samples) {
    const fs::path file = directory / side_file_name(header.benchmark);
    const fs::path temporary = file.string() + fmt::format(".{}.tmp", ::getpid());
    const auto failed = [&](const std::string& why) {
        std::error_code ignored;
        fs::remove(temporary, ignored);
        return Error{ErrorKind::kUnavailable, fmt::format("cannot write {}: {}", file.string(), why)};
    };

    std::error_code error;
    fs::create_directories(directory, error);
    if (error) return failed(error.message());
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    out << text_of(header, samples);
    out.close();
    if (!out) return failed("the disk is full or the directory is not writable");
    fs::rename(temporary, file, error);
    if (error) return failed(error.message());
    return {};
}

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
            const std::optional<HeaderLine> read = parse_header_line(line);
            if (!read) return bad("expected \"# key: value\"");
            if (read->key == "columns") {
                if (read->value != kColumns) return bad(fmt::format("columns: expected \"{}\"", kColumns));
                for (const char* needed : {"benchmark", "unit"}) {
                    if (!file.header.contains(needed)) return bad(fmt::format("no \"# {}: ...\" before it", needed));
                }
                if (file.header["unit"] != "ns") return bad("unit: expected \"ns\"");
                in_header = false;
            } else if (!file.header.emplace(read->key, read->value).second) {
                return bad(fmt::format("\"{}\" is given twice", read->key));
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

Expected<LatencyFile> read_latency_file(const fs::path& path) {
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (!in) {
        return Error{ErrorKind::kBadInput, fmt::format("cannot read {}: {}", path.string(), std::strerror(errno))};
    }
    return parse_latency_file(text, path.string());
}

std::string benchmark_of_latency_file(const fs::path& path) {
    std::ifstream in(path);
    for (std::string line; std::getline(in, line) && line.starts_with('#');) {
        const std::optional<HeaderLine> read = parse_header_line(line);
        if (read && read->key == "benchmark") return read->value;
    }
    return "";
}

}  // namespace faultline
