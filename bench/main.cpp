// faultline-bench: the microbenchmarks. Started by `faultline run`, or by hand with Google Benchmark's flags.
#include "bench/fault/families.h"
#include "bench/policy/families.h"
#include "device/benchmark_main.h"

int main(int argc, char** argv) {
    faultline::device::BenchmarkProgram program;
    program.register_benchmarks = [](const faultline::device::Registration& registration) {
        faultline::bench::register_first_touch(registration);
        faultline::bench::register_parallelism(registration);
        faultline::bench::register_same_page_storm(registration);
        return faultline::bench::register_policies(registration);
    };
    return faultline::device::benchmark_main(argc, argv, program);
}
