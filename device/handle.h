// Sole ownership of a Level Zero object.
//
// Thread safety: as a raw handle. Ownership: the destructor calls the object's zeXDestroy; a failure of that call is
// ignored, since nobody can act on it.
#pragma once

#include <level_zero/ze_api.h>

#include <utility>

namespace faultline::device {

template <typename Handle, ze_result_t(ZE_APICALL* Destroy)(Handle)>
class UniqueHandle {
public:
    UniqueHandle() = default;
    explicit UniqueHandle(Handle handle) : handle_(handle) {}
    ~UniqueHandle() { reset(); }
    UniqueHandle(UniqueHandle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    UniqueHandle& operator=(UniqueHandle&& other) noexcept {
        if (this != &other) {
            reset();
            handle_ = std::exchange(other.handle_, nullptr);
        }
        return *this;
    }

    Handle get() const { return handle_; }

private:
    void reset() {
        if (handle_ != nullptr) (void)Destroy(handle_);
        handle_ = nullptr;
    }
    Handle handle_ = nullptr;
};

}  // namespace faultline::device
