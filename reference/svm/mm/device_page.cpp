// References to device pages: how the last of many holders is found.

#include "reference/svm/mm/device_page.h"

namespace faultline::svm {

bool DeviceFolio::try_get() {
    unsigned count = refs_.load(std::memory_order_relaxed);
    // From zero there is no way back: the folio is being freed. Acquire pairs with the release of
    // put(), so that what earlier holders wrote is seen; relaxed before, since the exchange looks again.
    while (count != 0)
        if (refs_.compare_exchange_weak(count, count + 1, std::memory_order_acq_rel, std::memory_order_relaxed))
            return true;
    return false;
}

void DeviceFolio::put() {
    // Release: what this holder did to the folio is done before another one frees it. Acquire: and is seen by that one.
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) free();
}

void DeviceFolio::map(unsigned count) {
    // Relaxed: the caller holds a reference, so nobody waits for either count, and the entries are published by the
    // lock of their block.
    refs_.fetch_add(count, std::memory_order_relaxed);
    mapcount_.fetch_add(count, std::memory_order_relaxed);
}

void DeviceFolio::unmap(unsigned count) {
    // Pairs with mapcount(): an eviction that reads zero has every page's bytes behind it. The last reference is
    // dropped by put(), which frees; the ones before it cannot be the last.
    mapcount_.fetch_sub(count, std::memory_order_release);
    refs_.fetch_sub(count - 1, std::memory_order_acq_rel);
    put();
}

}  // namespace faultline::svm
