// The families of bench/invalidation; their question is stated in cpu_operations.cpp.
#pragma once

#include "device/benchmark_main.h"

namespace faultline::bench {

void register_cpu_operations(const device::Registration& registration);

}  // namespace faultline::bench
