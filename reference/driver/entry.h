// What goes into a dispatch table: a guarded entry point, or the refusal of one that is not supported.
//
// Both deduce their signature from the table's function pointer type, so that no stub is written by hand. Thread
// safety: stateless.
#pragma once

#include <level_zero/ze_api.h>

#include <new>
#include <system_error>
#include <type_traits>

namespace faultline::driver {

template <typename... Args>
using EntryPoint = ze_result_t(ZE_APICALL*)(Args...);

/// Converts to any entry point; the entry point refuses.
class Unsupported {
public:
    template <typename... Args>
    operator EntryPoint<Args...>() const {  // NOLINT(google-explicit-constructor)
        return &refuse<Args...>;
    }

private:
    template <typename... Args>
    static ze_result_t ZE_APICALL refuse(Args...) {
        return ZE_RESULT_ERROR_UNSUPPORTED_FEATURE;
    }
};

template <typename T>
inline constexpr bool kIsHandle = std::is_pointer_v<T>&& std::is_class_v<std::remove_pointer_t<T>>;

/// What a thread of the application owes the core before it enters it (Mm::adopt_this_thread); cheap when repeated.
void adopt_this_thread();

template <auto Function>
struct Guarded;

template <typename First, typename... Rest, ze_result_t (*Function)(First, Rest...)>
struct Guarded<Function> {
    static ze_result_t ZE_APICALL call(First first, Rest... rest) noexcept {
        if constexpr (kIsHandle<First>) {
            if (first == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
        }
        try {
            adopt_this_thread();
            return Function(first, rest...);
        } catch (const std::bad_alloc&) {
            return ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY;
        } catch (const std::system_error&) {  // no thread or lock to be had
            return ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY;
        } catch (...) {
            return ZE_RESULT_ERROR_UNKNOWN;
        }
    }
};

/// `Function` as a table entry: a null first handle is refused, and no exception reaches the loader.
template <auto Function>
inline constexpr auto entry = &Guarded<Function>::call;

}  // namespace faultline::driver
