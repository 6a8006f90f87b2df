// Work between two devices, in one direction or in both at once.
//
// A lane is one direction: a worker, whose queue does the work, and a peer. Preparing and checking is done lane after
// lane; the work of all lanes starts at the same moment, each on a thread of its own, and is over when the last has
// ended. Sessions of both devices are shared by the lanes: the work of a lane may use its worker's only. Thread safety:
// registration and runs from the main thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/harness/scenario.h"
#include "device/session.h"

namespace faultline::bench {

class Lane {
public:
    virtual ~Lane() = default;
    /// Makes everything ready, and asserts that it is.
    virtual Status prepare() = 0;
    /// What is measured.
    virtual Status work() = 0;
    /// Checks data and placement. Gives bytes, latencies and figures; time and GT counters come from the lanes' runner.
    virtual Expected<Sample> finish() = 0;
};

using OpenLane = std::function<Expected<std::unique_ptr<Lane>>(device::Session& worker, device::Session& peer)>;

/// Which way the bytes of a lane go.
enum class Flow { kToWorker, kFromWorker };

struct LanePlan {
    BenchmarkName name;
    std::string size{};  ///< "2M", of a benchmark that has several; or nothing
    std::string note{};
    Flow flow = Flow::kToWorker;
    OpenLane open{};
    bool warm = false;  ///< a fault during the work is an error
    std::int64_t iterations = 8;
};

/// Registers `<name>/one[/size:<size>]/from:<n>/to:<m>` for every ordered pair of devices of the chosen one's kind and
/// driver, and `<name>/both...` for every unordered one, named by the direction of its first lane: that of which the
/// worker has the lower index. With a single device the first of them is registered, as one that is skipped and says
/// why.
Status register_lanes(device::Registration& registration, const LanePlan& plan);

/// A skip that names both where the worker cannot reach the peer's memory directly.
Status require_access(const device::Session& worker, const device::Session& peer);

}  // namespace faultline::bench
