// A thread of the service path: its stack (and so its static thread-local storage) is arena memory, never migrated.
//
// Thread safety: start and join from one owner. Ownership: the ServiceThread owns the stack; the body and its argument
// outlive join(). Does not allocate with malloc after start() has returned.
#pragma once

#include <pthread.h>

namespace faultline::svm {

class ServiceThread {
public:
    ServiceThread() = default;
    ~ServiceThread() { join(); }
    ServiceThread(const ServiceThread&) = delete;
    ServiceThread& operator=(const ServiceThread&) = delete;

    /// Starts body(argument) under `name` (at most 15 characters are kept). 0, -ENOMEM or -EAGAIN.
    int start(const char* name, void (*body)(void*), void* argument);
    /// Waits for the body to return; nothing when it was not started.
    void join();

private:
    pthread_t thread_{};
    void* stack_ = nullptr;
    void (*body_)(void*) = nullptr;
    void* argument_ = nullptr;
};

}  // namespace faultline::svm
