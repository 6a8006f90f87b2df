// The application's threads while they are in the core: what of a thread's own memory must not migrate.

#include <link.h>
#include <pthread.h>
#include <unistd.h>

#include "reference/svm/mm/mm_impl.h"

namespace faultline::svm {
namespace {

/// Static thread-local storage of this thread, and what the thread pointer points to, where they are in no stack: those
/// of the main thread. Nothing of the neighbours', whose memory may well be what a program wants in VRAM.
Interval static_tls() {
    constexpr std::uint64_t kThreadDescriptor = 2304;  // struct pthread, which is nowhere declared
    const VirtAddr pointer = VirtAddr::of(__builtin_thread_pointer());
    Interval tls{pointer, pointer + kThreadDescriptor};
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* data) {
            auto& found = *static_cast<Interval*>(data);
            const VirtAddr block = VirtAddr::of(info->dlpi_tls_data);
            // Blocks that were allocated later are on the heap.
            constexpr std::uint64_t kLargest = kSize64K;
            if (block < found.start && found.end - block <= kLargest) found.start = block;
            return 0;
        },
        &tls);
    return tls;
}

/// Undoes the exclusion of a thread's stack when the thread ends.
struct StackExclusion {
    Interval stack;
    unsigned generation = 0;
    pid_t process = 0;

    StackExclusion() = default;
    StackExclusion(const StackExclusion&) = delete;
    StackExclusion& operator=(const StackExclusion&) = delete;
    ~StackExclusion() {
        // A child of fork has one thread, and a copy of locks that others may have held.
        if (stack.empty() || process != ::getpid()) return;
        Mm* mm = Mm::Impl::current();
        if (mm != nullptr && mm->impl().generation == generation) mm->impl().vmas.readmit(stack);
    }
};

/// Reads one byte a page. Other threads own the bytes, or nobody: sanitizers do not apply.
__attribute__((noinline, no_sanitize("address"), no_sanitize("thread"))) void touch_pages(Interval interval) {
    for (VirtAddr a = interval.start; a < interval.end; a = a + kPageSize)
        static_cast<void>(*a.ptr<const volatile char>());
}

}  // namespace

void Mm::adopt_this_thread() {
    thread_local unsigned adopted = 0;  // by which Mm of this process
    if (adopted == impl_->generation) return;
    pthread_attr_t attributes;
    if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return;
    void* base = nullptr;
    std::size_t size = 0;
    ::pthread_attr_getstack(&attributes, &base, &size);
    ::pthread_attr_destroy(&attributes);
    const Interval stack{VirtAddr::of(base), VirtAddr::of(base) + size};
    const VirtAddr thread_pointer = VirtAddr::of(__builtin_thread_pointer());
    exclude(stack);
    if (stack.contains(thread_pointer)) {
        thread_local StackExclusion exclusion;
        exclusion.stack = stack;
        exclusion.generation = impl_->generation;
        exclusion.process = ::getpid();
    } else {
        exclude(static_tls());
    }
    // What is in VRAM already comes back as the CPU touches it, now that no lock is held.
    touch_pages({VirtAddr::of(__builtin_frame_address(0)), stack.end});
    touch_pages({thread_pointer, thread_pointer + 1});
    adopted = impl_->generation;
}

}  // namespace faultline::svm
