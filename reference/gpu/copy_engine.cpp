#include "reference/gpu/copy_engine.h"

#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "reference/gpu/futex.h"
#include "reference/gpu/signals.h"
#include "reference/svm/core/arena.h"

namespace faultline::gpu {
namespace {

constexpr std::uint64_t kBlock = 256 << 10;
constexpr unsigned kSubmissionSpins = 4000;

std::uint64_t blocks_of(const svm::CopyJob& job) { return (job.size.count + kBlock - 1) / kBlock; }

/// Destinations rise without overlap, and no source lies among them.
bool disjoint(std::span<const svm::CopyJob> jobs) {
    auto address = [](const void* p) { return reinterpret_cast<std::uint64_t>(p); };
    std::uint64_t low = address(jobs.front().dst);
    std::uint64_t end = low;
    for (const svm::CopyJob& job : jobs) {
        if (address(job.dst) < end) return false;
        end = address(job.dst) + job.size.count;
    }
    return std::none_of(jobs.begin(), jobs.end(), [&](const svm::CopyJob& job) {
        std::uint64_t src = address(job.src);
        return job.src != nullptr && src < end && low < src + job.size.count;
    });
}

}  // namespace

/// Lives on its submitter's stack until no engine has it.
struct CopyEngines::Batch {
    std::span<const svm::CopyJob> jobs;
    const void* pattern = nullptr;
    Bytes pattern_size;
    std::uint64_t blocks = 0;
    std::uint64_t blocks_per_job = 1;  ///< of the largest job; smaller jobs have empty blocks
    std::atomic<std::uint64_t> next{0};
    std::atomic<std::uint32_t> users{0};  ///< engines that hold it
    std::atomic<int> err{0};
    Batch* link = nullptr;

    void copy_block(std::uint64_t index) {
        const svm::CopyJob& job = jobs[index / blocks_per_job];
        std::uint64_t at = index % blocks_per_job * kBlock;
        if (at >= job.size.count) return;
        std::uint64_t size = std::min(kBlock, job.size.count - at);
        auto* dst = static_cast<std::byte*>(job.dst) + at;
        int failed =
            pattern != nullptr
                ? guarded_fill(dst, pattern, pattern_size.count, size)
                : guarded_copy(dst, job.src == nullptr ? nullptr : static_cast<const std::byte*>(job.src) + at, size);
        if (failed != 0) err.store(failed, std::memory_order_relaxed);
    }
};

int CopyEngines::start(unsigned engines) {
    for (unsigned i = 0; i < engines; ++i) {
        try {
            threads_.push_back(svm::ArenaPtr<svm::ServiceThread>(svm::arena_new<svm::ServiceThread>()));
        } catch (const std::bad_alloc&) {
            return -ENOMEM;
        }
        if (int err = threads_.back()->start("fl-copy", &CopyEngines::engine, this); err != 0) return err;
    }
    return 0;
}

CopyEngines::~CopyEngines() {
    stop_.store(true, std::memory_order_seq_cst);
    submitted_.fetch_add(1, std::memory_order_seq_cst);
    futex_wake(submitted_);
    threads_.clear();  // joins them, while all that they use is there
}

void CopyEngines::engine(void* self) {
    // A service thread blocks all signals; those of a copy from a bad address must reach the handler (signals.h).
    sigset_t faults;
    sigemptyset(&faults);
    sigaddset(&faults, SIGSEGV);
    sigaddset(&faults, SIGBUS);
    pthread_sigmask(SIG_UNBLOCK, &faults, nullptr);
    static_cast<CopyEngines*>(self)->serve();
}

void CopyEngines::help(Batch& batch) {
    for (;;) {
        // Relaxed: only the index is agreed on; the batch was published under the lock.
        std::uint64_t index = batch.next.fetch_add(1, std::memory_order_relaxed);
        if (index >= batch.blocks) return;
        batch.copy_block(index);
    }
}

void CopyEngines::serve() {
    while (!stop_.load(std::memory_order_seq_cst)) {
        // Read before the list is looked at: a batch that comes later changes the word, and the sleep below ends at
        // once.
        std::uint32_t seen = submitted_.load(std::memory_order_seq_cst);
        Batch* batch = nullptr;
        {
            svm::MutexLock hold(lock_);
            for (batch = head_; batch != nullptr; batch = batch->link) {
                if (batch->next.load(std::memory_order_relaxed) < batch->blocks) break;
            }
            // Under the lock, as the submitter takes its batch out: it finds every engine that found the batch.
            if (batch != nullptr) batch->users.fetch_add(1, std::memory_order_relaxed);
        }
        if (batch != nullptr) {
            help(*batch);
            batch->users.fetch_sub(1, std::memory_order_release);  // the bytes are there, and the batch may go
            continue;
        }
        sleeping_.fetch_add(1, std::memory_order_seq_cst);
        if (!stop_.load(std::memory_order_seq_cst)) futex_wait(submitted_, seen);
        sleeping_.fetch_sub(1, std::memory_order_relaxed);
    }
}

int CopyEngines::run(std::span<const svm::CopyJob> jobs, const void* pattern, Bytes pattern_size) {
    Batch batch;
    batch.jobs = jobs;
    batch.pattern = pattern;
    batch.pattern_size = pattern_size;
    for (const svm::CopyJob& job : jobs) batch.blocks_per_job = std::max(batch.blocks_per_job, blocks_of(job));
    batch.blocks = batch.blocks_per_job * jobs.size();
    std::uint64_t total = 0;
    for (const svm::CopyJob& job : jobs) total += job.size.count;
    if (total <= kBlock || threads_.empty()) {
        help(batch);
        return batch.err.load(std::memory_order_relaxed);
    }
    {
        svm::MutexLock hold(lock_);
        batch.link = head_;
        head_ = &batch;
    }
    // The word before the look, the sleepers' count before their sleep: either the count is seen here, or the engine
    // finds the word changed.
    submitted_.fetch_add(1, std::memory_order_seq_cst);
    if (sleeping_.load(std::memory_order_seq_cst) != 0) futex_wake(submitted_);
    help(batch);
    {
        svm::MutexLock hold(lock_);
        Batch** at = &head_;
        while (*at != &batch) at = &(*at)->link;
        *at = batch.link;
    }
    // No engine can find it now; those that have it are copying their last block.
    for (unsigned spins = 0; batch.users.load(std::memory_order_acquire) != 0; ++spins) {
        if (spins < kSubmissionSpins) {
            cpu_pause();
        } else {
            sched_yield();
        }
    }
    return batch.err.load(std::memory_order_relaxed);
}

int CopyEngines::copy(std::span<const svm::CopyJob> jobs) {
    if (jobs.empty()) return 0;
    if (jobs.size() == 1 || disjoint(jobs)) return run(jobs, nullptr, {}) == 0 ? 0 : -EIO;
    for (const svm::CopyJob& job : jobs) {
        if (run({&job, 1}, nullptr, {}) != 0) return -EIO;
    }
    return 0;
}

int CopyEngines::copy_user(const svm::CopyJob& job) { return run({&job, 1}, nullptr, {}); }

int CopyEngines::fill_user(void* dst, const void* pattern, Bytes pattern_size, Bytes size) {
    // Blocks begin with a whole pattern only when it divides them; patterns are powers of two by Level Zero's rules.
    svm::CopyJob job{dst, nullptr, size};
    if (kBlock % pattern_size.count == 0) return run({&job, 1}, pattern, pattern_size);
    return guarded_fill(dst, pattern, pattern_size.count, size.count);
}

}  // namespace faultline::gpu
