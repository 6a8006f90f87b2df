// Faults of kernels: many suspended at once, bad addresses, and pages that the CPU takes away under a running kernel.
#include <gmock/gmock.h>
#include <sys/mman.h>

#include <atomic>
#include <random>
#include <thread>

#include "kernels/gpu_test_basic.h"
#include "kernels/gpu_test_local.h"
#include "tests/reference/gpu/gpu_fixture.h"

namespace faultline::gpu::test {
namespace {

class FaultTest : public GpuTest {
protected:
    void begin(const std::string& policy = "xe-7.0", unsigned eus = 3, unsigned threads = 8) {
        start(policy, eus, threads);
        load(kernel_gpu_test_basic());
    }
    /// An address that nothing is mapped at.
    static std::uint64_t* hole() {
        void* p = mmap(nullptr, 4 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        munmap(p, 4 << 20);
        return static_cast<std::uint64_t*>(p) + (2 << 20) / 8;
    }
};

TEST_F(FaultTest, EveryWorkGroupFaultsOnItsOwnPage) {
    begin("xe-7.0,chunks=4K");
    constexpr std::uint32_t pages = 4000;
    constexpr std::uint64_t words = svm::kPageSize / 8;
    Pages<std::uint64_t> memory(pages * words);
    for (std::uint64_t p = 0; p < pages; ++p) memory[p * words + 1] = p;  // touched by the CPU before
    ASSERT_EQ(0, run("write_value", {pages}, {1}, memory.data(), words, std::uint64_t{42}).err);
    for (std::uint64_t p = 0; p < pages; ++p) {
        ASSERT_EQ(42u, memory[p * words]) << "page " << p;
        ASSERT_EQ(p, memory[p * words + 1]) << "page " << p;
    }
    EXPECT_EQ(pages, gpu->counters().faults);
    EXPECT_EQ(pages, gpu->counters().work_groups);
    // A warm run faults no more.
    ASSERT_EQ(0, run("write_value", {pages}, {1}, memory.data(), words, std::uint64_t{43}).err);
    EXPECT_EQ(pages, gpu->counters().faults);
    EXPECT_EQ(43u, memory[0]);
}

TEST_F(FaultTest, ManyWorkGroupsFaultOnOnePage) {
    begin("xe-7.0", 3, 16);
    Pages<std::int32_t> counter(4);
    ASSERT_EQ(0, run("legacy_atomics", {500}, {4}, counter.data()).err);
    EXPECT_EQ(2000, counter[0]);
}

TEST_F(FaultTest, WorkItemsBehindBarriersFault) {
    begin("xe-7.0,chunks=4K");
    load(kernel_gpu_test_local());
    constexpr std::uint32_t groups = 200, size = 64;
    Pages<std::uint32_t> in(groups * 1024), out(groups);
    // One group a page: the first access of each is a fault, inside a work-item's own stack.
    for (std::uint32_t i = 0; i < groups * size; ++i) in[i] = 1;
    ASSERT_EQ(0, run("reduce", {groups}, {size}, in.data(), out.data()).err);
    for (std::uint32_t g = 0; g < groups; ++g) ASSERT_EQ(size, out[g]);
}

TEST_F(FaultTest, UnmappedReadFailsTheDispatchAndNothingElse) {
    begin();
    std::uint64_t* bad = hole();
    Pages<std::uint64_t> out(1000);
    DispatchResult r = run("read_at", {1000}, {1}, bad, out.data());
    EXPECT_NE(0, r.err);
    EXPECT_EQ(reinterpret_cast<std::uint64_t>(bad), r.fault_addr.value);
    EXPECT_EQ(svm::Access::kRead, r.fault_access);
    // The Gpu and the VM go on.
    EXPECT_EQ(0, run("write_value", {10}, {10}, out.data(), std::uint64_t{1}, std::uint64_t{5}).err);
    EXPECT_EQ(5u, out[99]);
}

TEST_F(FaultTest, UnmappedWriteTellsItsKind) {
    begin();
    std::uint64_t* bad = hole();
    DispatchResult r = run("write_value", {64}, {1}, bad + 3, std::uint64_t{0}, std::uint64_t{1});
    EXPECT_NE(0, r.err);
    EXPECT_EQ(svm::Access::kWrite, r.fault_access);
    EXPECT_EQ(reinterpret_cast<std::uint64_t>(bad), r.fault_addr.value) << "of the page";
}

TEST_F(FaultTest, WildPointersFail) {
    begin();
    Pages<std::uint64_t> out(16);
    const std::uint64_t wilds[] = {0, 0x18, 1ull << 47, 1ull << 63, ~7ull};
    for (std::uint64_t wild : wilds) {
        EXPECT_NE(0, run("read_at", {4}, {1}, reinterpret_cast<std::uint64_t*>(wild), out.data()).err)
            << std::hex << wild;
    }
}

TEST_F(FaultTest, WriteToReadOnlyMemoryFails) {
    begin();
    Pages<std::uint64_t> memory(512);
    memory[0] = 9;
    ASSERT_EQ(0, mprotect(memory.data(), memory.bytes(), PROT_READ));
    DispatchResult r = run("write_value", {1}, {1}, memory.data(), std::uint64_t{1}, std::uint64_t{1});
    EXPECT_NE(0, r.err);
    EXPECT_EQ(9u, memory[0]);
}

TEST_F(FaultTest, FailureWhileOtherWorkGroupsWait) {
    begin("xe-7.0,chunks=4K", 3, 8);
    constexpr std::uint32_t pages = 512;
    constexpr std::uint64_t words = svm::kPageSize / 8;
    auto* memory = static_cast<std::uint64_t*>(
        mmap(nullptr, 2 * pages * svm::kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    // Half of what the kernel touches is not there.
    munmap(memory + pages * words, pages * svm::kPageSize);
    for (int round = 0; round < 5; ++round) {
        DispatchResult r = run("write_value", {2 * pages}, {1}, memory, words, std::uint64_t{1});
        EXPECT_NE(0, r.err);
        EXPECT_GE(r.fault_addr.value, reinterpret_cast<std::uint64_t>(memory + pages * words));
        EXPECT_EQ(0, run("write_value", {pages}, {1}, memory, words, std::uint64_t{2}).err);
    }
    munmap(memory, pages * svm::kPageSize);
}

TEST_F(FaultTest, TwoAddressSpacesOnTheSameEus) {
    begin();
    svm::Vm* other = new_vm();
    constexpr std::uint32_t n = 1 << 16;
    Pages<std::uint64_t> a(n), b(n);
    std::thread second([&] {
        for (int i = 1; i <= 10; ++i) {
            EXPECT_EQ(0,
                      run_on(other, "write_value", {n / 64}, {64}, b.data(), std::uint64_t{1}, std::uint64_t(i)).err);
        }
    });
    for (int i = 1; i <= 10; ++i) {
        EXPECT_EQ(0, run("write_value", {n / 64}, {64}, a.data(), std::uint64_t{1}, std::uint64_t(100 + i)).err);
    }
    second.join();
    for (std::uint32_t i = 0; i < n; ++i) {
        ASSERT_EQ(110u, a[i]);
        ASSERT_EQ(10u, b[i]);
    }
    other->close();
    other->put();
}

TEST_F(FaultTest, CpuUnmapsUnderARunningKernel) {
    begin();
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    constexpr std::uint32_t n = 1 << 20;
    int lost = 0;
    for (int round = 0; round < 20; ++round) {
        std::size_t bytes = n * sizeof(float);
        auto* memory =
            static_cast<float*>(mmap(nullptr, 3 * bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        std::thread cpu([&, delay = random() % 3000] {
            std::this_thread::sleep_for(std::chrono::microseconds(delay));
            munmap(memory + n, bytes);
        });
        DispatchResult r = run("vadd", {n / 1024}, {1024}, memory, memory + n, memory + 2 * n, n);
        cpu.join();
        if (r.err != 0) {
            ++lost;
            EXPECT_GE(r.fault_addr.value, reinterpret_cast<std::uint64_t>(memory + n));
            EXPECT_LT(r.fault_addr.value, reinterpret_cast<std::uint64_t>(memory + 2 * n));
        }
        munmap(memory, bytes);
        munmap(memory + 2 * n, bytes);
    }
    EXPECT_GT(lost, 0) << "no round met the unmap";
}

// mprotect is no event that the core can see: the translation stands, and the CPU refuses the access itself.
TEST_F(FaultTest, CpuRefusesAnAccessThatTheGpuMaps) {
    begin("xe-7.0,migrate=off");
    Pages<std::uint64_t> memory(512);
    Pages<std::uint64_t> out(4);
    memory[0] = 3;
    ASSERT_EQ(0, run("read_at", {1}, {1}, memory.data(), out.data()).err);
    ASSERT_EQ(3u, out[0]);
    ASSERT_EQ(0, mprotect(memory.data(), memory.bytes(), PROT_NONE));
    DispatchResult r = run("read_at", {8}, {1}, memory.data(), out.data());
    EXPECT_NE(0, r.err);
    EXPECT_EQ(reinterpret_cast<std::uint64_t>(memory.data()), r.fault_addr.value);
    EXPECT_GT(gpu->counters().signals, 0u);
    ASSERT_EQ(0, mprotect(memory.data(), memory.bytes(), PROT_READ | PROT_WRITE));
    EXPECT_EQ(0, run("read_at", {1}, {1}, memory.data(), out.data()).err);
}

TEST_F(FaultTest, OtherCrashesOfTheProcessStayCrashes) {
    begin();
    EXPECT_DEATH(*reinterpret_cast<volatile int*>(8) = 1, "");
}

TEST_F(FaultTest, ASpinningKernelDoesNotHoldUpAnUnmap) {
    begin();
    Pages<std::uint64_t> out(64);
    Pages<std::uint64_t> other(512);
    ASSERT_EQ(0, run("write_value", {1}, {1}, other.data(), std::uint64_t{1}, std::uint64_t{1}).err);
    // How many invalidations end while the kernel runs. One that waited for the kernel's end would be the last, so the
    // longest of kernels would see a few; however busy the machine is, one of them is long enough for a hundred.
    const auto rounds_beside = [&](std::uint64_t spins) {
        std::atomic<bool> done{false};
        std::thread spinner([&] {
            EXPECT_EQ(0, run("spin", {8}, {1}, spins, out.data()).err);
            done = true;
        });
        int rounds = 0;
        for (; !done; ++rounds) {
            svm::TlbInvalidator& tlb = gpu->core().root_tile().tlb();
            tlb.wait(tlb.send(vm->asid(), {svm::VirtAddr::of(other.data()), svm::VirtAddr::of(other.data()) + 4096}));
        }
        spinner.join();
        return rounds;
    };
    int most = 0;
    for (std::uint64_t spins = 100'000'000; most <= 100 && spins <= 10'000'000'000; spins *= 10)
        most = std::max(most, rounds_beside(spins));
    EXPECT_GT(most, 100) << "invalidations waited for the kernel's end";
}

TEST_F(FaultTest, PagesPingPongBetweenCpuAndGpu) {
    begin();
    constexpr std::uint32_t n = (4 << 20) / 8;
    Pages<std::uint64_t> memory(n);
    for (std::uint64_t round = 1; round <= 20; ++round) {
        ASSERT_EQ(0, run("write_value", {n / 256}, {256}, memory.data(), std::uint64_t{1}, round).err);
        for (std::uint32_t i = 0; i < n; ++i) ASSERT_EQ(round, memory[i]);
    }
}

}  // namespace
}  // namespace faultline::gpu::test
