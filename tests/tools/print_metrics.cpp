// The table of metrics for tools/check_benchmarks: a metric a line, its name, unit and good direction between tabs.
#include <cstdio>

#include "vocabulary/metrics.h"

int main() {
    for (const faultline::KnownMetric& metric : faultline::known_metrics()) {
        const auto print = [](std::string_view text, char end) {
            std::fwrite(text.data(), 1, text.size(), stdout);
            std::putchar(end);
        };
        print(metric.name, '\t');
        print(metric.unit, '\t');
        print(to_string(metric.direction), '\n');
    }
}
