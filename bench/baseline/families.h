// The families of bench/baseline; each is defined, and its question stated, in the file of its name.
#pragma once

#include "device/benchmark_main.h"

namespace faultline::bench {

void register_launch(const device::Registration& registration);
void register_warm_access(const device::Registration& registration);
void register_stream(const device::Registration& registration);
void register_copy(const device::Registration& registration);
void register_loader(const device::Registration& registration);

}  // namespace faultline::bench
