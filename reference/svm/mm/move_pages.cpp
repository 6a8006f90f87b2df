// Linux 6.18 does not forget an -EAGAIN that it has got over (move_pages() in mm/userfaultfd.c keeps it in `err`). The
// page that is moved after one is not counted: it is tried again and found at its destination. An absent page, where
// the caller allows those, is skipped for ever. So none are allowed, and both ends of a failure are looked at.

#include "reference/svm/mm/move_pages.h"

#include <array>
#include <cerrno>
#include <span>

#include "reference/svm/mm/entries.h"

namespace faultline::svm {

std::uint64_t move_pages(const Uffd& uffd, const CpuVmas& vmas, VirtAddr dst, VirtAddr src, std::uint64_t size,
                         int* err) {
    std::array<unsigned char, EntryBlock::kPages> populated;
    populated.fill(1);
    const auto is_there = [&](std::uint64_t offset) { return (populated[offset >> kPageShift] & 1) != 0; };
    bool looked = false;
    *err = 0;
    for (std::uint64_t done = 0; done < size;) {
        if (!is_there(done)) {
            done += kPageSize;
            continue;
        }
        std::uint64_t run = kPageSize;
        while (done + run < size && is_there(done + run)) run += kPageSize;
        const std::uint64_t moved = uffd.move(dst + done, src + done, run, err);
        done += moved;
        if (*err == 0) continue;

        unsigned char at_dst = 0;
        unsigned char at_src = 0;
        const VirtAddr from = src + done;
        const VirtAddr to = dst + done;
        if (vmas.populated({to, to + kPageSize}, {&at_dst, 1}) != 0) return done;
        if (vmas.populated({from, from + kPageSize}, {&at_src, 1}) != 0) return done;
        if ((at_dst & 1) != 0) {
            done += kPageSize;  // moved, and not counted
        } else if ((at_src & 1) == 0) {
            // Where one page is absent others are: 1 us to look at all of them, 3 us to fail at each.
            const std::size_t here = done >> kPageShift;
            const std::span rest(populated.data() + here, (size - done) >> kPageShift);
            if (!looked && vmas.populated({from, src + size}, rest) != 0) return done;
            looked = true;
            populated[here] = 0;
        } else if (moved == 0) {
            return done;
        }
        *err = 0;
    }
    return size;
}

}  // namespace faultline::svm
