// The families of bench/migration; each is defined, and its question stated, in the file of its name.
#pragma once

#include "device/benchmark_main.h"

namespace faultline::bench {

void register_to_device(const device::Registration& registration);
void register_to_host(const device::Registration& registration);
void register_ping_pong(const device::Registration& registration);
void register_prefetch(const device::Registration& registration);
void register_eviction(const device::Registration& registration);
void register_atomic_contention(const device::Registration& registration);
void register_preferred_location(const device::Registration& registration);

}  // namespace faultline::bench
