// Sets of samples for tests of comparisons: deterministic noise, so that what is found is the same each time.
#pragma once

#include <cmath>
#include <string>

#include "results/samples.h"
#include "vocabulary/metrics.h"

namespace faultline::results {

struct SetShape {
    std::string side;  ///< "a": in the names of boots and processes
    int boots = 6;
    int processes = 2;  ///< of each boot
    int repetitions = 3;
};

/// Spread over -1 ... 1 by side, boot, process and repetition.
inline double wobble(const SetShape& shape, int b, int p, int r) {
    return std::sin(7.3 * b + 3.1 * p + 1.7 * r + (shape.side == "a" ? 0.4 : 2.9));
}

/// A series around `typical`, off by up to `noise` of it.
inline Series series(const SetShape& shape, const std::string& benchmark, const std::string& metric, double typical,
                     double noise = 0.01) {
    Series made{benchmark, metric_of(metric), {}};
    for (int b = 0; b < shape.boots; ++b) {
        for (int p = 0; p < shape.processes; ++p) {
            for (int r = 0; r < shape.repetitions; ++r) {
                made.samples.push_back({shape.side + "-boot-" + std::to_string(b),
                                        shape.side + "/" + std::to_string(b) + "." + std::to_string(p), r,
                                        typical * (1 + noise * wobble(shape, b, p, r))});
            }
        }
    }
    return made;
}

inline std::map<std::string, std::string> environment(const std::string& kernel) {
    return {{"device", "Intel Arc"},
            {"device_kind", "xe"},
            {"env_cpu_model", "Xeon"},
            {"env_kernel_debug", "none"},
            {"env_kernel_release", kernel}};
}

}  // namespace faultline::results
