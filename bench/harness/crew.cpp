#include "bench/harness/crew.h"

#include <algorithm>

namespace faultline::bench {

Crew::Crew(std::size_t members)
    : results_(members),
      start_(static_cast<std::ptrdiff_t>(members) + 1),
      end_(static_cast<std::ptrdiff_t>(members) + 1) {
    for (std::size_t member = 0; member < members; ++member) threads_.emplace_back([this, member] { serve(member); });
}

Crew::~Crew() {
    work_ = nullptr;
    start_.arrive_and_wait();
}

Expected<double> Crew::run(const std::function<Status(std::size_t)>& work) {
    work_ = &work;
    start_.arrive_and_wait();
    end_.arrive_and_wait();
    Clock::time_point begin = results_.front().begin;
    Clock::time_point end = results_.front().end;
    for (Result& result : results_) {
        if (!result.status) return result.status.error();
        begin = std::min(begin, result.begin);
        end = std::max(end, result.end);
    }
    return std::chrono::duration<double>(end - begin).count();
}

void Crew::serve(std::size_t member) {
    for (;;) {
        start_.arrive_and_wait();
        if (work_ == nullptr) return;
        Result& result = results_[member];
        result.begin = Clock::now();
        result.status = (*work_)(member);
        result.end = Clock::now();
        end_.arrive_and_wait();
    }
}

}  // namespace faultline::bench
