// Clang thread-safety annotations under short names; empty for other compilers. The `clang` preset compiles with
// -Werror=thread-safety.
#pragma once

#if defined(__clang__)
#define FL_TSA(x) __attribute__((x))
#else
#define FL_TSA(x)
#endif

#define FL_CAPABILITY(name) FL_TSA(capability(name))
#define FL_SCOPED_CAPABILITY FL_TSA(scoped_lockable)
#define FL_GUARDED_BY(m) FL_TSA(guarded_by(m))
#define FL_PT_GUARDED_BY(m) FL_TSA(pt_guarded_by(m))
#define FL_ACQUIRED_AFTER(...) FL_TSA(acquired_after(__VA_ARGS__))
#define FL_REQUIRES(...) FL_TSA(requires_capability(__VA_ARGS__))
#define FL_REQUIRES_SHARED(...) FL_TSA(requires_shared_capability(__VA_ARGS__))
#define FL_EXCLUDES(...) FL_TSA(locks_excluded(__VA_ARGS__))
#define FL_ACQUIRE(...) FL_TSA(acquire_capability(__VA_ARGS__))
#define FL_ACQUIRE_SHARED(...) FL_TSA(acquire_shared_capability(__VA_ARGS__))
#define FL_TRY_ACQUIRE(...) FL_TSA(try_acquire_capability(__VA_ARGS__))
#define FL_RELEASE(...) FL_TSA(release_capability(__VA_ARGS__))
#define FL_RELEASE_SHARED(...) FL_TSA(release_shared_capability(__VA_ARGS__))
#define FL_RELEASE_GENERIC(...) FL_TSA(release_generic_capability(__VA_ARGS__))
#define FL_ASSERT_CAPABILITY(m) FL_TSA(assert_capability(m))
#define FL_NO_THREAD_SAFETY_ANALYSIS FL_TSA(no_thread_safety_analysis)
