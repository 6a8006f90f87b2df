// userfaultfd as this core uses it: missing-page messages, unmap events, and moving pages between two addresses.
//
// Thread safety: every function may be called from any thread; read() from one. No function allocates or blocks, except
// that they take the kernel's mmap lock, and that remap() waits for its event to be read. Errors are negative errno.
#pragma once

#include <linux/userfaultfd.h>

#include <span>

#include "reference/svm/core/types.h"

namespace faultline::svm {

class Uffd {
public:
    Uffd() = default;
    ~Uffd() { close(); }
    Uffd(const Uffd&) = delete;
    Uffd& operator=(const Uffd&) = delete;

    /// Events of unmap, discard and remap; UFFDIO_MOVE where the kernel has it (Linux 6.8) and `allow_move`. -EPERM
    /// (not permitted), -ENOSYS (no userfaultfd, or without these features).
    int open(bool user_mode_only, bool allow_move);
    void close();
    int fd() const { return fd_; }
    bool has_move() const { return has_move_; }

    int register_missing(Interval interval) const;
    int unregister(Interval interval) const;
    /// UFFDIO_MOVE of `size` bytes. Nobody is woken: the mover's books come first. Returns the bytes done, from the
    /// front, and *err: 0, or why the rest was not done (-EAGAIN: an event is unread, pages were busy for a moment, or
    /// something was done and then failed; -EBUSY: a page is not exclusively owned; -EEXIST: a destination page is
    /// present; -ENOENT: a source page is absent, or no such mapping; -EINVAL: no such mapping). Linux 6.18 may have
    /// moved one page more than it says, and never returns where it may skip absent pages; so it may not.
    std::uint64_t move(VirtAddr dst, VirtAddr src, std::uint64_t size, int* err) const;
    /// mremap(MREMAP_DONTUNMAP) of the interval, for kernels without UFFDIO_MOVE (Linux 5.7): its pages stand at `dst`
    /// then, unregistered, in place of what was mapped there; the interval stays mapped and registered, and is empty.
    /// Told as a remap. 0, -ENOMEM, -ENOENT (not all of one mapping).
    int remap(VirtAddr dst, Interval interval) const;
    /// UFFDIO_COPY of `size` bytes into absent pages. Returns and fails as move() does.
    std::uint64_t copy(VirtAddr dst, VirtAddr src, std::uint64_t size, int* err) const;
    /// Copies into absent pages. 0 when all are present afterwards (-EEXIST is no error), -EAGAIN, -ENOENT, -ENOMEM.
    int fill_zero(Interval interval) const;
    /// Copies one page to where none is present. 0 (also when one is), -EAGAIN, -ENOENT, -ENOMEM.
    int copy_page(VirtAddr dst, VirtAddr src) const;
    /// Maps the zero page where nothing is present; then wakes. For one page, and cheaper than fill_zero(). 0, -EEXIST
    /// (nobody is woken), -EAGAIN, -ENOENT, -ENOMEM.
    int zero_page(VirtAddr page) const;
    void wake(Interval interval) const;
    /// True while an unmap, discard or remap has begun whose event has not been read, posted or not: the kernel frees
    /// the addresses first, and another thread may have them by now.
    bool event_unread() const;
    /// Messages that are there now; 0 when none.
    std::size_t read(std::span<uffd_msg> messages) const;

private:
    int fd_ = -1;
    bool has_move_ = false;
};

}  // namespace faultline::svm
