// The families of bench/p2p; each is defined, and its question stated, in the file of its name.
#pragma once

#include "device/benchmark_main.h"

namespace faultline::bench {

Status register_peer_migration(const device::Registration& registration);
Status register_remote_access(const device::Registration& registration);
Status register_remote_chase(const device::Registration& registration);
Status register_peer_copy(const device::Registration& registration);

}  // namespace faultline::bench
