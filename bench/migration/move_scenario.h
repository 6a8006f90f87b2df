// Memory that is moved once an iteration, between the host and the device: cold or warm.
//
// Cold: fresh mappings each time, which no GPU has seen. Warm: the same mappings each time, which have been to the
// device and back in the same way before: the driver has their ranges, notifiers and page tables, and has handed out
// device memory for them and taken it back. Where the memory is, each move() asserts. Thread safety: as Scenario.
#pragma once

#include <optional>
#include <string_view>

#include "bench/harness/pieces.h"
#include "bench/harness/scenario.h"

namespace faultline::bench {

enum class Memory { kCold, kWarm };

class MoveScenario : public Scenario {
public:
    Expected<Sample> iterate() final;

protected:
    MoveScenario(Pieces pieces, Memory memory) : pieces_(pieces), memory_(memory) {}

    /// Begins with all of the buffer in system memory, and ends so.
    virtual Expected<Sample> move(const device::ColdBuffer& buffer) = 0;

    const Pieces pieces_;

private:
    const Memory memory_;
    std::optional<device::ColdBuffer> kept_;  // of the warm
};

/// "<family>/<how>[/warm]/size:<size>"
BenchmarkName name_of(const device::Registration& registration, std::string_view how, Memory memory, Bytes size);

}  // namespace faultline::bench
