#include "runners/run/run_options.h"

#include "runners/run/suites.h"

namespace faultline::runners {

void add_suite(Options& options, std::string& suite) {
    options.add("--suite", suite, "one of: " + suite_names()).show_default();
}

void add_filter(Options& options, Overrides& overrides, const char* help) {
    options.add("--filter", overrides.filter, help);
}

void add_repetitions(Options& options, Overrides& overrides, const char* help) {
    options.add("--repetitions", overrides.repetitions, help).between(1u, 10000u);
}

void add_min_time(Options& options, Overrides& overrides, const char* help) {
    options.add("--min-time", overrides.min_time, help).between(0.0, 3600.0);
}

void add_timeout(Options& options, Overrides& overrides, const char* help) {
    options.add("--timeout", overrides.time_limit, help).between(0.1, 86400.0);
}

}  // namespace faultline::runners
