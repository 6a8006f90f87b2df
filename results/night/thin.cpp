#include "results/night/thin.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "results/benchmark_report.h"

namespace faultline::results {
namespace {

namespace fs = std::filesystem;

constexpr std::time_t kDay = 24 * 60 * 60;

std::optional<std::time_t> time_of(const std::string& utc) {
    std::tm time{};
    const char* end = ::strptime(utc.c_str(), "%Y-%m-%dT%H:%M:%SZ", &time);
    if (end == nullptr || *end != '\0') return std::nullopt;
    return ::timegm(&time);
}

/// Weeks since the Monday before the epoch, which was a Thursday.
std::time_t week_of(std::time_t time) { return (time / kDay + 3) / 7; }

/// Device, policy, model and week: of the nights that share all four one stays whole.
using WeekOfDevice = std::tuple<std::string, std::string, std::string, std::time_t>;

WeekOfDevice week_of_device(const NightInfo& night, std::time_t time) {
    const auto member = [&](const char* key) {
        return night.verdict.is_object() ? night.verdict.value(key, "") : std::string();
    };
    return {member("device"), member("policy"), member("model"), week_of(time)};
}

/// Whether the directory still is what the run left there: a path may have been used again.
bool is_directory_of(const fs::path& directory, const std::string& uid) {
    const auto report = read_benchmark_report(directory / "run.json");
    if (!report) return false;
    const auto own = report->context.find("faultline");
    return own != report->context.end() && own->is_object() && own->value("run", "") == uid;
}

Status remove_directories(Store& store, NightId night) {
    FL_ASSIGN_OR_RETURN(const auto runs, store.runs_of(night));
    for (const RunInfo& run : runs) {
        if (run.directory.empty()) continue;
        std::error_code error;
        if (is_directory_of(run.directory, run.uid)) fs::remove_all(run.directory, error);
        if (error) {
            return Error{ErrorKind::kUnavailable,
                         fmt::format("cannot remove {}: {}", run.directory.string(), error.message())};
        }
        FL_RETURN_IF_ERROR(store.forget_directory(run.id));
    }
    return {};
}

Expected<bool> has_any(const Store& store, NightId night, const std::set<std::string>& uids) {
    if (uids.empty()) return false;
    FL_ASSIGN_OR_RETURN(const auto runs, store.runs_of(night));
    return std::any_of(runs.begin(), runs.end(), [&](const RunInfo& run) { return uids.contains(run.uid); });
}

}  // namespace

std::vector<NightId> nights_to_thin(const std::vector<NightInfo>& nights, std::time_t now) {
    std::map<WeekOfDevice, NightId> whole;
    for (const NightInfo& night : nights) {
        const auto time = time_of(night.started_utc);
        if (!time || night.state != NightState::kComplete || night.thinned) continue;
        const auto [it, is_new] = whole.emplace(week_of_device(night, *time), night.id);
        if (!is_new) it->second = std::min(it->second, night.id);
    }
    std::vector<NightId> found;
    for (const NightInfo& night : nights) {
        const auto time = time_of(night.started_utc);
        if (!time || now - *time <= kWholeDays * kDay || night.state == NightState::kRunning || night.thinned) continue;
        const auto kept = whole.find(week_of_device(night, *time));
        if (kept == whole.end() || kept->second != night.id) found.push_back(night.id);
    }
    return found;
}

Expected<std::size_t> thin_nights(Store& store, std::time_t now, const std::set<std::string>& kept) {
    FL_ASSIGN_OR_RETURN(const auto nights, store.nights());
    std::vector<NightId> thinned;
    for (const NightId night : nights_to_thin(nights, now)) {
        FL_ASSIGN_OR_RETURN(const auto stays, has_any(store, night, kept));
        if (stays) continue;
        FL_RETURN_IF_ERROR(store.thin(night));
        thinned.push_back(night);
    }
    const std::size_t count = thinned.size();
    // A kill may have come between the store and the directories.
    for (const NightInfo& night : nights) {
        if (night.thinned) thinned.push_back(night.id);
    }
    for (const NightId night : thinned) {
        FL_RETURN_IF_ERROR(remove_directories(store, night));
    }
    return count;
}

}  // namespace faultline::results
