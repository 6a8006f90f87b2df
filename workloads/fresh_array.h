// An array in malloc memory that the kernel has only just handed out: no page of it has been near a GPU.
//
// Memory that free() took back may still be device-resident, and a search that meets it would measure nothing. glibc
// serves requests of kMmapThreshold and more by mmap and returns them by munmap; left alone, it raises that threshold
// with the first free(), so it is fixed here. Smaller arrays ask for that much too; pages never touched cost nothing.
// Thread safety: as a plain array. Ownership: frees the memory at the end.
#pragma once

#include <malloc.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <type_traits>

namespace faultline::workloads {

inline constexpr std::size_t kMmapThreshold = 128 * 1024;

template <typename T>
class FreshArray {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    /// Elements are not written, so their pages do not exist yet. Throws std::bad_alloc when malloc has no memory.
    explicit FreshArray(std::size_t count) : count_(count) {
        [[maybe_unused]] static const int fixed = mallopt(M_MMAP_THRESHOLD, kMmapThreshold);
        data_.reset(static_cast<T*>(std::malloc(std::max(count * sizeof(T), kMmapThreshold))));
        if (data_ == nullptr) throw std::bad_alloc();
    }
    /// A copy of `source`, written by the CPU.
    explicit FreshArray(std::span<const T> source) : FreshArray(source.size()) {
        std::copy(source.begin(), source.end(), data());
    }

    T* data() const { return data_.get(); }
    std::size_t size() const { return count_; }
    std::span<T> span() const { return {data(), count_}; }

private:
    struct Free {
        void operator()(T* data) const { std::free(data); }
    };
    std::unique_ptr<T[], Free> data_;
    std::size_t count_;
};

}  // namespace faultline::workloads
