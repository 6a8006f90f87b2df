// Fresh anonymous memory for tests, aligned to 2 MiB so that ranges and blocks are where a test expects them, and far
// from where mmap() looks for room: what a test unmaps stays free until the test itself maps there again. (In one of 20
// runs AddressSanitizer took the place first.)
#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <span>

#include "reference/svm/core/types.h"

namespace faultline::svm::test {

class Mapping {
public:
    explicit Mapping(std::uint64_t bytes, int prot = PROT_READ | PROT_WRITE) : bytes_(bytes) {
        // An inaccessible gap on both sides keeps the kernel from merging the VMA with its neighbours.
        reserved_ = bytes + 2 * kSize2M;
        base_ = places().take(reserved_);
        start_ = base_ + kSize2M;
        if (::mprotect(start_.ptr(), bytes, prot) != 0) std::abort();
        ::madvise(start_.ptr(), bytes, MADV_NOHUGEPAGE);
    }
    ~Mapping() {
        ::munmap(base_.ptr(), reserved_);
        places().give_back();
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;

    Interval interval() const { return {start_, start_ + bytes_}; }
    VirtAddr start() const { return start_; }
    std::uint64_t* words() const { return start_.ptr<std::uint64_t>(); }
    std::uint64_t word_count() const { return bytes_ / sizeof(std::uint64_t); }
    /// Every word a function of its index, so that a page that moved wrongly shows.
    void fill(std::uint64_t salt = 0) const {
        for (std::uint64_t i = 0; i < word_count(); ++i) words()[i] = value(i, salt);
    }
    static std::uint64_t value(std::uint64_t i, std::uint64_t salt = 0) {
        return (i + 1) * 0x9e3779b97f4a7c15ull + salt;
    }

private:
    /// One place after the other, from the first again once all were given back: addresses are used again, as they are
    /// by a program.
    class Places {
    public:
        VirtAddr take(std::uint64_t size) {
            std::lock_guard guard(lock_);
            if (used_++ == 0) next_ = first_;
            // Where another has settled there, as the arena may, the place is below it.
            for (; !map(next_, size); next_ = next_ - kFar)
                if (errno != EEXIST) std::abort();
            const VirtAddr base = next_;
            next_ = (base + size).align_up(kSize2M);
            return base;
        }
        void give_back() {
            std::lock_guard guard(lock_);
            --used_;
        }

    private:
        static constexpr std::uint64_t kFar = 64ull << 30;  // ThreadSanitizer has 1.5 TiB for all mappings

        static bool map(VirtAddr at, std::uint64_t size) {
            constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
            return ::mmap(at.ptr(), size, PROT_NONE, kFlags, -1, 0) != MAP_FAILED;
        }
        static VirtAddr far_below_others() {
            void* other = ::mmap(nullptr, kPageSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (other == MAP_FAILED) std::abort();
            ::munmap(other, kPageSize);
            return VirtAddr::of(other).align_down(kSize2M) - kFar;
        }

        std::mutex lock_;
        const VirtAddr first_ = far_below_others();
        VirtAddr next_;
        unsigned used_ = 0;
    };
    static Places& places() {
        static Places the_places;
        return the_places;
    }

    VirtAddr base_;
    std::uint64_t reserved_ = 0;
    VirtAddr start_;
    std::uint64_t bytes_ = 0;
};

}  // namespace faultline::svm::test
