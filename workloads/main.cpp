// faultline-workloads: whole programs over malloc data, each of which checks its own answer.
#include "device/benchmark_main.h"
#include "workloads/bfs.h"

int main(int argc, char** argv) {
    faultline::device::BenchmarkProgram program;
    program.register_benchmarks = faultline::workloads::register_bfs;
    return faultline::device::benchmark_main(argc, argv, program);
}
