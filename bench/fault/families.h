// The families of bench/fault; each is defined, and its question stated, in the file of its name.
#pragma once

#include "device/benchmark_main.h"

namespace faultline::bench {

void register_first_touch(const device::Registration& registration);
void register_parallelism(const device::Registration& registration);
void register_order(const device::Registration& registration);
void register_thp(const device::Registration& registration);
void register_evicted(const device::Registration& registration);
void register_many_vmas(const device::Registration& registration);
void register_contexts(const device::Registration& registration);
void register_same_page_storm(const device::Registration& registration);

}  // namespace faultline::bench
