// The main function of bench/ and of the workloads: choose the device, record what the results depend on, run every
// family that the program has (device/family.h).
//
// Exit status: 0 when the benchmarks ran (a benchmark that failed is a recorded result, not a failure of the program),
// 2 with one line on standard error for bad input or a missing device. Google Benchmark's own flags are all accepted.
//
// Custom context added to every output: faultline_version, device, device_kind ("xe" or "reference"), driver_version,
// policy, model, model_figures, monitor, clock_ns_per_cycle, and the environment under keys that begin with "env_".
//
// --faultline_list (vocabulary/family.h) and --benchmark_list_tests open nothing on the device; where no device can be
// chosen they list what a device of kListedHardwareThreads hardware threads would run.
#pragma once

namespace faultline::device {

int benchmark_main(int argc, char** argv);

}  // namespace faultline::device
