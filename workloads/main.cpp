// faultline-workloads: whole programs over malloc data, each of which checks its own answer.
// Its families are the sources beside this one in CMakeLists.txt; they register themselves (device/family.h).
#include "device/benchmark_main.h"

int main(int argc, char** argv) { return faultline::device::benchmark_main(argc, argv); }
