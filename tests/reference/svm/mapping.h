// Fresh anonymous memory for tests, aligned to 2 MiB so that ranges and blocks are where a test expects them.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <span>

#include "reference/svm/types.h"

namespace faultline::svm::test {

class Mapping {
public:
    explicit Mapping(std::uint64_t bytes, int prot = PROT_READ | PROT_WRITE) : bytes_(bytes) {
        // An inaccessible gap on both sides keeps the kernel from merging the VMA with its neighbours.
        reserved_ = bytes + 2 * kSize2M;
        base_ = ::mmap(nullptr, reserved_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (base_ == MAP_FAILED) std::abort();
        start_ = (VirtAddr::of(base_) + kPageSize).align_up(kSize2M);
        if (::mprotect(start_.ptr(), bytes, prot) != 0) std::abort();
        ::madvise(start_.ptr(), bytes, MADV_NOHUGEPAGE);
    }
    ~Mapping() { ::munmap(base_, reserved_); }
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
    void* base_ = nullptr;
    std::uint64_t reserved_ = 0;
    VirtAddr start_;
    std::uint64_t bytes_ = 0;
};

}  // namespace faultline::svm::test
