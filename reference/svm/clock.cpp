#include "reference/svm/clock.h"

#include <chrono>

namespace faultline::svm {

Nanoseconds SystemClock::now() const { return std::chrono::steady_clock::now().time_since_epoch(); }

}  // namespace faultline::svm
