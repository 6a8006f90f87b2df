#include "runners/run/progress.h"

#include <fmt/color.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "runners/system/format.h"

namespace faultline::runners {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Eta::Eta(const std::vector<Job>& jobs) {
    for (const Job& job : jobs) estimates_.push_back(job.estimate);
}

double Eta::remaining(double fraction, double seconds) const {
    if (current_ >= estimates_.size()) return 0;
    const double ahead =
        std::accumulate(estimates_.begin() + static_cast<std::ptrdiff_t>(current_) + 1, estimates_.end(), 0.0);
    const double estimated = estimated_done_ + fraction * estimates_[current_];
    const double factor = estimated > 0 ? (seconds_done_ + seconds) / estimated : 1.0;
    // A family that takes longer than was thought has little left, not less than nothing.
    const double of_current = fraction > 0 ? (1 - fraction) * estimates_[current_] * factor
                                           : std::max(0.0, estimates_[current_] * factor - seconds);
    return of_current + ahead * factor;
}

void Eta::finish(double seconds) {
    estimated_done_ += estimates_[current_++];
    seconds_done_ += seconds;
}

Progress::Progress(const std::vector<Job>& jobs, Terminal terminal)
    : terminal_(terminal), eta_(jobs), families_(jobs.size()), start_(std::chrono::steady_clock::now()) {}

void Progress::start(const Job& job) {
    current_ = &job;
    reported_ = 0;
    last_name_.clear();
    unfinished_line_.clear();
    family_start_ = std::chrono::steady_clock::now();
    redraw();
}

void Progress::count(std::string_view line) {
    constexpr std::string_view kKey = "\"run_name\": \"";
    const std::size_t at = line.find(kKey);
    if (at == std::string_view::npos) return;
    const std::string_view name = line.substr(at + kKey.size());
    if (name == last_name_) return;  // another repetition of the same benchmark
    last_name_ = name;
    ++reported_;
}

void Progress::heard(std::string_view fresh) {
    unfinished_line_ += fresh;
    std::size_t begin = 0;
    for (std::size_t end; (end = unfinished_line_.find('\n', begin)) != std::string::npos; begin = end + 1) {
        count(std::string_view(unfinished_line_).substr(begin, end - begin));
    }
    unfinished_line_.erase(0, begin);
    redraw();
}

void Progress::redraw() {
    if (!terminal_.live || current_ == nullptr) return;
    const auto total = static_cast<double>(std::max<std::size_t>(current_->benchmarks.size(), 1));
    const double fraction = std::min(1.0, static_cast<double>(reported_) / total);
    std::string line = fmt::format("[{}/{}] {} {}/{}  {}  ETA {}", finished_ + 1, families_, current_->family,
                                   reported_, current_->benchmarks.size(), format_seconds(seconds_since(start_)),
                                   format_seconds(eta_.remaining(fraction, seconds_since(family_start_))));
    line.resize(std::min<std::size_t>(line.size(), static_cast<std::size_t>(terminal_.columns - 1)));
    fmt::print(stderr, "\r\033[K{}", line);
    std::fflush(stderr);
}

void Progress::finish(const Job& job, const std::string& state, const std::string& detail, double seconds) {
    ++finished_;
    eta_.finish(seconds);
    current_ = nullptr;
    if (terminal_.live) fmt::print(stderr, "\r\033[K");
    const bool bad = state != "ok";
    if (terminal_.live && detail.empty()) return;  // the live line is enough when all is well
    const std::string shown =
        bad && terminal_.color ? fmt::format(fmt::fg(fmt::terminal_color::red), "{}", state) : state;
    fmt::print(stderr, "[{}/{}] {}: {} benchmarks, {}, {}{}{}\n", finished_, families_, job.family,
               job.benchmarks.size(), format_seconds(seconds), shown, detail.empty() ? "" : ": ", detail);
    std::fflush(stderr);
}

}  // namespace faultline::runners
