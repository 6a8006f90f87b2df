// A benchmark over many runs: the median of each, in a band that says how sure it is, and where the history stepped.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "plots/chart.h"
#include "plots/tics.h"
#include "plots/trend.h"

namespace faultline::plots {
namespace {

constexpr const char* kHint = "name several runs, as in --run label:nightly";

struct Line {
    std::string key;
    Trend trend;
};

Expected<std::vector<Line>> lines_of(const std::vector<RunSet>& sets) {
    std::vector<Line> lines;
    for (const RunSet& set : sets) {
        for (const std::string& name : set.benchmark_names()) {
            Line line{sets.size() == 1 ? name : set.name() + ": " + name, trend_of(set, name)};
            if (line.trend.nights.size() < 2) continue;
            lines.push_back(std::move(line));
        }
    }
    if (lines.empty()) {
        return Error{ErrorKind::kBadInput,
                     fmt::format("trend: no benchmark was measured in two runs or more: {}", kHint)};
    }
    if (lines.size() > kColours) {
        return Error{ErrorKind::kBadInput, fmt::format("trend: {} curves, of which {} can be told apart: choose fewer "
                                                       "with --benchmark",
                                                       lines.size(), kColours)};
    }
    return lines;
}

constexpr const char* kStored = "%Y-%m-%dT%H:%M:%SZ";

/// 0 for a text that is no time.
std::time_t parse_utc(const std::string& text) {
    std::tm time{};
    return ::strptime(text.c_str(), kStored, &time) == nullptr ? 0 : ::timegm(&time);
}

std::string format_utc(std::time_t time, const char* format) {
    std::tm parts{};
    std::array<char, 32> text{};
    ::gmtime_r(&time, &parts);
    return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

/// Range and `count` tics; the time of day where the runs lie within some days, with seconds within an hour.
std::string time_axis(const std::vector<Line>& lines, std::time_t count) {
    std::time_t first = parse_utc(lines.front().trend.nights.front().started_utc);
    std::time_t last = first;
    for (const Line& line : lines) {
        for (const Night& night : line.trend.nights) {
            first = std::min(first, parse_utc(night.started_utc));
            last = std::max(last, parse_utc(night.started_utc));
        }
    }
    constexpr std::time_t kDay = 24 * 60 * 60;
    const std::time_t margin = std::max<std::time_t>((last - first) / 40, 1);
    constexpr std::time_t kHour = 60 * 60;
    const char* shown = last - first > 10 * kDay ? "%Y-%m-%d" : last - first > kHour ? "%m-%d %H:%M" : "%m-%d %H:%M:%S";
    std::string tics;
    for (std::time_t i = 0; i < count; ++i) {
        const std::time_t at = first + (last - first) * i / (count - 1);
        tics += fmt::format("{}'{}' '{}'", i == 0 ? "" : ", ", format_utc(at, shown), format_utc(at, kStored));
    }
    return fmt::format("set xrange ['{}':'{}']\nset xtics ({})", format_utc(first - margin, kStored),
                       format_utc(last + margin, kStored), tics);
}

/// Holds every band, with room above for what a step changed.
std::string value_axis(const std::vector<Line>& lines) {
    constexpr double kRoom = 0.06;  // of the range
    double low = lines.front().trend.nights.front().interval.low;
    double high = low;
    for (const Line& line : lines) {
        for (const Night& night : line.trend.nights) {
            low = std::min(low, night.interval.low);
            high = std::max(high, night.interval.high);
        }
    }
    constexpr double kSeconds = 1e-9;  // of a nanosecond
    return decimal_tics("y", low * kSeconds, (high + (high - low) * kRoom) * kSeconds, "s");
}

/// A diamond at the first run after each step, with what it changed.
void add_steps(Figure& figure, const Line& line, std::size_t number) {
    if (line.trend.steps.empty()) return;
    std::vector<std::string> rows;
    for (const results::ChangePoint& step : line.trend.steps) {
        const Night& night = line.trend.nights[step.index];
        rows.push_back(fmt::format("{} {:.7g} {:.7g} {:.7g} {:.3g} {:+.0f}%", night.started_utc, night.median,
                                   step.before, step.after, step.p_value, (step.after / step.before - 1) * 100));
    }
    const std::size_t index = figure.text_block("steps of " + line.key, "started time(ns) before after p change", rows);
    figure.curve(
        fmt::format("index {} using 1:($2*1e-9) with points pt 12 ps 2 lw 2 lc rgb '{}'", index, colour(number)),
        "step: " + line.key);
    figure.curve(fmt::format("index {} using 1:($2*1e-9):6 with labels offset 0,1.2 font ',12'", index), "");
}

}  // namespace

Expected<Picture> draw_trend(const std::vector<RunSet>& sets, const Canvas& canvas) {
    FL_ASSIGN_OR_RETURN(const auto lines, lines_of(sets));
    Figure figure("Trend: time of an iteration", sets, canvas);
    figure.note(
        "a point: median of a run; band: its 95 % confidence interval (of fewer than 6 repetitions: all of them)");
    figure.set("set xdata time\nset timefmt '%Y-%m-%dT%H:%M:%SZ'\nset xlabel 'run started (UTC)'");
    figure.set("set ylabel 'time of an iteration (less is better)'");
    figure.set(value_axis(lines));
    figure.right = 54;  // half a tic's label
    figure.set("set style fill transparent solid 0.2 noborder");
    figure.set(time_axis(lines, canvas.width < Canvas().width ? 3 : 5));
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const Line& line = lines[i];
        std::vector<std::string> rows;
        const std::vector<Night>& nights = line.trend.nights;
        std::size_t fewest = nights.front().count;
        for (const Night& n : nights) {
            rows.push_back(fmt::format("{} {:.7g} {:.7g} {:.7g} {}", n.started_utc, n.median, n.interval.low,
                                       n.interval.high, n.count));
            fewest = std::min(fewest, n.count);
        }
        const std::string key = fmt::format("{} ({} runs, n >= {} each)", line.key, nights.size(), fewest);
        const std::size_t index = figure.text_block(key, "started time(ns) low high n", rows);
        figure.curve(
            fmt::format("index {} using 1:($3*1e-9):($4*1e-9) with filledcurves lc rgb '{}'", index, colour(i)), "");
        figure.curve(
            fmt::format("index {} using 1:($2*1e-9) with linespoints lw 2 pt 7 ps 0.5 lc rgb '{}'", index, colour(i)),
            key);
        add_steps(figure, line, i);
    }
    return figure.picture();
}

}  // namespace faultline::plots
