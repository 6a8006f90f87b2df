// What does moving 2 MiB between system memory and VRAM cost beside the copy itself?
//
// Each iteration moves 16 chunks of 2 MiB, one after the other, in one thread; the copy is the calling thread's memcpy
// (InlineCopyEngine), so that memcpy of the same size and temperature is the bound.
//  - copy/memcpy: 16 x 2 MiB from memory just written to VRAM-like memory that is reused.
//  - migrate/to_device/fresh: memory just mapped and written. Includes freeing the system pages.
//  - migrate/to_device/again: memory that came back from the device. migrate/to_system: that way back.
// `huge`: MADV_HUGEPAGE, one page of 2 MiB; `small`: 512 of 4 KiB. Held constant: no GPU maps the memory, one thread.
// What it cannot tell: what invalidation adds when a GPU uses the memory.

#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <chrono>
#include <cstring>

#include "reference/svm/core/arena.h"
#include "reference/svm/mm/mm.h"
#include "reference/svm/xe/device.h"

namespace faultline::svm {
namespace {

constexpr std::uint64_t kChunks = 16;
constexpr std::uint64_t kBytes = kChunks * kSize2M;

/// 32 MiB of memory, every word written.
class WrittenMemory {
public:
    explicit WrittenMemory(bool huge) {
        base_ = ::mmap(nullptr, kBytes + kSize2M, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        start_ = VirtAddr::of(base_).align_up(kSize2M);
        ::madvise(start_.ptr(), kBytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
        std::memset(start_.ptr(), 1, kBytes);
    }
    ~WrittenMemory() { ::munmap(base_, kBytes + kSize2M); }
    WrittenMemory(const WrittenMemory&) = delete;
    WrittenMemory& operator=(const WrittenMemory&) = delete;

    Interval chunk(std::uint64_t i) const { return {start_ + i * kSize2M, start_ + (i + 1) * kSize2M}; }
    Interval all() const { return {start_, start_ + kBytes}; }

private:
    void* base_;
    VirtAddr start_;
};

/// An Mm and one device; `error` says why there is none.
struct Machine {
    Machine() {
        int err = 0;
        mm = Mm::create({}, &err);
        if (mm == nullptr) mm = Mm::create({.user_mode_only = true}, &err);
        if (mm == nullptr) return;
        DeviceConfig config;
        config.mm = mm.get();
        config.clock = &clock;
        config.tiles[0] = {&engine, &tlb, {4 * kBytes}};
        device = Device::create(config, &err);
        if (device != nullptr) pagemap = &device->root_tile().pagemap();
    }
    int to_device(const WrittenMemory& memory) {
        for (std::uint64_t i = 0; i < kChunks; ++i)
            if (const int err = pagemap->populate_mm(memory.chunk(i), {}); err != 0) return err;
        return 0;
    }

    InlineCopyEngine engine;
    SystemClock clock;
    NoTlb tlb;
    ArenaPtr<Mm> mm;
    ArenaPtr<Device> device;
    Pagemap* pagemap = nullptr;
};

template <typename F>
void timed(benchmark::State& state, F&& f) {
    const auto start = std::chrono::steady_clock::now();
    const int err = f();
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    if (err != 0) state.SkipWithError("a migration failed");
}

void copy(benchmark::State& state, bool huge) {
    void* vram = arena_map({kBytes});
    ::madvise(vram, kBytes, MADV_HUGEPAGE);
    std::memset(vram, 0, kBytes);
    for (auto _ : state) {
        const WrittenMemory memory(huge);
        timed(state, [&] {
            for (std::uint64_t i = 0; i < kChunks; ++i)
                std::memcpy(static_cast<char*>(vram) + i * kSize2M, memory.chunk(i).start.ptr(), kSize2M);
            return 0;
        });
    }
    arena_unmap(vram, {kBytes});
    state.SetBytesProcessed(static_cast<std::int64_t>(kBytes) * state.iterations());
}

enum class Transfer { kFresh, kAgain, kBack };

void migrate(benchmark::State& state, bool huge, Transfer transfer) {
    Machine machine;
    if (machine.pagemap == nullptr) {
        state.SkipWithError("no userfaultfd, or no memory");
        return;
    }
    for (auto _ : state) {
        const WrittenMemory memory(huge);
        if (transfer != Transfer::kFresh) {
            machine.to_device(memory);
            if (transfer == Transfer::kAgain) machine.mm->evict(memory.all());
        }
        timed(state, [&] {
            return transfer == Transfer::kBack ? machine.mm->evict(memory.all()) : machine.to_device(memory);
        });
        const Pagemap* wanted = transfer == Transfer::kBack ? nullptr : machine.pagemap;
        if (machine.mm->residency(memory.chunk(kChunks - 1).start) != wanted)
            state.SkipWithError("the memory is not where it was sent");
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(kBytes) * state.iterations());
}

void copy_small(benchmark::State& state) { copy(state, false); }
void copy_huge(benchmark::State& state) { copy(state, true); }
void fresh_small(benchmark::State& state) { migrate(state, false, Transfer::kFresh); }
void fresh_huge(benchmark::State& state) { migrate(state, true, Transfer::kFresh); }
void again_small(benchmark::State& state) { migrate(state, false, Transfer::kAgain); }
void again_huge(benchmark::State& state) { migrate(state, true, Transfer::kAgain); }
void back_small(benchmark::State& state) { migrate(state, false, Transfer::kBack); }
void back_huge(benchmark::State& state) { migrate(state, true, Transfer::kBack); }

BENCHMARK(copy_small)->Name("copy/memcpy/small")->UseManualTime();
BENCHMARK(copy_huge)->Name("copy/memcpy/huge")->UseManualTime();
BENCHMARK(fresh_small)->Name("migrate/to_device/fresh/small")->UseManualTime();
BENCHMARK(fresh_huge)->Name("migrate/to_device/fresh/huge")->UseManualTime();
BENCHMARK(again_small)->Name("migrate/to_device/again/small")->UseManualTime();
BENCHMARK(again_huge)->Name("migrate/to_device/again/huge")->UseManualTime();
BENCHMARK(back_small)->Name("migrate/to_system/small")->UseManualTime();
BENCHMARK(back_huge)->Name("migrate/to_system/huge")->UseManualTime();

}  // namespace
}  // namespace faultline::svm
