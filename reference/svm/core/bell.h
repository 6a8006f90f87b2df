// Sleep until rung, without losing a ring that comes while the sleeper still looks for work.
//
// Use: seen = bell.seen(); look for work; if there is none, bell.wait(seen). Thread safety: all functions from any
// thread. Does not allocate (std::atomic<int> waits on a futex).
#pragma once

#include <atomic>

namespace faultline::svm {

class Bell {
public:
    // Acquire and release: what was queued before a ring is found by the look for work that its count belongs to.
    int seen() const { return rings_.load(std::memory_order_acquire); }
    void ring() {
        rings_.fetch_add(1, std::memory_order_release);
        rings_.notify_one();
    }
    void ring_all() {
        rings_.fetch_add(1, std::memory_order_release);
        rings_.notify_all();
    }
    void wait(int seen) const { rings_.wait(seen, std::memory_order_acquire); }

private:
    std::atomic<int> rings_{0};
};

}  // namespace faultline::svm
