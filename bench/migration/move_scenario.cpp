#include "bench/migration/move_scenario.h"

#include <fmt/format.h>

#include <utility>

#include "vocabulary/skip.h"

namespace faultline::bench {

Expected<Sample> MoveScenario::iterate() {
    if (kept_) return move(*kept_);
    FL_ASSIGN_OR_RETURN(auto buffer, pieces_.make(device::Touch::kCpuTouched));
    auto sample = move(buffer);
    if (!sample || memory_ == Memory::kCold) return sample;
    if (sample->bytes.count == 0) {
        return skip(fmt::format("the driver leaves mappings of {} in system memory: there is nothing to move again",
                                size_name(pieces_.size)));
    }
    return move(kept_.emplace(std::move(buffer)));
}

const char* infix_of(Memory memory) { return memory == Memory::kWarm ? "/warm" : ""; }

}  // namespace faultline::bench
