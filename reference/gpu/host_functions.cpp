// The host functions that compiled code may call: libm, libc's block moves, and the runtime.
#include <llvm/ADT/StringMap.h>

#include <cmath>
#include <cstring>

#include "reference/gpu/eu_context.h"
#include "reference/gpu/jit.h"

namespace faultline::gpu::jit {
namespace {

template <typename R, typename... Args>
void* address(R (*f)(Args...)) {
    return reinterpret_cast<void*>(f);
}

}  // namespace

void* host_function(llvm::StringRef name) {
    using F1 = float (*)(float);
    using D1 = double (*)(double);
    using F2 = float (*)(float, float);
    using D2 = double (*)(double, double);
#define FL_MATH1(name) \
    {#name, address(static_cast<D1>(::name))}, { #name "f", address(static_cast <F1>(::name##f)) }
#define FL_MATH2(name) \
    {#name, address(static_cast<D2>(::name))}, { #name "f", address(static_cast <F2>(::name##f)) }
#define FL_RUNTIME(f) \
    { #f, address(f) }
    static const llvm::StringMap<void*> kFunctions = {
        FL_MATH1(sin),
        FL_MATH1(cos),
        FL_MATH1(tan),
        FL_MATH1(asin),
        FL_MATH1(acos),
        FL_MATH1(atan),
        FL_MATH1(sinh),
        FL_MATH1(cosh),
        FL_MATH1(tanh),
        FL_MATH1(asinh),
        FL_MATH1(acosh),
        FL_MATH1(atanh),
        FL_MATH1(exp),
        FL_MATH1(exp2),
        FL_MATH1(exp10),
        FL_MATH1(expm1),
        FL_MATH1(log),
        FL_MATH1(log2),
        FL_MATH1(log10),
        FL_MATH1(log1p),
        FL_MATH1(logb),
        FL_MATH1(cbrt),
        FL_MATH1(erf),
        FL_MATH1(erfc),
        FL_MATH1(tgamma),
        FL_MATH1(lgamma),
        FL_MATH1(floor),
        FL_MATH1(ceil),
        FL_MATH1(trunc),
        FL_MATH1(rint),
        FL_MATH1(round),
        FL_MATH1(sqrt),
        FL_MATH2(pow),
        FL_MATH2(atan2),
        FL_MATH2(hypot),
        FL_MATH2(fmod),
        FL_MATH2(fdim),
        FL_MATH2(fmin),
        FL_MATH2(fmax),
        FL_MATH2(nextafter),
        FL_MATH2(remainder),
        {"ldexp", address(static_cast<double (*)(double, int)>(::ldexp))},
        {"ldexpf", address(static_cast<float (*)(float, int)>(::ldexpf))},
        {"fma", address(static_cast<double (*)(double, double, double)>(::fma))},
        {"fmaf", address(static_cast<float (*)(float, float, float)>(::fmaf))},
        {"sincos", address(static_cast<void (*)(double, double*, double*)>(::sincos))},
        {"sincosf", address(static_cast<void (*)(float, float*, float*)>(::sincosf))},
        {"memcpy", address(static_cast<void* (*)(void*, const void*, std::size_t)>(::memcpy))},
        {"memmove", address(static_cast<void* (*)(void*, const void*, std::size_t)>(::memmove))},
        {"memset", address(static_cast<void* (*)(void*, int, std::size_t)>(::memset))},
        FL_RUNTIME(fl_translate),
        FL_RUNTIME(fl_store_crossing),
        FL_RUNTIME(fl_memmove),
        FL_RUNTIME(fl_memset),
        FL_RUNTIME(fl_poll),
        FL_RUNTIME(fl_barrier),
        FL_RUNTIME(fl_clock),
    };
#undef FL_MATH1
#undef FL_MATH2
#undef FL_RUNTIME
    auto found = kFunctions.find(name);
    return found == kFunctions.end() ? nullptr : found->second;
}

}  // namespace faultline::gpu::jit
