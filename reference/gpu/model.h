// What a device is assumed to be: sizes, counts, latencies. `native` is as fast as the host allows.
//
// A model is a stated assumption: whatever it yields is printed as `model: NAME`. Thread safety: values.
#pragma once

#include <string>

#include "base/expected.h"
#include "base/units.h"

namespace faultline::gpu {

struct DeviceModel {
    std::string name = "native";
    Bytes vram{1024ull << 20};
    unsigned eus = 0;             ///< 0: one per processor that hwloc finds
    unsigned threads_per_eu = 8;  ///< work-groups resident per EU, as Xe2 has hardware threads
    unsigned copy_engines = 2;
};

/// The model of that name, with EU count resolved by hwloc; an unknown name is an error that lists the known ones.
Expected<DeviceModel> find_model(const std::string& name);

}  // namespace faultline::gpu
