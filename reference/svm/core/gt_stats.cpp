// Names and text of the counters, as debugfs has them.

#include "reference/svm/core/gt_stats.h"

namespace faultline::svm {
namespace {

constexpr std::array<std::string_view, kGtStatCount> kNames = {
#define FL_X(id, name) name,
    FL_GT_STATS(FL_X)
#undef FL_X
};

}  // namespace

std::string_view gt_stat_name(GtStat id) { return kNames[static_cast<std::size_t>(id)]; }

std::uint64_t GtStats::get(GtStat id) const {
    // Relaxed here and below: a counter says nothing about any other memory.
    const std::uint64_t raw = values_[static_cast<std::size_t>(id)].load(std::memory_order_relaxed);
    return gt_stat_name(id).ends_with("_us") ? raw / 1000 : raw;
}

std::string GtStats::print() const {
    std::string text;
    for (std::size_t i = 0; i < kGtStatCount; ++i) {
        const auto id = static_cast<GtStat>(i);
        text.append(gt_stat_name(id)).append(": ").append(std::to_string(get(id))).append("\n");
    }
    return text;
}

void GtStats::add(const GtStats& other) {
    for (std::size_t i = 0; i < kGtStatCount; ++i)
        values_[i].fetch_add(other.values_[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
}

void GtStats::clear() {
    for (auto& value : values_) value.store(0, std::memory_order_relaxed);
}

}  // namespace faultline::svm
