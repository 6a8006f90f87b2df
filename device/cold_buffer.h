// Memory that no GPU has seen: fresh anonymous mappings, so that recycled heap memory, which may still be in VRAM, is
// never measured.
//
// Thread safety: plain memory. Ownership: unmapped by the destructor; no kernel may use it then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/expected.h"
#include "base/units.h"

namespace faultline::device {

/// What the CPU has done to the memory before the GPU sees it.
enum class Touch {
    kUntouched,   ///< nothing: no page exists, all bytes read as zero
    kCpuTouched,  ///< every word written with its pattern
};
std::string_view to_string(Touch touch);

/// Asked of the kernel explicitly; what a system-wide setting would give is not left to chance.
enum class HugePages {
    kHuge,   ///< MADV_HUGEPAGE, as malloc memory has where THP is "always"
    kSmall,  ///< MADV_NOHUGEPAGE
};
/// "huge", "small": goes into labels as "thp=...".
std::string_view to_string(HugePages pages);

class ColdBuffer {
public:
    static constexpr Bytes kAlignment{2u << 20};

    /// One mapping of `size` bytes at a 2 MiB boundary. kUnavailable when the kernel refuses.
    static Expected<ColdBuffer> create(Bytes size, Touch touch, HugePages pages);
    /// `count` mappings of `size` bytes each (a power of two of pages), `size` bytes of nothing after each: the GPU
    /// driver finds no range greater than `size`, on any device and under any policy. Small pages.
    static Expected<ColdBuffer> create_pieces(std::size_t count, Bytes size, Touch touch);

    ColdBuffer(ColdBuffer&& other) noexcept;
    ColdBuffer& operator=(ColdBuffer&& other) noexcept;
    ~ColdBuffer();

    /// Bytes that may be accessed, gaps not counted.
    Bytes size() const { return piece_ * pieces_; }
    std::byte* data() const { return data_; }
    /// From the start of one piece to the start of the next.
    Bytes pitch() const { return pieces_ == 1 ? piece_ : piece_ * 2; }

    std::size_t pieces() const { return pieces_; }

    /// Gives the mapping up: whoever calls unmaps [data(), data() + pitch() * pieces()), or has done so.
    void release() { data_ = nullptr; }

    std::uint32_t salt() const { return salt_; }
    /// What the 32-bit word at `offset` from data() holds before the GPU writes to it.
    std::uint32_t expected(std::size_t offset) const;
    /// The word itself; a CPU access like any other, which may bring its page back from VRAM.
    std::uint32_t word(std::size_t offset) const;

private:
    ColdBuffer() = default;
    static Expected<ColdBuffer> map(std::size_t pieces, Bytes piece, Touch touch, HugePages pages);
    void touch_all();

    std::byte* data_ = nullptr;
    std::size_t mapped_ = 0;
    Bytes piece_;
    std::size_t pieces_ = 0;
    Touch touch_ = Touch::kUntouched;
    std::uint32_t salt_ = 0;
};

}  // namespace faultline::device
