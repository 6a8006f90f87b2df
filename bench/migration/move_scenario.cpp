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

BenchmarkName name_of(const device::Registration& registration, std::string_view how, Memory memory, Bytes size) {
    BenchmarkName name = registration.name().word(how);
    if (memory == Memory::kWarm) name.word("warm");
    return name.parameter("size", size_name(size));
}

}  // namespace faultline::bench
