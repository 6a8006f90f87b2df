#include "reference/gpu/model.h"

#include <hwloc.h>

#include <algorithm>

namespace faultline::gpu {
namespace {

unsigned processors() {
    hwloc_topology_t topology = nullptr;
    if (hwloc_topology_init(&topology) != 0) return 1;
    unsigned count = 1;
    if (hwloc_topology_load(topology) == 0) {
        // What this process may use, not what the machine has.
        hwloc_cpuset_t usable = hwloc_bitmap_alloc();
        if (hwloc_get_cpubind(topology, usable, HWLOC_CPUBIND_PROCESS) == 0) {
            count = static_cast<unsigned>(std::max(1, hwloc_bitmap_weight(usable)));
        } else {
            count = static_cast<unsigned>(std::max(1, hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU)));
        }
        hwloc_bitmap_free(usable);
    }
    hwloc_topology_destroy(topology);
    return count;
}

}  // namespace

Expected<DeviceModel> find_model(const std::string& name) {
    DeviceModel native;
    if (name != native.name) {
        return Error{ErrorKind::kBadInput, "unknown device model '" + name + "'; known: " + native.name};
    }
    native.eus = processors();
    return native;
}

}  // namespace faultline::gpu
