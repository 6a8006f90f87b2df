// What the software GPU's hot paths cost: TLB hit and miss, launch, fault round trip, fiber switch, invalidation,
// copies.
//
// Figures per access are of one EU unless the name says otherwise; memory is warm except in `fault`.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <cstring>
#include <thread>
#include <vector>

#include "kernels/gpu_bench.h"
#include "reference/gpu/copy_engine.h"
#include "reference/gpu/fiber.h"
#include "reference/gpu/gpu.h"
#include "reference/gpu/signals.h"
#include "reference/gpu/tlb.h"

namespace faultline::gpu {
namespace {

constexpr std::uint32_t kGroupSize = 256;

/// One Gpu, its VM and its kernels, for as long as a benchmark runs.
class Rig {
public:
    Rig(unsigned eus, const char* policy) {
        int err = 0;
        mm_ = svm::Mm::create({}, &err);
        if (mm_ == nullptr) return;
        DeviceModel model;
        model.eus = eus;
        model.vram = Bytes{1ull << 30};
        auto gpu = Gpu::create(model, *svm::parse_policy(policy), *mm_);
        auto module = Module::create(kernel_gpu_bench());
        if (!gpu || !module) return;
        gpu_ = std::move(*gpu);
        module_ = std::move(*module);
        vm_ = svm::Vm::create(gpu_->core(), &err);
        if (vm_->bind_cpu_addr_mirror({{svm::kSize64K}, {1ull << 47}}) != 0) return;
        ok_ = true;
    }
    ~Rig() {
        if (vm_ != nullptr) {
            vm_->close();
            vm_->put();
        }
        module_.reset();
        gpu_.reset();
    }
    Rig(const Rig&) = delete;
    Rig& operator=(const Rig&) = delete;

    bool ok() const { return ok_; }
    Gpu& gpu() { return *gpu_; }

    template <typename... Args>
    bool run(const char* name, std::uint32_t groups, std::uint32_t size, const Args&... args) {
        const Kernel& kernel = *module_->kernel(name);
        std::vector<std::byte> block(kernel.args_size);
        std::size_t i = 0;
        (std::memcpy(block.data() + kernel.args[i++].offset, &args, sizeof(args)), ...);
        return gpu_->execute({&kernel, block.data(), {groups}, {size}, vm_}).err == 0;
    }

private:
    svm::ArenaPtr<svm::Mm> mm_;
    std::unique_ptr<Gpu> gpu_;
    std::unique_ptr<Module> module_;
    svm::Vm* vm_ = nullptr;
    bool ok_ = false;
};

class Words {
public:
    explicit Words(std::size_t bytes) : bytes_(bytes) {
        base_ = mmap(nullptr, bytes + svm::kSize2M, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        data_ = svm::VirtAddr::of(base_).align_up(svm::kSize2M).ptr<std::uint64_t>();
    }
    ~Words() { munmap(base_, bytes_ + svm::kSize2M); }
    Words(const Words&) = delete;
    Words& operator=(const Words&) = delete;
    std::uint64_t* data() const { return data_; }
    /// Back to never touched.
    void discard() const { madvise(data_, bytes_, MADV_DONTNEED); }
    void touch() const {
        for (std::size_t at = 0; at < bytes_ / 8; at += svm::kPageSize / 8) data_[at] = at;
    }

private:
    std::size_t bytes_;
    void* base_ = nullptr;
    std::uint64_t* data_ = nullptr;
};

void per_access(benchmark::State& state, double accesses) {
    state.counters["time/access"] = benchmark::Counter(accesses * static_cast<double>(state.iterations()),
                                                       benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void tlb_hit_streaming(benchmark::State& state) {
    auto eus = static_cast<unsigned>(state.range(0));
    Rig rig(eus, "xe-7.0");
    if (!rig.ok()) return state.SkipWithError("no GPU");
    constexpr std::uint32_t n = 1 << 20;
    Words a(n * 8), b(n * 8), c(n * 8);
    bool ok = rig.run("stream", n / kGroupSize, kGroupSize, a.data(), b.data(), c.data());
    for (auto _ : state) ok = ok && rig.run("stream", n / kGroupSize, kGroupSize, a.data(), b.data(), c.data());
    if (!ok) state.SkipWithError("a dispatch failed");
    per_access(state, 3.0 * n);
    state.SetBytesProcessed(state.iterations() * 3 * 8 * n);
}
BENCHMARK(tlb_hit_streaming)->Arg(1)->Arg(4)->UseRealTime()->Unit(benchmark::kMillisecond);

/// Random reads of a table within (2 MiB) and beyond (64 MiB, 512 MiB) what the TLB covers (32 MiB).
void tlb_random_read(benchmark::State& state) {
    Rig rig(1, "xe-7.0");
    if (!rig.ok()) return state.SkipWithError("no GPU");
    auto bytes = static_cast<std::uint64_t>(state.range(0)) << 20;
    constexpr std::uint32_t groups = 64, rounds = 64;
    Words table(bytes), out(groups * kGroupSize * 8);
    auto launch = [&] {
        return rig.run("random_read", groups, kGroupSize, table.data(), bytes / 8 - 1, rounds, out.data());
    };
    bool ok = launch();
    for (auto _ : state) ok = ok && launch();
    if (!ok) state.SkipWithError("a dispatch failed");
    per_access(state, static_cast<double>(groups) * kGroupSize * rounds);
}
BENCHMARK(tlb_random_read)->Arg(2)->Arg(64)->Arg(512)->UseRealTime()->Unit(benchmark::kMillisecond);

/// Every access misses: pages in turn, four times as many as entries.
void tlb_miss_walk(benchmark::State& state) {
    Rig rig(1, "xe-7.0");
    if (!rig.ok()) return state.SkipWithError("no GPU");
    constexpr std::uint64_t pages = 4 * kTlbEntries;
    constexpr std::uint32_t rounds = 16;
    Words table(pages * svm::kPageSize), out(4096);
    auto launch = [&] { return rig.run("page_stride", 1, 1, table.data(), pages, rounds, out.data()); };
    bool ok = launch();
    for (auto _ : state) ok = ok && launch();
    if (!ok) state.SkipWithError("a dispatch failed");
    per_access(state, static_cast<double>(pages) * rounds);
}
BENCHMARK(tlb_miss_walk)->UseRealTime()->Unit(benchmark::kMillisecond);

void launch(benchmark::State& state) {
    Rig rig(static_cast<unsigned>(state.range(0)), "xe-7.0");
    if (!rig.ok()) return state.SkipWithError("no GPU");
    bool ok = true;
    for (auto _ : state) ok = ok && rig.run("nothing", 1, 1, std::uint64_t{0});
    if (!ok) state.SkipWithError("a dispatch failed");
}
BENCHMARK(launch)->Arg(1)->Arg(4)->UseRealTime()->Unit(benchmark::kMicrosecond);

void work_group(benchmark::State& state) {
    Rig rig(static_cast<unsigned>(state.range(0)), "xe-7.0");
    if (!rig.ok()) return state.SkipWithError("no GPU");
    constexpr std::uint32_t groups = 100'000;
    bool ok = true;
    for (auto _ : state) ok = ok && rig.run("nothing", groups, 1, std::uint64_t{0});
    if (!ok) state.SkipWithError("a dispatch failed");
    state.SetItemsProcessed(state.iterations() * groups);
}
BENCHMARK(work_group)->Arg(1)->Arg(4)->UseRealTime()->Unit(benchmark::kMillisecond);

/// Faults on CPU-touched memory that stays where it is, one a 4 KiB page, from all EUs.
void fault(benchmark::State& state) {
    Rig rig(static_cast<unsigned>(state.range(0)), "xe-7.0,chunks=4K,migrate=off");
    if (!rig.ok()) return state.SkipWithError("no GPU");
    constexpr std::uint32_t pages = 8192;
    std::uint64_t faults = 0;
    bool ok = true;
    for (auto _ : state) {
        state.PauseTiming();
        {
            Words memory(pages * svm::kPageSize);
            memory.touch();
            std::uint64_t before = rig.gpu().counters().faults;
            state.ResumeTiming();
            ok = ok && rig.run("touch", pages, 1, memory.data(), svm::kPageSize / 8);
            state.PauseTiming();
            faults += rig.gpu().counters().faults - before;
        }
        state.ResumeTiming();
    }
    if (!ok) state.SkipWithError("a dispatch failed");
    state.SetItemsProcessed(static_cast<std::int64_t>(faults));
}
BENCHMARK(fault)->Arg(1)->Arg(2)->Arg(4)->UseRealTime()->Unit(benchmark::kMillisecond);

void fiber_switch(benchmark::State& state) {
    StackPool pool;
    Stack stack = pool.get();
    Context there = stack.context([](Transfer from) {
        for (;;) from = jump_fcontext(from.fctx, nullptr);
    });
    for (auto _ : state) there = jump_fcontext(there, nullptr).fctx;
    pool.put(stack);
}
BENCHMARK(fiber_switch);

/// An invalidation while one EU makes accesses all the time (or none does).
void invalidate(benchmark::State& state) {
    Rig rig(4, "xe-7.0");
    if (!rig.ok()) return state.SkipWithError("no GPU");
    constexpr std::uint32_t groups = 64;
    Words table(2 << 20), out(groups * kGroupSize * 8);
    std::atomic<bool> stop{state.range(0) == 0};
    std::thread kernels([&] {
        while (!stop)
            rig.run("random_read", groups, kGroupSize, table.data(), std::uint64_t{(2 << 20) / 8 - 1}, 64u, out.data());
    });
    svm::Interval page{svm::VirtAddr::of(table.data()), svm::VirtAddr::of(table.data()) + svm::kPageSize};
    svm::TlbInvalidator& tlb = rig.gpu().core().root_tile().tlb();
    for (auto _ : state) tlb.wait(tlb.send(1, page));
    stop = true;
    kernels.join();
}
BENCHMARK(invalidate)->ArgName("busy")->Arg(0)->Arg(1)->UseRealTime();

void copy_engine(benchmark::State& state) {
    install_signal_handler();
    CopyEngines engines;
    if (engines.start(static_cast<unsigned>(state.range(1))) != 0) return state.SkipWithError("no engines");
    auto size = static_cast<std::uint64_t>(state.range(0));
    Words src(size), dst(size);
    src.touch();
    dst.touch();
    svm::CopyJob job{dst.data(), src.data(), Bytes{size}};
    for (auto _ : state) benchmark::DoNotOptimize(engines.copy({&job, 1}));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}
BENCHMARK(copy_engine)
    ->ArgNames({"bytes", "engines"})
    ->ArgsProduct({{4096, 64 << 10, 2 << 20, 64 << 20}, {1, 2}})
    ->UseRealTime();

void plain_memcpy(benchmark::State& state) {
    auto size = static_cast<std::uint64_t>(state.range(0));
    Words src(size), dst(size);
    src.touch();
    dst.touch();
    for (auto _ : state) {
        std::memcpy(dst.data(), src.data(), size);
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}
BENCHMARK(plain_memcpy)->ArgName("bytes")->Arg(4096)->Arg(64 << 10)->Arg(2 << 20)->Arg(64 << 20)->UseRealTime();

}  // namespace
}  // namespace faultline::gpu

BENCHMARK_MAIN();
