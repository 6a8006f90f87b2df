// Atomic faults: device memory alone, three tries, a timeslice that doubles; on a clock that only tests move.

#include <gtest/gtest.h>

#include <thread>

#include "tests/reference/svm/mapping.h"
#include "tests/reference/svm/soft_eu.h"

namespace faultline::svm::test {
namespace {

using std::chrono::milliseconds;

class Atomics : public SvmFixture {
protected:
    void start_on_fake_clock(const char* policy = "xe-7.0") { start(policy, Bytes{64ull << 20}, {.fake_clock = true}); }
    /// True while a CPU that touches the memory is held off by the timeslice.
    bool cpu_is_held_off(const Mapping& memory) {
        std::atomic<bool> arrived{false};
        std::thread cpu([&] {
            static_cast<void>(static_cast<volatile std::uint64_t*>(memory.words())[0]);
            arrived = true;
        });
        const std::uint64_t before = mm->counters().cpu_faults;
        // Held off, it faults over and over; let in, it arrives.
        while (!arrived && mm->counters().cpu_faults < before + 5) std::this_thread::yield();
        const bool held = !arrived;
        if (held) fake_clock.advance(milliseconds(10000));
        cpu.join();
        return held;
    }
};

TEST_F(Atomics, KeepThePageForTheTimeslice) {
    start_on_fake_clock();
    Mapping memory(kSize2M);
    memory.fill();
    SoftEu eu(*vm, tlb);
    eu.add(memory.words(), 1);
    fake_clock.advance(milliseconds(4));
    EXPECT_TRUE(cpu_is_held_off(memory));
    EXPECT_EQ(nullptr, mm->residency(memory.start()));
    eu.add(memory.words(), 1);
    fake_clock.advance(milliseconds(5));
    EXPECT_FALSE(cpu_is_held_off(memory));
}

TEST_F(Atomics, TheTimesliceIsThePolicys) {
    start_on_fake_clock("xe-7.0,timeslice=20");
    Mapping memory(kSize2M);
    SoftEu eu(*vm, tlb);
    eu.add(memory.words(), 1);
    fake_clock.advance(milliseconds(19));
    EXPECT_TRUE(cpu_is_held_off(memory));
}

TEST_F(Atomics, OrdinaryFaultsLetTheCpuIn) {
    start_on_fake_clock();
    Mapping memory(kSize2M);
    SoftEu eu(*vm, tlb);
    eu.write(memory.words(), 1);
    ASSERT_EQ(pagemap(), mm->residency(memory.start()));
    EXPECT_FALSE(cpu_is_held_off(memory));
}

// Each failed try doubles it: after two the page stays 4 x 5 ms.
TEST_F(Atomics, EachTryDoublesTheTimeslice) {
    start_on_fake_clock();
    Mapping memory(kSize2M);
    memory.fill();
    // An engine that fails once for each of the first two tries; get_pages between them finds system pages, which an
    // atomic may not have, and that doubles it too.
    engine.fail_next = 2;
    SoftEu eu(*vm, tlb);
    eu.add(memory.words(), 1);
    EXPECT_EQ(3u, stat(GtStat::kSvm2MMigrateCount));
    EXPECT_EQ(3u, stat(GtStat::kSvm2MPagefaultCount)) << "counted again on every retry";
    EXPECT_EQ(1u, stat(GtStat::kSvmPagefaultCount));
    fake_clock.advance(milliseconds(5 * 16 - 1));
    EXPECT_TRUE(cpu_is_held_off(memory));
}

TEST_F(Atomics, GiveUpAfterTheLastTry) {
    start_on_fake_clock();
    Mapping memory(kSize2M);
    memory.fill();
    engine.copies_left = 0;
    SoftEu eu(*vm, tlb);
    EXPECT_EQ(-EIO, eu.fault(memory.start(), Access::kAtomic));
    EXPECT_EQ(3u, stat(GtStat::kSvm2MMigrateCount));
    engine.copies_left = -1;
    EXPECT_EQ(Mapping::value(0), memory.words()[0]);
}

TEST_F(Atomics, TriesAreThePolicys) {
    start_on_fake_clock("xe-7.0,atomic-tries=1");
    Mapping memory(kSize2M);
    engine.copies_left = 0;
    SoftEu eu(*vm, tlb);
    EXPECT_EQ(-EIO, eu.fault(memory.start(), Access::kAtomic));
    EXPECT_EQ(1u, stat(GtStat::kSvm2MMigrateCount));
    engine.copies_left = -1;
}

// An ordinary fault tries to migrate once, and then maps the pages where they are.
TEST_F(Atomics, OrdinaryFaultsDoWithoutMigration) {
    start_on_fake_clock();
    Mapping memory(kSize2M);
    memory.fill();
    engine.copies_left = 0;
    SoftEu eu(*vm, tlb);
    EXPECT_EQ(Mapping::value(0), eu.read(memory.words()));
    EXPECT_EQ(nullptr, mm->residency(memory.start()));
    EXPECT_EQ(1u, stat(GtStat::kSvm2MMigrateCount));
    EXPECT_EQ(2u, stat(GtStat::kSvm2MPagefaultCount));
    engine.copies_left = -1;
}

}  // namespace
}  // namespace faultline::svm::test
