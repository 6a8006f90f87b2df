// Expected failures as values: `Status` says what failed, where, and what to do; `Expected<T>` is a T or a Status.
//
// Used above the kernel-style core (which returns negative errno). Nothing here throws or prints: whoever owns the
// process (runners/) decides what becomes of a failure. Thread safety: values.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace faultline {

/// What went wrong, coarse enough to choose an exit status by.
enum class ErrorKind {
    kBadInput,     ///< the user asked for something malformed or unknown: exit status 2
    kUnavailable,  ///< the machine cannot do it (no device, no permission): exit status 2, says what to do
    kDevice,       ///< a device or driver call failed
    kInternal,     ///< an invariant of this program does not hold
};

struct [[nodiscard]] Error {
    ErrorKind kind = ErrorKind::kInternal;
    std::string message;  ///< one line: what, where, what to do
};

/// Success, or an Error.
class [[nodiscard]] Status {
public:
    Status() = default;
    Status(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

    bool ok() const { return !error_.has_value(); }
    explicit operator bool() const { return ok(); }
    const Error& error() const {
        assert(error_);
        return *error_;
    }

private:
    std::optional<Error> error_;
};

/// A T, or an Error.
template <typename T>
class [[nodiscard]] Expected {
public:
    Expected(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
    Expected(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }

    /// REQUIRES: ok().
    T& operator*() & { return std::get<0>(state_); }
    const T& operator*() const& { return std::get<0>(state_); }
    T&& operator*() && { return std::get<0>(std::move(state_)); }
    T* operator->() { return &std::get<0>(state_); }
    const T* operator->() const { return &std::get<0>(state_); }

    /// REQUIRES: !ok().
    const Error& error() const { return std::get<1>(state_); }

private:
    std::variant<T, Error> state_;
};

}  // namespace faultline

#define FL_CONCAT_(a, b) a##b
#define FL_CONCAT(a, b) FL_CONCAT_(a, b)
#define FL_RETURN_IF_ERROR_(result, ...)                                        \
    do {                                                                        \
        if (const auto& result = (__VA_ARGS__); !result) return result.error(); \
    } while (false)
#define FL_ASSIGN_OR_RETURN_(result, lhs, ...) \
    auto result = (__VA_ARGS__);               \
    if (!result) return result.error();        \
    lhs = *std::move(result)

/// Hands the error of a Status or Expected to the caller: FL_RETURN_IF_ERROR(queue.wait());
/// Each use names its result anew, since an argument may be a lambda that uses the macro itself.
#define FL_RETURN_IF_ERROR(...) FL_RETURN_IF_ERROR_(FL_CONCAT(fl_result_, __COUNTER__), __VA_ARGS__)
/// The value of an Expected, or its error to the caller: FL_ASSIGN_OR_RETURN(const Device device, select_device());
/// Two statements: not for the body of an `if` without braces.
#define FL_ASSIGN_OR_RETURN(lhs, ...) FL_ASSIGN_OR_RETURN_(FL_CONCAT(fl_result_, __COUNTER__), lhs, __VA_ARGS__)
