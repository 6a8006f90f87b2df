#include "results/store/export.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "vocabulary/metrics.h"

namespace faultline::results {
namespace {

std::string csv_field(std::string_view field) {
    if (field.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(field);
    std::string out = "\"";
    for (const char c : field) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + '"';
}

void append_csv(std::string& text, const StoredResult& stored) {
    const BenchmarkResult& result = stored.result;
    const std::string start =
        fmt::format("{},{},{},{}", stored.run_uid, csv_field(stored.boot), stored.process, csv_field(result.name));
    for (std::size_t r = 0; r < result.repetitions(); ++r) {
        if (!result.errors[r].empty()) {
            fmt::format_to(std::back_inserter(text), "{},{},,,,{}\n", start, r, csv_field(result.errors[r]));
            continue;
        }
        for (std::size_t m = 0; m < result.metrics.size(); ++m) {
            const std::string& metric = result.metrics[m];
            const bool is_time = metric == "real_time" || metric == "cpu_time";
            const std::string unit = is_time ? result.time_unit : metric_of(metric).unit;
            if (std::isnan(result.values[m][r])) continue;
            fmt::format_to(std::back_inserter(text), "{},{},{},{},{},\n", start, r, csv_field(metric), csv_field(unit),
                           result.values[m][r]);
        }
    }
}

}  // namespace

Expected<BenchmarkReport> report_of(const Store& store, const RunInfo& run) {
    FL_ASSIGN_OR_RETURN(auto context, store.context_of(run.id));
    BenchmarkReport report;
    report.context = std::move(context);
    int family = -1;
    int instance = 0;
    std::int64_t process = 0;
    const Status status = store.visit(run, {}, [&](StoredResult&& stored) {
        const bool same_process = family >= 0 && stored.process == process;
        family += same_process ? 0 : 1;
        instance = same_process ? instance + 1 : 0;
        process = stored.process;
        append_entries(report.benchmarks, stored.result, family, instance);
    });
    if (!status) return status.error();
    return report;
}

Expected<std::string> csv_of(const Store& store, const std::vector<RunInfo>& runs) {
    std::string text = "run,boot,process,benchmark,repetition,metric,unit,value,error\n";
    for (const RunInfo& run : runs) {
        const Status status = store.visit(run, {}, [&](StoredResult&& stored) { append_csv(text, stored); });
        if (!status) return status.error();
    }
    return text;
}

Expected<std::map<std::string, LatencyHistogram>> latencies_of(const Store& store, const std::vector<RunInfo>& runs) {
    std::map<std::string, LatencyHistogram> merged;
    for (const RunInfo& run : runs) {
        const Status status = store.visit(run, {.benchmark = {}, .latencies = true}, [&](StoredResult&& stored) {
            if (!stored.result.latency.empty()) merged[stored.result.name].merge(stored.result.latency);
        });
        if (!status) return status.error();
    }
    return merged;
}

}  // namespace faultline::results
