// The ioctls of userfaultfd, with every answer that they are known to give.

#include "reference/svm/mm/uffd.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "reference/svm/core/fault_injection.h"
#include "reference/svm/mm/uapi.h"

namespace faultline::svm {
namespace {

// What UFFDIO_COPY copies where a page of zeroes is wanted that may later be moved (the shared zero page may not be).
alignas(kPageSize) constinit const char kZeroes[kSize64K] = {};

/// An ioctl that moves, fills or registers; the last never is to be tried again. 0 or -errno.
int call(int fd, unsigned long request, void* argument) {
    if (request != UFFDIO_REGISTER && should_fail(FailPoint::kUffdAgain)) return -EAGAIN;
    if (should_fail(FailPoint::kUffdNoMemory)) return -ENOMEM;
    return ::ioctl(fd, request, argument) == 0 ? 0 : -errno;
}

}  // namespace

int Uffd::open(bool user_mode_only, bool allow_move) {
    const int flags = O_CLOEXEC | O_NONBLOCK | (user_mode_only ? UFFD_USER_MODE_ONLY : 0);
    fd_ = static_cast<int>(::syscall(SYS_userfaultfd, flags));
    if (fd_ < 0 && errno == EPERM && !user_mode_only) {
        // /dev/userfaultfd grants by file permission what vm.unprivileged_userfaultfd denies.
        const int device = ::open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
        if (device < 0) return -EPERM;
        fd_ = ::ioctl(device, USERFAULTFD_IOC_NEW, flags);
        ::close(device);
    }
    if (fd_ < 0) return errno == EPERM ? -EPERM : -ENOSYS;
    constexpr __u64 kEvents = UFFD_FEATURE_EVENT_UNMAP | UFFD_FEATURE_EVENT_REMOVE | UFFD_FEATURE_EVENT_REMAP;
    const auto agree = [this](__u64 features) {
        uffdio_api api{UFFD_API, features, 0};
        return ::ioctl(fd_, UFFDIO_API, &api) == 0;
    };
    has_move_ = allow_move && agree(kEvents | uapi::kUffdFeatureMove);
    if (has_move_ || agree(kEvents)) return 0;
    close();
    return -ENOSYS;
}

void Uffd::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

int Uffd::register_missing(Interval interval) const {
    uffdio_register range{{interval.start.value, interval.size()}, UFFDIO_REGISTER_MODE_MISSING, 0};
    return call(fd_, UFFDIO_REGISTER, &range);
}

int Uffd::unregister(Interval interval) const {
    uffdio_range range{interval.start.value, interval.size()};
    return ::ioctl(fd_, UFFDIO_UNREGISTER, &range) == 0 ? 0 : -errno;
}

std::uint64_t Uffd::move(VirtAddr dst, VirtAddr src, std::uint64_t size, int* err) const {
    uapi::UffdioMove move{dst.value, src.value, size, uapi::kUffdioMoveModeDontwake, 0};
    *err = call(fd_, uapi::kUffdioMove, &move);
    // After a partial move the ioctl fails with EAGAIN and says how far it came.
    return move.move > 0 ? static_cast<std::uint64_t>(move.move) : 0;
}

std::uint64_t Uffd::copy(VirtAddr dst, VirtAddr src, std::uint64_t size, int* err) const {
    uffdio_copy copy{dst.value, src.value, size, UFFDIO_COPY_MODE_DONTWAKE, 0};
    *err = call(fd_, UFFDIO_COPY, &copy);
    return copy.copy > 0 ? static_cast<std::uint64_t>(copy.copy) : 0;
}

int Uffd::remap(VirtAddr dst, Interval interval) const {
    if (should_fail(FailPoint::kUffdNoMemory)) return -ENOMEM;
    constexpr int kFlags = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
    if (::mremap(interval.start.ptr(), interval.size(), interval.size(), kFlags, dst.ptr()) == MAP_FAILED)
        return errno == ENOMEM ? -ENOMEM : -ENOENT;
    unregister({dst, dst + interval.size()});
    return 0;
}

int Uffd::fill_zero(Interval interval) const {
    for (VirtAddr at = interval.start; at < interval.end;) {
        const std::uint64_t size = std::min<std::uint64_t>(sizeof(kZeroes), interval.end - at);
        uffdio_copy copy{at.value, reinterpret_cast<std::uint64_t>(kZeroes), size, 0, 0};
        const int err = call(fd_, UFFDIO_COPY, &copy);
        if (err == 0) {
            at = at + size;
            continue;
        }
        if (copy.copy > 0) at = at + static_cast<std::uint64_t>(copy.copy);
        if (err == -EEXIST) {
            if (copy.copy <= 0) at = at + kPageSize;  // this page is there: go on behind it
        } else if (!(err == -EAGAIN && copy.copy > 0)) {
            return err;
        }
    }
    return 0;
}

int Uffd::copy_page(VirtAddr dst, VirtAddr src) const {
    uffdio_copy copy{dst.value, src.value, kPageSize, 0, 0};
    const int err = call(fd_, UFFDIO_COPY, &copy);
    return err == -EEXIST ? 0 : err;
}

int Uffd::zero_page(VirtAddr page) const {
    uffdio_zeropage zero{{page.value, kPageSize}, 0, 0};
    return call(fd_, UFFDIO_ZEROPAGE, &zero);
}

void Uffd::wake(Interval interval) const {
    uffdio_range range{interval.start.value, interval.size()};
    ::ioctl(fd_, UFFDIO_WAKE, &range);
}

bool Uffd::event_unread() const {
    // Every ioctl that fills memory answers EAGAIN first of all while the mapping changes; of no memory, EINVAL
    // otherwise.
    uffdio_zeropage nothing{{0, 0}, 0, 0};
    return ::ioctl(fd_, UFFDIO_ZEROPAGE, &nothing) != 0 && errno == EAGAIN;
}

std::size_t Uffd::read(std::span<uffd_msg> messages) const {
    const ssize_t bytes = ::read(fd_, messages.data(), messages.size_bytes());
    return bytes > 0 ? static_cast<std::size_t>(bytes) / sizeof(uffd_msg) : 0;
}

}  // namespace faultline::svm
