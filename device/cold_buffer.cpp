#include "device/cold_buffer.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "device/kernels/pattern.h"

namespace faultline::device {
namespace {

Error refused(const char* call) {
    return {ErrorKind::kUnavailable, fmt::format("{} for a cold buffer: {}", call, std::strerror(errno))};
}

std::uint32_t next_salt() {
    static std::atomic<std::uint32_t> salt{0x5eed};
    return salt.fetch_add(0x9e3779b9u);
}

}  // namespace

std::string_view to_string(Touch touch) { return touch == Touch::kUntouched ? "untouched" : "cpu_touched"; }
std::string_view to_string(HugePages pages) { return pages == HugePages::kHuge ? "huge" : "small"; }

Expected<ColdBuffer> ColdBuffer::create(Bytes size, Touch touch, HugePages pages) { return map(1, size, touch, pages); }

Expected<ColdBuffer> ColdBuffer::create_pieces(std::size_t count, Bytes size, Touch touch) {
    return map(count, size, touch, HugePages::kSmall);
}

Expected<ColdBuffer> ColdBuffer::map(std::size_t pieces, Bytes piece, Touch touch, HugePages pages) {
    ColdBuffer buffer;
    buffer.piece_ = piece;
    buffer.pieces_ = pieces;
    buffer.touch_ = touch;
    buffer.salt_ = next_salt();

    const std::size_t alignment = kAlignment.count;
    const std::size_t span = buffer.pitch().count * pieces;
    const std::size_t reserved = span + alignment;
    void* const raw = ::mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (raw == MAP_FAILED) return refused("mmap");
    auto* const begin = static_cast<std::byte*>(raw);
    const std::size_t before = (alignment - reinterpret_cast<std::uintptr_t>(raw) % alignment) % alignment;
    if (before > 0) ::munmap(begin, before);
    ::munmap(begin + before + span, reserved - before - span);
    buffer.data_ = begin + before;
    buffer.mapped_ = span;

    if (::madvise(buffer.data_, span, pages == HugePages::kHuge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) != 0 &&
        pages == HugePages::kHuge) {
        return refused("madvise(MADV_HUGEPAGE)");  // a kernel without THP cannot have them, and has small pages anyway
    }
    for (std::size_t i = 0; i < pieces; ++i) {
        if (::mprotect(buffer.data_ + i * buffer.pitch().count, piece.count, PROT_READ | PROT_WRITE) != 0) {
            return refused("mprotect");
        }
    }
    if (touch == Touch::kCpuTouched) buffer.touch_all();
    return buffer;
}

void ColdBuffer::touch_all() {
    for (std::size_t piece = 0; piece < pieces_; ++piece) {
        const std::size_t begin = piece * pitch().count;
        auto* const words = reinterpret_cast<std::uint32_t*>(data_ + begin);
        for (std::size_t i = 0; i < piece_.count / sizeof(std::uint32_t); ++i) {
            words[i] = faultline_pattern(begin + i * sizeof(std::uint32_t), salt_);
        }
    }
}

std::uint32_t ColdBuffer::expected(std::size_t offset) const {
    return touch_ == Touch::kCpuTouched ? faultline_pattern(offset, salt_) : 0;
}

std::uint32_t ColdBuffer::word(std::size_t offset) const {
    std::uint32_t value = 0;
    std::memcpy(&value, data_ + offset, sizeof(value));
    return value;
}

ColdBuffer::ColdBuffer(ColdBuffer&& other) noexcept { *this = std::move(other); }

ColdBuffer& ColdBuffer::operator=(ColdBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(mapped_, other.mapped_);
    std::swap(piece_, other.piece_);
    std::swap(pieces_, other.pieces_);
    std::swap(touch_, other.touch_);
    std::swap(salt_, other.salt_);
    return *this;
}

ColdBuffer::~ColdBuffer() {
    if (data_ != nullptr) ::munmap(data_, mapped_);
}

}  // namespace faultline::device
