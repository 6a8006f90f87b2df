#include "results/benchmark_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "results/atomic_file.h"
#include "vocabulary/former_name.h"

namespace faultline::results {
namespace {

struct Repaired {
    std::string text;
    bool complete = true;
};

/// Copies `text` with bare non-finite numbers as null. A text that ends early is closed after its last whole benchmark;
/// nullopt when it ends before the list of benchmarks begins.
std::optional<Repaired> repair(std::string_view text) {
    constexpr std::array<std::string_view, 4> kNonFinite = {"-NaN", "NaN", "-Infinity", "Infinity"};
    Repaired out;
    std::size_t whole = 0;  // length of out.text up to which the list of benchmarks is whole
    int depth = 0;          // the root object is 1, the list 2, a benchmark 3
    bool in_list = false;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (!in_string) {
            const auto* token = std::find_if(kNonFinite.begin(), kNonFinite.end(),
                                             [&](std::string_view t) { return text.substr(i, t.size()) == t; });
            if (token != kNonFinite.end()) {
                out.text += "null";
                i += token->size() - 1;
                continue;
            }
        }
        out.text += c;
        if (in_string) {
            if (c == '\\' && i + 1 < text.size()) out.text += text[++i];
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            ++depth;
            if (depth == 2 && c == '[') {
                in_list = true;
                whole = out.text.size();
            }
        } else if (c == '}' || c == ']') {
            --depth;
            if (depth == 2 && in_list) whole = out.text.size();
        }
    }
    if (depth <= 0) return out;
    if (whole == 0) return std::nullopt;
    out.text.resize(whole);
    out.text += "]}";
    out.complete = false;
    return out;
}

std::string position(std::string_view text, std::size_t byte) {
    const std::string_view before = text.substr(0, std::min(byte == 0 ? 0 : byte - 1, text.size()));
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t start = before.rfind('\n');
    return fmt::format("{}:{}", line, before.size() - (start == std::string_view::npos ? 0 : start + 1) + 1);
}

/// What is wrong with one benchmark, or nothing: ".name: expected a string".
std::optional<std::string> fault_of(const Json& benchmark) {
    if (!benchmark.is_object()) return ": expected an object";
    for (const char* key : {"name", "run_name", "run_type"}) {
        if (!benchmark.contains(key) || !benchmark[key].is_string()) return fmt::format(".{}: expected a string", key);
    }
    if (benchmark["run_type"] != "iteration" && benchmark["run_type"] != "aggregate") {
        return ".run_type: expected \"iteration\" or \"aggregate\"";
    }
    if (benchmark.value("error_occurred", false)) return std::nullopt;
    for (const char* key : {"real_time", "cpu_time"}) {
        const auto it = benchmark.find(key);
        if (it == benchmark.end() || !(it->is_number() || it->is_null())) {
            return fmt::format(".{}: expected a number", key);
        }
    }
    return std::nullopt;
}

/// Gives the benchmarks today's names. Where two of a report would become one (BM_x and BM_x/real_time of somebody
/// else's program), both keep what they have: nothing is merged that the report tells apart.
void rename(Json& benchmarks) {
    std::map<std::string, std::set<std::string>> reported;
    for (const Json& benchmark : benchmarks) {
        const auto name = benchmark["run_name"].get<std::string>();
        reported[present_name(name)].insert(name);
    }
    for (Json& benchmark : benchmarks) {
        const auto before = benchmark["run_name"].get<std::string>();
        const std::string today = present_name(before);
        if (today == before || reported[today].size() > 1) continue;
        benchmark["run_name"] = today;
        // An aggregate's name has "_mean" behind it.
        const auto name = benchmark["name"].get<std::string>();
        if (name.starts_with(before)) benchmark["name"] = today + name.substr(before.size());
    }
}

}  // namespace

Expected<BenchmarkReport> parse_benchmark_report(std::string_view text, const std::string& origin) {
    const auto bad = [&](const std::string& what) { return Error{ErrorKind::kBadInput, origin + ": " + what}; };
    const std::optional<Repaired> repaired = repair(text);
    if (!repaired) return bad("ends before its list of benchmarks");
    Json root;
    try {
        root = Json::parse(repaired->text);
    } catch (const Json::parse_error& e) {
        return Error{ErrorKind::kBadInput, fmt::format("{}:{}: not JSON", origin, position(repaired->text, e.byte))};
    }
    if (!root.is_object()) return bad("expected an object with context and benchmarks");
    if (!root.contains("context") || !root["context"].is_object()) return bad("context: expected an object");
    if (!root.contains("benchmarks") || !root["benchmarks"].is_array()) return bad("benchmarks: expected a list");
    const Json& benchmarks = root["benchmarks"];
    for (std::size_t i = 0; i < benchmarks.size(); ++i) {
        if (const auto fault = fault_of(benchmarks[i])) return bad(fmt::format("benchmarks[{}]{}", i, *fault));
    }
    rename(root["benchmarks"]);
    return BenchmarkReport{root["context"], root["benchmarks"], repaired->complete};
}

Expected<BenchmarkReport> read_benchmark_report(const std::filesystem::path& path) {
    FL_ASSIGN_OR_RETURN(const auto text, read_file(path));
    return parse_benchmark_report(text, path.string());
}

std::string to_text(const BenchmarkReport& report) {
    const Json root = {{"context", report.context}, {"benchmarks", report.benchmarks}};
    // A name from a command line need not be UTF-8; a report that cannot be written for that helps nobody.
    return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace faultline::results
