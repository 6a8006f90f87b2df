// How fast is a fault served: by this core, by a userfaultfd reader thread, and by the kernel itself?
//
// Every iteration makes 4,096 pages of fresh, never-touched anonymous memory present, one fault a page, THP off. Held
// constant: page count, page size, and how many faults may be outstanding at once. Cold is made cold by a new mapping.
//  - service/core: the SVM core without migration, 4K ranges; one thread keeps N faults outstanding, as N suspended
//    work-groups do; one worker serves them.
//  - service/uffd_reader: plain UFFDIO_REGISTER_MODE_MISSING; N threads fault, one reader thread polls and copies a
//  page.
//  - service/anonymous: N threads touch plain anonymous memory.
// What it cannot tell: the cost of the EU's side (see faultline-gpu-bench and fault/* of the suite).

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "reference/svm/xe/device.h"
#include "reference/svm/xe/vm.h"

namespace faultline::svm {
namespace {

constexpr std::uint64_t kPages = 4096;
constexpr std::uint64_t kBytes = kPages * kPageSize;

class FreshMemory {
public:
    FreshMemory() {
        void* p = ::mmap(nullptr, kBytes + kSize2M, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        base_ = p;
        start_ = VirtAddr::of(p).align_up(kSize2M);
        ::madvise(p, kBytes + kSize2M, MADV_NOHUGEPAGE);
    }
    ~FreshMemory() { ::munmap(base_, kBytes + kSize2M); }
    FreshMemory(const FreshMemory&) = delete;
    FreshMemory& operator=(const FreshMemory&) = delete;

    VirtAddr page(std::uint64_t i) const { return start_ + i * kPageSize; }

private:
    void* base_;
    VirtAddr start_;
};

void report(benchmark::State& state) {
    state.counters["faults_per_second"] =
        benchmark::Counter(static_cast<double>(kPages), benchmark::Counter::kIsIterationInvariantRate);
}

void set_seconds(benchmark::State& state, std::chrono::steady_clock::time_point start) {
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

/// Runs touch(page) for every page from `threads` threads at once and times them all.
template <typename Touch>
void touch_all(benchmark::State& state, unsigned threads, const FreshMemory& memory, Touch&& touch) {
    std::vector<std::thread> workers;
    std::atomic<unsigned> ready{0};
    std::atomic<bool> go{false};
    for (unsigned t = 0; t < threads; ++t)
        workers.emplace_back([&, t] {
            ++ready;
            go.wait(false);
            for (std::uint64_t i = t; i < kPages; i += threads) touch(memory.page(i));
        });
    while (ready != threads) std::this_thread::yield();
    const auto start = std::chrono::steady_clock::now();
    go = true;
    go.notify_all();
    for (auto& worker : workers) worker.join();
    set_seconds(state, start);
}

void write_word(VirtAddr page) { *static_cast<volatile std::uint64_t*>(page.ptr()) = 1; }

void anonymous(benchmark::State& state) {
    for (auto _ : state) {
        const FreshMemory memory;
        touch_all(state, static_cast<unsigned>(state.range(0)), memory, write_word);
    }
    report(state);
}

void uffd_reader(benchmark::State& state) {
    const int uffd = static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY));
    uffdio_api api{UFFD_API, 0, 0};
    if (uffd < 0 || ::ioctl(uffd, UFFDIO_API, &api) != 0) {
        state.SkipWithError("no userfaultfd");
        return;
    }
    alignas(kPageSize) static char zeroes[kPageSize];
    std::atomic<bool> stop{false};
    std::thread reader([&] {
        uffd_msg messages[64];
        while (!stop) {
            pollfd ready{uffd, POLLIN, 0};
            if (::poll(&ready, 1, 10) <= 0) continue;
            const ssize_t bytes = ::read(uffd, messages, sizeof(messages));
            for (ssize_t i = 0; i < bytes / static_cast<ssize_t>(sizeof(uffd_msg)); ++i) {
                uffdio_copy copy{messages[i].arg.pagefault.address & ~(kPageSize - 1),
                                 reinterpret_cast<std::uint64_t>(zeroes), kPageSize, 0, 0};
                ::ioctl(uffd, UFFDIO_COPY, &copy);
            }
        }
    });
    for (auto _ : state) {
        const FreshMemory memory;
        uffdio_register range{{memory.page(0).value, kBytes}, UFFDIO_REGISTER_MODE_MISSING, 0};
        if (::ioctl(uffd, UFFDIO_REGISTER, &range) != 0) {
            state.SkipWithError("UFFDIO_REGISTER failed");
            break;
        }
        touch_all(state, static_cast<unsigned>(state.range(0)), memory, write_word);
    }
    stop = true;
    reader.join();
    ::close(uffd);
    report(state);
}

/// Keeps `outstanding` faults under way from one thread, as an EU's suspended work-groups do; like an EU, it looks
/// again for acks before it would sleep.
class OutstandingFaults final : public Faulter {
public:
    explicit OutstandingFaults(std::int64_t outstanding) : limit_(outstanding) {}

    void ack(const Pagefault&, int err) override {
        if (err != 0) failed_.store(err, std::memory_order_relaxed);
        acked_.fetch_add(1, std::memory_order_release);
    }
    void fault(Vm& vm, VirtAddr page) {
        wait_until_under(limit_);
        Pagefault fault;
        fault.page_addr = page;
        fault.asid = vm.asid();
        fault.faulter = this;
        vm.device().pagefault_handler(fault);
        ++posted_;
    }
    int finish() {
        wait_until_under(1);
        return failed_.load(std::memory_order_relaxed);
    }

private:
    void wait_until_under(std::int64_t count) const {
        while (posted_ - acked_.load(std::memory_order_acquire) >= count) sched_yield();
    }

    const std::int64_t limit_;
    std::int64_t posted_ = 0;
    std::atomic<std::int64_t> acked_{0};
    std::atomic<int> failed_{0};
};

void core(benchmark::State& state, const char* policy, bool cpu_touched) {
    SystemClock clock;
    InlineCopyEngine engine;
    NoTlb tlb;
    int err = 0;
    ArenaPtr<Mm> mm = Mm::create({}, &err);
    if (mm == nullptr) mm = Mm::create({.user_mode_only = true}, &err);
    if (mm == nullptr) {
        state.SkipWithError("no userfaultfd");
        return;
    }
    DeviceConfig config;
    config.mm = mm.get();
    config.clock = &clock;
    config.tiles[0] = {&engine, &tlb, {64ull << 20}};
    config.policy = *parse_policy(policy);
    const ArenaPtr<Device> device = Device::create(config, &err);
    Vm* vm = Vm::create(*device, &err);
    err = vm->bind_cpu_addr_mirror({{kSize64K}, {1ull << 47}});
    OutstandingFaults faults(state.range(0));
    const std::uint64_t before = device->root_tile().gt_stats().get(GtStat::kSvmPagefaultCount);
    for (auto _ : state) {
        const FreshMemory memory;
        if (cpu_touched)
            for (std::uint64_t i = 0; i < kPages; ++i) write_word(memory.page(i));
        const auto start = std::chrono::steady_clock::now();
        for (std::uint64_t i = 0; i < kPages; ++i) faults.fault(*vm, memory.page(i));
        err = faults.finish();
        set_seconds(state, start);
        if (err != 0) {
            state.SkipWithError("a fault failed");
            break;
        }
    }
    const std::uint64_t served = device->root_tile().gt_stats().get(GtStat::kSvmPagefaultCount) - before;
    if (err == 0 && served != static_cast<std::uint64_t>(state.iterations()) * kPages)
        state.SkipWithError("the counter says another number of faults");
    report(state);
    vm->close();
    vm->put();
}

void core_untouched(benchmark::State& state) { core(state, "xe-7.0,chunks=4K,migrate=off", false); }
void core_cpu_touched(benchmark::State& state) { core(state, "xe-7.0,chunks=4K,migrate=off", true); }

BENCHMARK(core_untouched)
    ->Name("service/core/untouched")
    ->ArgName("outstanding")
    ->Arg(1)
    ->Arg(4)
    ->Arg(64)
    ->UseManualTime();
BENCHMARK(core_cpu_touched)
    ->Name("service/core/cpu_touched")
    ->ArgName("outstanding")
    ->Arg(1)
    ->Arg(4)
    ->Arg(64)
    ->UseManualTime();
BENCHMARK(uffd_reader)->Name("service/uffd_reader")->ArgName("threads")->Arg(1)->Arg(4)->Arg(64)->UseManualTime();
BENCHMARK(anonymous)->Name("service/anonymous")->ArgName("threads")->Arg(1)->Arg(4)->Arg(64)->UseManualTime();

}  // namespace
}  // namespace faultline::svm
