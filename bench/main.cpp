// faultline-bench: the microbenchmarks. Started by `faultline run`, or by hand with Google Benchmark's flags.
#include "bench/baseline/families.h"
#include "bench/fault/families.h"
#include "bench/invalidation/families.h"
#include "bench/migration/families.h"
#include "bench/policy/families.h"
#include "device/benchmark_main.h"

int main(int argc, char** argv) {
    faultline::device::BenchmarkProgram program;
    program.register_benchmarks = [](const faultline::device::Registration& registration) {
        faultline::bench::register_first_touch(registration);
        faultline::bench::register_parallelism(registration);
        faultline::bench::register_same_page_storm(registration);
        faultline::bench::register_to_device(registration);
        faultline::bench::register_to_host(registration);
        faultline::bench::register_ping_pong(registration);
        faultline::bench::register_prefetch(registration);
        faultline::bench::register_eviction(registration);
        faultline::bench::register_atomic_contention(registration);
        faultline::bench::register_preferred_location(registration);
        faultline::bench::register_launch(registration);
        faultline::bench::register_warm_access(registration);
        faultline::bench::register_stream(registration);
        faultline::bench::register_copy(registration);
        faultline::bench::register_loader(registration);
        faultline::bench::register_cpu_operations(registration);
        return faultline::bench::register_policies(registration);
    };
    return faultline::device::benchmark_main(argc, argv, program);
}
