// The lock that keeps two runs from sharing a device: flock() on a file per device, for all of the machine.
//
// The files are in /run/lock, or where nobody may write there in the temporary directory; FAULTLINE_LOCK_DIR names
// another place. They hold the process id of who has the lock, and stay when it is gone: the lock is what counts, and
// the kernel takes it back whatever becomes of the process. Programs that the holder starts inherit it, since one that
// outlives its runner still has the device. Thread safety: one user at a time. Ownership: released on destruction.
#pragma once

#include "base/expected.h"
#include "runners/system/devices.h"

namespace faultline::runners {

class DeviceLock {
public:
    /// Does not wait. Error: kUnavailable, with the process that has the device.
    static Expected<DeviceLock> take(const DeviceEntry& device);
    ~DeviceLock();
    DeviceLock(DeviceLock&& other) noexcept;
    DeviceLock& operator=(DeviceLock&&) = delete;

private:
    explicit DeviceLock(int fd) : fd_(fd) {}
    int fd_ = -1;
};

}  // namespace faultline::runners
