#include "runners/system/userfault.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace faultline::runners {
namespace {

// Newer than the headers of Debian 12.
constexpr std::uint64_t kFeatureMove = 1ull << 16;  // UFFD_FEATURE_MOVE, Linux 6.8
#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif

int open_by_system_call(int flags) {
    return static_cast<int>(::syscall(SYS_userfaultfd, flags | O_CLOEXEC | O_NONBLOCK));
}

int open_by_device(const std::filesystem::path& dev) {
    const int device = ::open((dev / "userfaultfd").c_str(), O_RDWR | O_CLOEXEC);
    if (device < 0) return -1;
    const int fd = ::ioctl(device, USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK);
    const int error = errno;
    ::close(device);
    errno = error;
    return fd;
}

/// Notes the outcome of an attempt in `error`, and what the kernel offers in `features`.
void note(int fd, int& error, std::uint64_t& features) {
    error = fd < 0 ? errno : 0;
    if (fd < 0) return;
    uffdio_api api{};
    api.api = UFFD_API;
    if (features == 0 && ::ioctl(fd, UFFDIO_API, &api) == 0) features = api.features;
    ::close(fd);
}

}  // namespace

bool UserfaultFacts::has_move() const { return (features & kFeatureMove) != 0; }
bool UserfaultFacts::has_remove_events() const {
    constexpr std::uint64_t kNeeded = UFFD_FEATURE_EVENT_REMOVE | UFFD_FEATURE_EVENT_UNMAP | UFFD_FEATURE_EVENT_REMAP;
    return (features & kNeeded) == kNeeded;
}

UserfaultFacts try_userfault(const std::filesystem::path& dev) {
    UserfaultFacts facts;
    note(open_by_system_call(0), facts.system_call, facts.features);
    note(open_by_device(dev), facts.device, facts.features);
    note(open_by_system_call(UFFD_USER_MODE_ONLY), facts.user_mode_only, facts.features);
    return facts;
}

}  // namespace faultline::runners
