#include "reference/driver/allocations.h"

namespace faultline::driver {

void Allocations::insert(const Allocation& allocation) {
    const std::lock_guard lock(mutex_);
    by_start_.insert_or_assign(allocation.interval.start.value, allocation);
}

std::optional<Allocation> Allocations::find(const void* p) const {
    const svm::VirtAddr address = svm::VirtAddr::of(p);
    const std::lock_guard lock(mutex_);
    auto it = by_start_.upper_bound(address.value);
    if (it == by_start_.begin()) return std::nullopt;
    --it;
    if (!it->second.interval.contains(address)) return std::nullopt;
    return it->second;
}

std::optional<Allocation> Allocations::take(const Context& context, const void* p) {
    const std::lock_guard lock(mutex_);
    const auto it = by_start_.find(svm::VirtAddr::of(p).value);
    if (it == by_start_.end() || it->second.context != &context) return std::nullopt;
    const Allocation taken = it->second;
    by_start_.erase(it);
    return taken;
}

std::vector<Allocation> Allocations::take_all(const Context& context) {
    const std::lock_guard lock(mutex_);
    std::vector<Allocation> taken;
    for (auto it = by_start_.begin(); it != by_start_.end();) {
        if (it->second.context != &context) {
            ++it;
            continue;
        }
        taken.push_back(it->second);
        it = by_start_.erase(it);
    }
    return taken;
}

}  // namespace faultline::driver
