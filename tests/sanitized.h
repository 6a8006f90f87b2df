// Whether this build is slowed down, and its memory laid out, by a sanitizer.
#pragma once

namespace faultline {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace faultline
