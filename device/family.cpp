#include "device/family.h"

#include <benchmark/benchmark.h>

namespace faultline::device {
namespace {

/// Made by the first family that is defined, whichever that is.
std::vector<const Family*>& families() {
    static std::vector<const Family*> all;
    return all;
}

}  // namespace

Family::Family(std::string_view name, std::string_view question, Add function)
    : name_(name), question_(question), add_(function) {
    families().push_back(this);
}

const std::vector<const Family*>& Family::all() { return families(); }

unsigned Registration::hardware_threads() const {
    return device_ == nullptr ? kListedHardwareThreads : device_->hardware_threads();
}

void Registration::add(const BenchmarkName& name, std::function<void(benchmark::State&)> run, std::int64_t iterations) {
    added_.push_back(name.text());
    if (session_ == nullptr) {
        run = [](benchmark::State& state) { state.SkipWithError("registered to be listed only"); };
    }
    auto* const registered = benchmark::RegisterBenchmark(added_.back().c_str(), std::move(run))->UseManualTime();
    if (iterations > 0) registered->Iterations(iterations);
}

}  // namespace faultline::device
