// Threads that start the same work at the same moment.
//
// They are there before the memory is that a benchmark measures, and stay until it has ended: the stack of a thread is
// a mapping like any other, and a GPU's driver may be told of its coming and going. Thread safety: run() from one
// thread at a time. Ownership: the destructor ends the threads.
#pragma once

#include <barrier>
#include <chrono>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#include "base/expected.h"

namespace faultline::bench {

class Crew {
public:
    explicit Crew(std::size_t members);
    Crew(const Crew&) = delete;
    ~Crew();

    /// Every member does `work` with its number; seconds from the common start until the last has ended. The error is
    /// that of the first member that has one.
    Expected<double> run(const std::function<Status(std::size_t)>& work);

private:
    using Clock = std::chrono::steady_clock;
    struct Result {
        Clock::time_point begin{};
        Clock::time_point end{};
        Status status{};
    };
    void serve(std::size_t member);

    const std::function<Status(std::size_t)>* work_ = nullptr;  // null: the threads are to end
    std::vector<Result> results_;
    std::barrier<> start_;
    std::barrier<> end_;
    std::vector<std::jthread> threads_;
};

}  // namespace faultline::bench
