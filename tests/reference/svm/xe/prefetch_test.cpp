// Prefetch: ranges of an interval are made, moved and bound before anybody faults on them.

#include <gtest/gtest.h>

#include <string>

#include "tests/reference/svm/mapping.h"
#include "tests/reference/svm/soft_eu.h"

namespace faultline::svm::test {
namespace {

constexpr PrefetchRegion kSystem{.where = PrefetchRegion::Where::kSystem};
constexpr PrefetchRegion kTile0{.where = PrefetchRegion::Where::kTile, .tile = 0};
constexpr PrefetchRegion kTile1{.where = PrefetchRegion::Where::kTile, .tile = 1};
constexpr PrefetchRegion kAdvised{.where = PrefetchRegion::Where::kConsultMemAdvisePrefLoc};

/// Over the three ways to run it.
class Prefetch : public SvmFixture, public ::testing::WithParamInterface<const char*> {
protected:
    std::string policy(const char* more = "") const { return std::string("xe-7.0,prefetch=") + GetParam() + more; }
};

INSTANTIATE_TEST_SUITE_P(, Prefetch, ::testing::Values("write-lock", "read-lock", "threaded"), [](const auto& test) {
    std::string name = test.param;
    std::erase(name, '-');
    return name;
});

TEST_P(Prefetch, MovesAndBindsSoThatNothingFaults) {
    start(policy().c_str());
    Mapping memory(8 * kSize2M + kSize64K);
    memory.fill();
    ASSERT_EQ(0, vm->prefetch(memory.interval(), kAdvised));
    EXPECT_EQ(9u, vm->range_count());
    EXPECT_EQ(MmScan::kEqual, mm->scan(memory.interval(), pagemap()));
    SoftEu eu(*vm, tlb);
    for (std::uint64_t i = 0; i < memory.word_count(); i += 1000)
        ASSERT_EQ(Mapping::value(i), eu.read(memory.words() + i));
    EXPECT_EQ(0u, stat(GtStat::kSvmPagefaultCount));
    EXPECT_EQ(8u, stat(GtStat::kSvm2MMigrateCount));
    EXPECT_EQ(1u, stat(GtStat::kSvm64KMigrateCount));
    ASSERT_EQ(0, vm->prefetch(memory.interval(), kAdvised));
    EXPECT_EQ(8u, stat(GtStat::kSvm2MMigrateCount)) << "what is valid already is left alone";
    vm->check();
}

TEST_P(Prefetch, ToSystemBringsBackAndBinds) {
    start(policy().c_str());
    Mapping memory(4 * kSize2M);
    memory.fill();
    SoftEu eu(*vm, tlb);
    eu.write(memory.words() + 9, 99);
    ASSERT_EQ(0, vm->prefetch(memory.interval(), kSystem));
    EXPECT_EQ(MmScan::kSystem, mm->scan(memory.interval(), pagemap()));
    const std::uint64_t faults = stat(GtStat::kSvmPagefaultCount);
    EXPECT_EQ(99u, eu.read(memory.words() + 9));
    EXPECT_EQ(Mapping::value(kSize2M / 8), eu.read(memory.words() + kSize2M / 8));
    EXPECT_EQ(faults, stat(GtStat::kSvmPagefaultCount));
    EXPECT_EQ(99u, memory.words()[9]);
}

TEST_P(Prefetch, HolesInTheAddressSpaceAreSkipped) {
    start(policy().c_str());
    Mapping memory(4 * kSize2M);
    memory.fill();
    ::munmap((memory.start() + kSize2M).ptr(), 2 * kSize2M);
    ASSERT_EQ(0, vm->prefetch(memory.interval(), kTile0));
    EXPECT_EQ(2u, vm->range_count());
    EXPECT_EQ(pagemap(), mm->residency(memory.start()));
    EXPECT_EQ(pagemap(), mm->residency(memory.start() + 3 * kSize2M));
}

TEST_P(Prefetch, EveryTileIsBound) {
    start(policy().c_str(), Bytes{64ull << 20}, {.tiles = 2});
    Mapping memory(kSize2M);
    memory.fill();
    ASSERT_EQ(0, vm->prefetch(memory.interval(), kTile1));
    EXPECT_EQ(pagemap(0, 1), mm->residency(memory.start()));
    EXPECT_TRUE(vm->page_table(0).walk(memory.start()).present);
    EXPECT_TRUE(vm->page_table(1).walk(memory.start()).present);
    EXPECT_EQ(-EINVAL, vm->prefetch(memory.interval(), {.where = PrefetchRegion::Where::kTile, .tile = 2}));
    EXPECT_EQ(-EINVAL, vm->prefetch({memory.start(), memory.start()}, kTile0));
}

TEST_P(Prefetch, FollowsAdvice) {
    start(policy().c_str());
    Mapping memory(2 * kSize2M);
    memory.fill();
    const Interval first{memory.start(), memory.start() + kSize2M};
    ASSERT_EQ(0, vm->madvise(first, PreferredLocation{.where = PreferredLocation::Where::kSystem}));
    ASSERT_EQ(0, vm->prefetch(memory.interval(), kAdvised));
    EXPECT_EQ(nullptr, mm->residency(memory.start()));
    EXPECT_EQ(pagemap(), mm->residency(memory.start() + kSize2M));
}

// As the ioctl: data that cannot be moved ends the operation (-ENODATA) and is no error.
TEST_P(Prefetch, DataThatCannotMoveIsNoError) {
    start(policy().c_str());
    Mapping memory(2 * kSize2M);
    memory.fill();
    engine.copies_left = 0;
    EXPECT_EQ(0, vm->prefetch(memory.interval(), kTile0));
    engine.copies_left = -1;
    EXPECT_EQ(nullptr, mm->residency(memory.start()));
    EXPECT_FALSE(vm->page_table().any(memory.interval())) << "nor is anything bound";
    for (std::uint64_t i = 0; i < memory.word_count(); i += 99) ASSERT_EQ(Mapping::value(i), memory.words()[i]);
}

TEST_P(Prefetch, AClosedVmRefuses) {
    start(policy().c_str());
    Vm* other = new_vm();
    other->close();
    EXPECT_EQ(-ENOENT, other->prefetch({{1ull << 30}, {2ull << 30}}, kTile0));
    other->put();
}

/// An engine that counts how many of its copies run at once, and gives each the time to meet another: a little, and
/// more than enough where they have to meet.
class MeetingEngine final : public CopyEngine {
public:
    explicit MeetingEngine(bool must_meet) : waits_(must_meet ? 1'000'000 : 2000) {}

    int copy(std::span<const CopyJob> jobs) override {
        const int now = ++inside_;
        int seen = most_;
        while (now > seen && !most_.compare_exchange_weak(seen, now)) {
        }
        for (int i = 0; i < waits_ && inside_ < 2 && most_ < 2; ++i)
            std::this_thread::sleep_for(std::chrono::microseconds(10));
        const int err = inner_.copy(jobs);
        --inside_;
        return err;
    }
    int most() const { return most_; }

private:
    const int waits_;  ///< of 10 us and more each
    InlineCopyEngine inner_;
    std::atomic<int> inside_{0};
    std::atomic<int> most_{0};
};

enum class By { kFaults, kPrefetch, kBoth };

/// Of four ranges of one VM: which four threads touch, or one prefetches, or one prefetches but the last, which another
/// touches.
int most_copies_at_once(const char* policy, By by, bool must_meet = false) {
    const auto engine = make_arena<MeetingEngine>(must_meet);
    const auto tlb = make_arena<WaitingTlb>();
    const auto clock = make_arena<SystemClock>();
    int err = 0;
    ArenaPtr<Mm> mm = Mm::create({}, &err);
    if (mm == nullptr) mm = Mm::create({.user_mode_only = true}, &err);
    DeviceConfig config;
    config.mm = mm.get();
    config.clock = clock.get();
    config.tiles[0] = {engine.get(), tlb.get(), Bytes{64ull << 20}};
    config.policy = *parse_policy(policy);
    const ArenaPtr<Device> device = Device::create(config, &err);
    Vm* vm = Vm::create(*device, &err);
    EXPECT_EQ(0, vm->bind_cpu_addr_mirror({{kSize64K}, {1ull << 47}}));
    {
        Mapping memory(4 * kSize2M);
        memory.fill();
        const std::uint64_t prefetched = by == By::kFaults ? 0 : by == By::kBoth ? 3 : 4;
        std::vector<std::thread> threads;
        if (prefetched != 0)
            threads.emplace_back([&] {
                EXPECT_EQ(0, vm->prefetch({memory.start(), memory.start() + prefetched * kSize2M}, kTile0));
            });
        for (std::uint64_t i = prefetched; i < 4; ++i)
            threads.emplace_back([&, i] { SoftEu(*vm, *tlb).read(memory.words() + i * kSize2M / 8); });
        for (auto& thread : threads) thread.join();
        for (std::uint64_t i = 0; i < memory.word_count(); i += 99) EXPECT_EQ(Mapping::value(i), memory.words()[i]);
    }
    const int most = engine->most();
    vm->close();
    vm->put();
    return most;
}

TEST(PrefetchModes, OnlyThreadedMigratesRangesAtOnce) {
    EXPECT_EQ(1, most_copies_at_once("xe-7.0", By::kPrefetch));
    EXPECT_EQ(1, most_copies_at_once("xe-7.0,prefetch=read-lock", By::kPrefetch));
    EXPECT_GE(most_copies_at_once("xe-7.0,prefetch=threaded", By::kPrefetch, true), 2);
}

TEST(PrefetchModes, OnlyUnderTheReadLockDoFaultsGoOn) {
    EXPECT_EQ(1, most_copies_at_once("fine-grained,prefetch=write-lock", By::kBoth));
    EXPECT_EQ(2, most_copies_at_once("fine-grained,prefetch=read-lock", By::kBoth, true));
}

// Patch 1 of the series: one fault of a VM at a time under 7.0, one of a range at a time with fine-grained locking.
TEST(FaultLocking, DecidesHowManyFaultsOfAVmMigrateAtOnce) {
    EXPECT_EQ(1, most_copies_at_once("xe-7.0", By::kFaults));
    EXPECT_EQ(1, most_copies_at_once("xe-7.0,queue=round-robin", By::kFaults)) << "queues alone do not help";
    EXPECT_EQ(1, most_copies_at_once("xe-7.0,locking=fine-grained", By::kFaults)) << "nor does the lock alone";
    EXPECT_GE(most_copies_at_once("fine-grained", By::kFaults, true), 2);
    EXPECT_GE(most_copies_at_once("series-v4", By::kFaults, true), 2);
}

}  // namespace
}  // namespace faultline::svm::test
