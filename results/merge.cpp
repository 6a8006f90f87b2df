#include "results/merge.h"

#include <algorithm>
#include <set>

namespace faultline::results {
namespace {

int next_family_index(const Json& benchmarks) {
    int next = 0;
    for (const Json& benchmark : benchmarks) next = std::max(next, benchmark.value("family_index", -1) + 1);
    return next;
}

Json failed_entry(const std::string& name, int family_index, const std::string& why) {
    return Json{{"name", name},
                {"family_index", family_index},
                {"per_family_instance_index", 0},
                {"run_name", name},
                {"run_type", "iteration"},
                {"repetitions", 1},
                {"repetition_index", 0},
                {"threads", 1},
                {"error_occurred", true},
                {"error_message", why},
                {"iterations", 0},
                {"real_time", 0.0},
                {"cpu_time", 0.0},
                {"time_unit", "ns"}};
}

}  // namespace

void append(BenchmarkReport& merged, const PartialReport& part) {
    if (merged.context.empty()) merged.context = part.report.context;
    const int offset = next_family_index(merged.benchmarks);
    std::set<std::string> reported;
    for (Json benchmark : part.report.benchmarks) {
        reported.insert(benchmark["run_name"].get<std::string>());
        benchmark["family_index"] = benchmark.value("family_index", 0) + offset;
        merged.benchmarks.push_back(std::move(benchmark));
    }
    for (const std::string& name : part.expected) {
        if (reported.contains(name)) continue;
        const std::string why = part.failure.empty() ? "the program ended without reporting it" : part.failure;
        merged.benchmarks.push_back(failed_entry(name, next_family_index(merged.benchmarks), why));
    }
    merged.complete = merged.complete && part.report.complete;
}

}  // namespace faultline::results
