// faultline-bench: the microbenchmarks. Started by `faultline run`, or by hand with Google Benchmark's flags.
// Its families are the sources beside this one in CMakeLists.txt; they register themselves (device/family.h).
#include "device/benchmark_main.h"

int main(int argc, char** argv) { return faultline::device::benchmark_main(argc, argv); }
