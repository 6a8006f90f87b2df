// Memory of Level Zero's own (USM), on which a kernel cannot fault: for results, clocks and counters.
//
// Thread safety: a buffer is plain memory. Ownership: zeMemFree at the end; a buffer must go before its Context, and
// after every kernel that uses it.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include "base/expected.h"
#include "base/units.h"
#include "device/context.h"

namespace faultline::device {

enum class UsmKind {
    kDevice,  ///< zeMemAllocDevice: the host cannot read it
    kHost,    ///< zeMemAllocHost: both read and write it
    kShared,  ///< zeMemAllocShared: migrates as the driver sees fit
};

/// Bytes of USM; the typed buffers below own one.
class UsmBlock {
public:
    static Expected<UsmBlock> allocate(const Context& context, UsmKind kind, Bytes size);
    /// Device memory of `device`, any of the context's driver.
    static Expected<UsmBlock> allocate_on(const Context& context, const Device& device, Bytes size);
    UsmBlock(UsmBlock&& other) noexcept
        : context_(std::exchange(other.context_, nullptr)), data_(std::exchange(other.data_, nullptr)) {}
    UsmBlock& operator=(UsmBlock&& other) noexcept {
        std::swap(context_, other.context_);
        std::swap(data_, other.data_);
        return *this;
    }
    ~UsmBlock();

    void* data() const { return data_; }

private:
    UsmBlock() = default;
    ze_context_handle_t context_ = nullptr;
    void* data_ = nullptr;
};

/// `count` elements of USM of one kind. Contents are undefined until written.
template <typename T, UsmKind Kind>
class UsmBuffer {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    static Expected<UsmBuffer> create(const Context& context, std::size_t count) {
        FL_ASSIGN_OR_RETURN(UsmBlock block, UsmBlock::allocate(context, Kind, Bytes{count * sizeof(T)}));
        return UsmBuffer(std::move(block), count);
    }

    T* data() const { return static_cast<T*>(block_.data()); }
    std::size_t size() const { return count_; }
    std::span<T> span() const requires(Kind != UsmKind::kDevice) { return {data(), count_}; }
    T& operator[](std::size_t i) const requires(Kind != UsmKind::kDevice) { return data()[i]; }

private:
    UsmBuffer(UsmBlock block, std::size_t count) : block_(std::move(block)), count_(count) {}
    UsmBlock block_;
    std::size_t count_;
};

template <typename T>
using DeviceBuffer = UsmBuffer<T, UsmKind::kDevice>;
template <typename T>
using HostBuffer = UsmBuffer<T, UsmKind::kHost>;
template <typename T>
using SharedBuffer = UsmBuffer<T, UsmKind::kShared>;

}  // namespace faultline::device
