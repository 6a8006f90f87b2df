// The families of bench/policy; their questions are stated in policies.cpp.
#pragma once

#include "device/benchmark_main.h"

namespace faultline::bench {

/// Registers nothing on a device whose policy cannot be chosen: an Xe kernel's policy is the kernel.
Status register_policies(const device::Registration& registration);

}  // namespace faultline::bench
