#include "runners/system/device_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "vocabulary/environment_variables.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;

fs::path lock_directory() {
    if (const char* given = std::getenv(env::kLockDirectory); given != nullptr && *given != '\0') return given;
    constexpr const char* kUsual = "/run/lock";
    if (::access(kUsual, W_OK | X_OK) == 0) return kUsual;
    std::error_code error;
    const fs::path temporary = fs::temp_directory_path(error);
    return error ? fs::path("/tmp") : temporary;
}

/// What is shared: a card is its PCI address, and every reference device runs on the same processors.
fs::path lock_path(const DeviceEntry& device) {
    std::string name = device.record.kind;
    if (!device.pci.empty()) name += "-" + device.pci;
    std::replace(name.begin(), name.end(), '/', '_');
    return lock_directory() / ("faultline-" + name + ".lock");
}

/// The first process makes the file for all users. In a directory that all may write, O_CREAT on a file of another user
/// fails (fs.protected_regular), so the flag is given only to make it.
int open_lock(const fs::path& path) {
    for (;;) {
        int fd = ::open(path.c_str(), O_RDWR | O_NOFOLLOW);
        if (fd >= 0 || errno != ENOENT) return fd;
        fd = ::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CREAT | O_EXCL, 0666);
        if (fd >= 0) {
            (void)::fchmod(fd, 0666);  // the umask does not count
            return fd;
        }
        if (errno != EEXIST) return fd;  // else another process made it just now
    }
}

std::string holder_of(int fd) {
    std::array<char, 32> text{};
    const ssize_t got = ::pread(fd, text.data(), text.size() - 1, 0);
    const long pid = got > 0 ? std::strtol(text.data(), nullptr, 10) : 0;
    return pid > 0 ? fmt::format("process {}, or a program that it started", pid) : "another process";
}

}  // namespace

Expected<DeviceLock> DeviceLock::take(const DeviceEntry& device) {
    const fs::path path = lock_path(device);
    const auto failed = [&](const std::string& why) {
        return Error{ErrorKind::kUnavailable, fmt::format("{}: {}", path.string(), why)};
    };
    const int fd = open_lock(path);
    if (fd < 0) return failed(std::strerror(errno));
    DeviceLock lock(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return failed(std::strerror(errno));
        return failed(fmt::format("{} is in use by {}; wait until it has ended", device.record.name, holder_of(fd)));
    }
    // For the message above alone: a lock without it is a lock.
    const std::string pid = fmt::format("{}\n", ::getpid());
    if (::ftruncate(fd, 0) == 0) (void)!::pwrite(fd, pid.data(), pid.size(), 0);
    return lock;
}

DeviceLock::DeviceLock(DeviceLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DeviceLock::~DeviceLock() {
    if (fd_ >= 0) ::close(fd_);
}

}  // namespace faultline::runners
