// What the drm room knows of a device (struct drm_device): its identity, and its clock.
//
// Thread safety: values that do not change. Ownership: the driver's device derives from it, and outlives all
// that refers to it.
#pragma once

#include "reference/svm/core/clock.h"

namespace faultline::svm {

class DrmDevice {
public:
    explicit DrmDevice(Clock& clock) : clock_(clock) {}
    DrmDevice(const DrmDevice&) = delete;
    DrmDevice& operator=(const DrmDevice&) = delete;

    Clock& clock() const { return clock_; }

protected:
    ~DrmDevice() = default;

private:
    Clock& clock_;
};

}  // namespace faultline::svm
