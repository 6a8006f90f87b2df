// A thread on a stack of arena memory, deaf to the program's signals.

#include "reference/svm/core/service_thread.h"

#include <csignal>
#include <cstring>

#include "reference/svm/core/arena.h"

namespace faultline::svm {
namespace {

// Deep enough for sanitizer builds; untouched pages cost nothing.
constexpr Bytes kStackSize{1ull << 20};

}  // namespace

int ServiceThread::start(const char* name, void (*body)(void*), void* argument) {
    stack_ = arena_map(kStackSize, /*guard_below=*/true);
    if (stack_ == nullptr) return -ENOMEM;
    body_ = body;
    argument_ = argument;

    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack_, kStackSize.count);
    // Signals of the program go to its own threads: a handler of its could touch memory that only this thread brings
    // back.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const auto entry = [](void* self) -> void* {
        auto* thread = static_cast<ServiceThread*>(self);
        thread->body_(thread->argument_);
        return nullptr;
    };
    const int err = pthread_create(&thread_, &attributes, entry, this);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);
    if (err != 0) {
        arena_unmap(stack_, kStackSize, /*guard_below=*/true);
        stack_ = nullptr;
        return -err;
    }
    char short_name[16] = {};
    std::strncpy(short_name, name, sizeof(short_name) - 1);
    pthread_setname_np(thread_, short_name);
    return 0;
}

void ServiceThread::join() {
    if (stack_ == nullptr) return;
    pthread_join(thread_, nullptr);
    arena_unmap(stack_, kStackSize, /*guard_below=*/true);
    stack_ = nullptr;
}

}  // namespace faultline::svm
