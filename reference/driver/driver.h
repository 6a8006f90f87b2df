// The driver of a process: one address-space monitor and the devices, made at the first zeInit from the environment.
//
// Thread safety: init() from any thread; the rest is immutable after it. Ownership: it is never destroyed, because EUs
// and service threads run until the process ends, and the program's own destructors may touch memory that they must
// bring back from VRAM.
#pragma once

#include <level_zero/ze_api.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "reference/driver/allocations.h"
#include "reference/driver/device.h"
#include "reference/gpu/links.h"
#include "reference/svm/mm/mm.h"
#include "reference/svm/xe/policy.h"

namespace faultline::driver {

class Driver {
public:
    /// Once per process; every later call returns what the first did. INVALID_ARGUMENT: a variable of faultline_ext.h
    /// is malformed. INSUFFICIENT_PERMISSIONS: userfaultfd is refused. UNSUPPORTED_FEATURE: the kernel has none.
    static ze_result_t init();
    /// Why init() failed, in one line; empty when it did not.
    static const std::string& init_failure();
    /// Null before init() succeeded.
    static Driver* instance();

    svm::Mm& mm() { return *mm_; }
    std::string policy_text() const;
    /// Of every device, for contexts made from now on. 0, -EBUSY while a kernel runs, -ENOMEM.
    int set_policy(const svm::Policy& policy);
    bool has_link(std::uint32_t a, std::uint32_t b) const { return a == b || links_->has_link(a, b); }
    const std::vector<std::unique_ptr<Device>>& devices() const { return devices_; }
    Allocations& allocations() { return allocations_; }

private:
    Driver() = default;
    ze_result_t open();
    /// Notes why open() fails, and gives `result` back.
    static ze_result_t refuse(ze_result_t result, std::string why);

    svm::ArenaPtr<svm::Mm> mm_;
    svm::ArenaPtr<gpu::Links> links_;
    mutable std::mutex policy_mutex_;
    std::string policy_text_;
    std::vector<std::unique_ptr<Device>> devices_;
    Allocations allocations_;
};

}  // namespace faultline::driver
