// faultline-bench: the microbenchmarks. Started by `faultline run`, or by hand with Google Benchmark's flags.
#include "bench/baseline/families.h"
#include "bench/fault/families.h"
#include "bench/invalidation/families.h"
#include "bench/migration/families.h"
#include "bench/p2p/families.h"
#include "bench/policy/families.h"
#include "device/benchmark_main.h"

int main(int argc, char** argv) {
    faultline::device::BenchmarkProgram program;
    program.register_benchmarks = [](const faultline::device::Registration& registration) {
        namespace bench = faultline::bench;
        for (const auto add : {bench::register_first_touch,
                               bench::register_parallelism,
                               bench::register_same_page_storm,
                               bench::register_order,
                               bench::register_thp,
                               bench::register_evicted,
                               bench::register_many_vmas,
                               bench::register_contexts,
                               bench::register_to_device,
                               bench::register_to_host,
                               bench::register_ping_pong,
                               bench::register_prefetch,
                               bench::register_eviction,
                               bench::register_atomic_contention,
                               bench::register_preferred_location,
                               bench::register_cpu_operations,
                               bench::register_launch,
                               bench::register_warm_access,
                               bench::register_stream,
                               bench::register_copy,
                               bench::register_loader}) {
            add(registration);
        }
        for (const auto add : {bench::register_peer_migration, bench::register_remote_access,
                               bench::register_remote_chase, bench::register_peer_copy, bench::register_policies}) {
            if (faultline::Status s = add(registration); !s) return s;
        }
        return faultline::Status();
    };
    return faultline::device::benchmark_main(argc, argv, program);
}
