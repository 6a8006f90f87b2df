// Page-fault queues and their workers: whatever the policy, each fault is acked once, by a service that covered it.

#include "reference/svm/xe/fault_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <random>
#include <semaphore>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#include "tests/reference/svm/xe/some_fault.h"

namespace faultline::svm::test {
namespace {

using ::testing::HasSubstr;

std::uint64_t seed() {
    const char* wanted = std::getenv("FAULTLINE_SEED");
    return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 20261121;
}

/// Faults that are waited for, and what became of them.
class Recorder final : public Faulter {
public:
    explicit Recorder(std::size_t faults) : acks_(faults) {}
    void ack(const Pagefault& fault, int err) override {
        acks_[fault.cookie].fetch_add(1);
        if (err != 0) failures_.fetch_add(1);
        total_.fetch_add(1);
        total_.notify_all();
    }
    void wait_for(unsigned count) {
        for (unsigned seen; (seen = total_.load()) < count;) total_.wait(seen);
    }
    unsigned acks(std::size_t fault) const { return acks_[fault].load(); }
    unsigned failures() const { return failures_.load(); }

private:
    std::vector<std::atomic<unsigned>> acks_;
    std::atomic<unsigned> failures_{0};
    std::atomic<unsigned> total_{0};
};

/// A channel that checks how it is used.
class CountingChannel final : public AckChannel {
public:
    void begin() override { lock_.lock(); }
    void write(const Pagefault& fault, int err) override {
        ++unflushed_;
        largest_batch_ = std::max(largest_batch_, unflushed_);
        fault.faulter->ack(fault, err);
    }
    void flush() override {
        ++flushes_;
        unflushed_ = 0;
    }
    void end() override {
        if (unflushed_ != 0) ADD_FAILURE() << "acks were not flushed";
        lock_.unlock();
    }
    unsigned largest_batch() const { return largest_batch_; }
    unsigned flushes() const { return flushes_; }

private:
    std::mutex lock_;
    unsigned unflushed_ = 0;
    unsigned largest_batch_ = 0;
    unsigned flushes_ = 0;
};

/// Serves a random part of the window, and refuses every 16th time; nothing before it is opened.
class RandomService final : public FaultService {
public:
    explicit RandomService(std::uint64_t s) : random_(s) {}
    int pagefault_service(const Pagefault& fault, Interval* serviced) override {
        entered.release();
        open_.wait(false);
        unsigned spins = 0;
        int err = 0;
        {
            std::lock_guard guard(lock_);
            spins = static_cast<unsigned>(random_() % 2000);
            constexpr std::uint64_t kSizes[] = {kPageSize, kSize64K, kSize2M};
            const std::uint64_t size = kSizes[random_() % 3];
            *serviced = {fault.page_addr.align_down(size), fault.page_addr.align_down(size) + size};
            if (calls.fetch_add(1) % 16 == 15) err = -EFAULT;
        }
        for (unsigned i = 0; i < spins; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
        return err;
    }
    void open() {
        open_.store(true);
        open_.notify_all();
    }
    std::atomic<unsigned> calls{0};
    std::counting_semaphore<> entered{0};

private:
    std::atomic<bool> open_{false};
    std::mutex lock_;
    std::mt19937_64 random_;
};

class EveryPolicy : public ::testing::TestWithParam<const char*> {};

TEST_P(EveryPolicy, EachFaultIsAckedOnce) {
    SCOPED_TRACE("seed " + std::to_string(seed()));
    constexpr unsigned kProducers = 4;
    constexpr unsigned kFaults = 3000;  // of each
    constexpr unsigned kTotal = kProducers * kFaults;
    const Policy policy = *parse_policy(GetParam());
    RandomService service(seed());
    GtStats stats;
    SystemClock clock;
    CountingChannel channel;
    const unsigned queue_count = policy.queue_choice == QueueChoice::kRoundRobin ? policy.queue_count : 1;
    const unsigned early = 2 * queue_count;
    Recorder recorder(early + kTotal);
    int err = 0;
    ArenaPtr<FaultQueues> queues = FaultQueues::create(
        {.service = &service, .stats = &stats, .clock = &clock, .acks = &channel, .entries = 64}, policy, &err);
    ASSERT_EQ(0, err);
    // Two faults of one page a queue: the first is being served when the second comes, which so has to hang on to it.
    for (unsigned i = 0; i < early; ++i) {
        Pagefault fault = fault_at(0);
        fault.faulter = &recorder;
        fault.cookie = kTotal + i;
        ASSERT_EQ(0, queues->push(fault));
        if (i < queue_count) service.entered.acquire();
    }
    EXPECT_EQ(policy.chaining ? queue_count : 0u, stats.get(GtStat::kChainIrqPagefaultCount));
    service.open();
    std::vector<std::thread> producers;
    for (unsigned p = 0; p < kProducers; ++p)
        producers.emplace_back([&, p] {
            std::mt19937_64 random(seed() + p);
            for (unsigned i = 0; i < kFaults; ++i) {
                // Two address spaces, a few windows: much to hang on to.
                Pagefault fault = fault_at(random() % 2048, random() % 8 == 0 ? Access::kAtomic : Access::kRead,
                                           static_cast<std::uint32_t>(1 + random() % 2));
                fault.faulter = &recorder;
                fault.cookie = p * kFaults + i;
                while (queues->push(fault) == -ENOSPC) std::this_thread::yield();
            }
        });
    for (auto& producer : producers) producer.join();
    recorder.wait_for(early + kTotal);
    queues.reset();
    for (unsigned i = 0; i < early + kTotal; ++i) ASSERT_EQ(1u, recorder.acks(i)) << "fault " << i;

    const std::uint64_t chained = stats.get(GtStat::kChainPagefaultCount);
    const std::uint64_t mismatched = stats.get(GtStat::kChainMismatchPagefaultCount);
    EXPECT_EQ(early + kTotal, service.calls + chained - mismatched + stats.get(GtStat::kLastPagefaultCount))
        << "each fault is served, acked with another, or acked for the last range";
    EXPECT_LE(stats.get(GtStat::kChainIrqPagefaultCount), chained);
    EXPECT_LE(stats.get(GtStat::kChainDrainIrqPagefaultCount), stats.get(GtStat::kChainIrqPagefaultCount));
    EXPECT_EQ(policy.chaining, chained > 0);
    EXPECT_GT(recorder.failures(), 0u);
    EXPECT_LE(channel.largest_batch(), policy.acks == AckMode::kBatched ? 16u : 1u);
}

INSTANTIATE_TEST_SUITE_P(FaultQueues, EveryPolicy,
                         ::testing::Values("xe-7.0", "fine-grained", "series-v4", "xe-7.0,chaining=on",
                                           "xe-7.0,queue=single,num_pf_work=8", "series-v4,num_pf_work=8",
                                           "fine-grained,chaining=on,acks=batched,queues=8", "series-v4,acks=each"));

/// Serves the whole window, but only when it is let.
class GatedService final : public FaultService {
public:
    int pagefault_service(const Pagefault& fault, Interval* serviced) override {
        calls.fetch_add(1);
        entered.release();
        gate.acquire();
        *serviced = {fault.page_addr.align_down(kSize2M), fault.page_addr.align_down(kSize2M) + kSize2M};
        return 0;
    }
    std::atomic<unsigned> calls{0};
    std::counting_semaphore<> entered{0};
    std::counting_semaphore<> gate{0};
};

/// A gate that is passed by so many services, on a queue of that policy, while `storm` faults of one window arrive.
unsigned services_of_a_storm(const char* policy, unsigned storm, unsigned* flushes) {
    GatedService service;
    GtStats stats;
    SystemClock clock;
    CountingChannel channel;
    Recorder recorder(storm);
    int err = 0;
    ArenaPtr<FaultQueues> queues =
        FaultQueues::create({.service = &service, .stats = &stats, .clock = &clock, .acks = &channel, .entries = 1024},
                            *parse_policy(policy), &err);
    for (unsigned i = 0; i < storm; ++i) {
        Pagefault fault = fault_at(i % 512);
        fault.faulter = &recorder;
        fault.cookie = i;
        EXPECT_EQ(0, queues->push(fault));
        if (i == 0) service.entered.acquire();  // the leader is being served when the others come
    }
    service.gate.release(storm);
    recorder.wait_for(storm);
    queues.reset();
    *flushes = channel.flushes();
    return service.calls;
}

TEST(FaultStorm, IsServedOnceByTheSeries) {
    unsigned flushes = 0;
    EXPECT_EQ(1u, services_of_a_storm("series-v4", 500, &flushes));
    EXPECT_EQ((500u + 15) / 16, flushes);
    EXPECT_EQ(1u, services_of_a_storm("series-v4,acks=each", 500, &flushes));
    EXPECT_EQ(500u, flushes);
}

TEST(FaultStorm, IsServedOneByOneBy70) {
    unsigned flushes = 0;
    EXPECT_EQ(500u, services_of_a_storm("xe-7.0", 500, &flushes));
    EXPECT_EQ(500u, flushes);
}

/// How many could be served at once by the queues' own account: one fault a queue and worker, where it has any.
unsigned bound_of(const std::string& info) {
    unsigned bound = 0;
    std::istringstream lines(info);
    unsigned faults = 0;
    unsigned workers = 0;
    const auto end_queue = [&] { bound += std::min(std::exchange(faults, 0), std::exchange(workers, 0)); };
    for (std::string line; std::getline(lines, line);) {
        const auto number = [&] { return static_cast<unsigned>(std::stoul(line.substr(line.find(':') + 1))); };
        if (line.starts_with("pagefault size:")) end_queue();
        if (line.starts_with("pagefault queue queued count:") || line.starts_with("pagefault queue active count:"))
            faults += number();
        if (line.starts_with("pagefault work[")) ++workers;
    }
    end_queue();
    return bound;
}

// asid % 4 puts all faults of one VM behind each other; round-robin and a single queue do not. That so many are served
// at once is waited for; that no more can be is what the queues hold.
void expect_concurrency(unsigned expected, const char* policy, std::uint32_t asids) {
    SCOPED_TRACE(policy);
    GatedService service;
    GtStats stats;
    SystemClock clock;
    Recorder recorder(8);
    int err = 0;
    ArenaPtr<FaultQueues> queues =
        FaultQueues::create({.service = &service, .stats = &stats, .clock = &clock, .acks = nullptr, .entries = 64},
                            *parse_policy(policy), &err);
    for (unsigned i = 0; i < 8; ++i) {
        Pagefault fault = fault_at(i * 512, Access::kRead, 1 + i % asids);
        fault.faulter = &recorder;
        fault.cookie = i;
        EXPECT_EQ(0, queues->push(fault));
    }
    const unsigned bound = bound_of(queues->info());
    EXPECT_EQ(expected, bound);
    for (unsigned i = 0; i < bound; ++i) service.entered.acquire();
    EXPECT_EQ(expected, service.calls);
    service.gate.release(8);
    recorder.wait_for(8);
    queues.reset();
    const bool single = parse_policy(policy)->queue_choice == QueueChoice::kSingle;
    EXPECT_GE(stats.get(GtStat::kParallelPagefaultCount), single ? expected - 1 : 0);
}

TEST(QueueChoice, DecidesHowManyAreServedAtOnce) {
    expect_concurrency(1, "xe-7.0", 1);
    expect_concurrency(2, "xe-7.0,queues=2", 8);
    expect_concurrency(4, "xe-7.0", 8);
    expect_concurrency(4, "fine-grained", 1);
    expect_concurrency(2, "series-v4", 1);
    expect_concurrency(8, "series-v4,num_pf_work=8", 1);
}

TEST(FaultQueues, InfoShowsEveryQueue) {
    GatedService service;
    GtStats stats;
    SystemClock clock;
    int err = 0;
    ArenaPtr<FaultQueues> queues =
        FaultQueues::create({.service = &service, .stats = &stats, .clock = &clock, .acks = nullptr, .entries = 64},
                            *parse_policy("series-v4"), &err);
    Recorder recorder(1);
    Pagefault fault = fault_at(3);
    fault.faulter = &recorder;
    ASSERT_EQ(0, queues->push(fault));
    service.entered.acquire();
    const std::string text = queues->info();
    service.gate.release();
    recorder.wait_for(1);
    queues.reset();
    EXPECT_THAT(text, HasSubstr("pagefault size: 64\npagefault queue size: 64\n"));
    EXPECT_THAT(text, HasSubstr("pagefault queue free count: 63\n"));
    EXPECT_THAT(text, HasSubstr("pagefault queue active count: 1\n"));
    EXPECT_THAT(text, HasSubstr("cache valid\n"));
    EXPECT_THAT(text, HasSubstr("cache invalid\n")) << "the other worker's";
}

}  // namespace
}  // namespace faultline::svm::test
