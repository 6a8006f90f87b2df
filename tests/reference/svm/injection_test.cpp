// Whatever fails, at whatever call: no page is lost, no VRAM, the error is the kernel's, and the next try works.
//
// A scenario runs again and again with the failure one call later each time, until it runs through without meeting it.

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <thread>

#include "reference/svm/core/fault_injection.h"
#include "tests/reference/svm/mapping.h"
#include "tests/reference/svm/soft_eu.h"

namespace faultline::svm::test {
namespace {

struct Case {
    const char* name;
    FailPoint point;
    FailTimes times;
    bool allow_move;
};

class Injection : public SvmFixture, public ::testing::WithParamInterface<Case> {
protected:
    void SetUp() override {
        // 6 MiB of VRAM for 8 MiB of data: making room is part of each scenario.
        start("xe-7.0", Bytes{6ull << 20}, {.devices = 2, .allow_move = GetParam().allow_move});
    }
    void TearDown() override {
        fail_never(GetParam().point);
        SvmFixture::TearDown();
    }

    /// Runs `scenario` with the failure at call 0, 1, 2, ... It is given memory that holds data, and returns its error.
    /// The memory may be anywhere afterwards, but must hold `expected(i)`.
    void at_every_call(const std::function<int(Mapping&)>& scenario, const std::set<int>& allowed) {
        constexpr std::int64_t kEnough = 4000;
        for (std::int64_t n = 0; n < kEnough; ++n) {
            Mapping memory(kChunks * kSize2M);
            memory.fill();
            mm->sync();
            fail_after(GetParam().point, n, GetParam().times);
            const int err = scenario(memory);
            fail_never(GetParam().point);
            const bool met = failures(GetParam().point) != 0;
            ASSERT_TRUE(allowed.contains(err)) << "call " << n << ": " << err;
            ASSERT_TRUE(met || err == 0) << err;
            for (std::uint64_t i = 0; i < memory.word_count(); i += 61)
                ASSERT_EQ(Mapping::value(i), memory.words()[i]) << "call " << n << ", word " << i;
            for (Vm* each : vms) each->check();
            mm->check();
            ASSERT_EQ(0, scenario(memory)) << "call " << n << ": the next try works";
            ASSERT_EQ(0, mm->evict_all());
            for (const auto& each : devices) {
                each->root_tile().vram().check();
                while (each->root_tile().vram().used().count != 0) std::this_thread::yield();  // lost VRAM hangs
            }
            if (!met) return;
        }
        FAIL() << "the scenario never ran through";
    }

    static constexpr std::uint64_t kChunks = 4;
};

TEST_P(Injection, Faults) {
    at_every_call(
        [&](Mapping& memory) {
            SoftEu eu(*vm, tlb);
            int err = 0;
            for (std::uint64_t i = 0; i < kChunks && err == 0; ++i)
                err = eu.fault(memory.start() + i * kSize2M, Access::kRead);
            return err;
        },
        {0, -ENOMEM});
}

TEST_P(Injection, AtomicFaults) {
    at_every_call([&](Mapping& memory) { return SoftEu(*vm, tlb).fault(memory.start(), Access::kAtomic); },
                  {0, -ENOMEM, -EBUSY});
}

TEST_P(Injection, FaultsOfAPeer) {
    at_every_call(
        [&](Mapping& memory) {
            const int err = SoftEu(*vms[0], tlb).fault(memory.start(), Access::kRead);
            return err != 0 ? err : SoftEu(*vms[1], tlb).fault(memory.start(), Access::kRead);
        },
        {0, -ENOMEM});
}

TEST_P(Injection, PrefetchAndAdvice) {
    at_every_call(
        [&](Mapping& memory) {
            const Interval half{memory.start() + kSize2M, memory.start() + 2 * kSize2M};
            int err = vm->madvise(half, PreferredLocation{.where = PreferredLocation::Where::kSystem});
            if (err == 0) err = vm->prefetch(memory.interval(), {});
            if (err == 0) err = vm->madvise(half, PreferredLocation{});
            return err;
        },
        {0, -ENOMEM});
}

TEST_P(Injection, Eviction) {
    at_every_call(
        [&](Mapping& memory) {
            // Comes back page by page where an unmap was read in between, and whole otherwise.
            const int err = pagemap()->populate_mm({memory.start(), memory.start() + kSize2M}, {});
            return err != 0 ? err : mm->evict(memory.interval());
        },
        {0, -ENOMEM});
}

TEST_P(Injection, Buffers) {
    constexpr VirtAddr kGpu{1ull << 32};
    int err = 0;
    Vm* own = Vm::create(*device, &err);
    ASSERT_EQ(0, err);
    at_every_call(
        [&](Mapping&) {
            int failed = 0;
            Bo* bo = Bo::create(device->root_tile(), {kSize2M}, &failed);
            if (bo == nullptr) return failed;
            const Interval where{kGpu, kGpu + kSize2M};
            failed = own->bind_bo(where, *bo);
            if (failed == 0) {
                failed = bo->evict();
                if (failed == 0) failed = SoftEu(*own, tlb).fault(kGpu, Access::kWrite);
                EXPECT_EQ(0, own->unbind(where));
            }
            bo->put();
            return failed;
        },
        {0, -ENOMEM});
    drop(own);
}

INSTANTIATE_TEST_SUITE_P(, Injection,
                         ::testing::Values(Case{"Arena", FailPoint::kArena, FailTimes::kForEver, true},
                                           Case{"ArenaOnce", FailPoint::kArena, FailTimes::kOnce, true},
                                           Case{"Vram", FailPoint::kVram, FailTimes::kForEver, true},
                                           Case{"KernelAgain", FailPoint::kUffdAgain, FailTimes::kOnce, true},
                                           Case{"KernelNoMemory", FailPoint::kUffdNoMemory, FailTimes::kOnce, true},
                                           Case{"ArenaRemap", FailPoint::kArena, FailTimes::kForEver, false},
                                           Case{"KernelAgainRemap", FailPoint::kUffdAgain, FailTimes::kOnce, false},
                                           Case{"KernelNoMemoryRemap", FailPoint::kUffdNoMemory, FailTimes::kOnce,
                                                false}),
                         [](const auto& test) { return test.param.name; });

// --- A copy engine that fails

class Copies : public SvmFixture {};

TEST_F(Copies, EachMayFail) {
    start("xe-7.0", Bytes{6ull << 20}, {.devices = 2});
    for (int n = 0;; ++n) {
        Mapping memory(4 * kSize2M);
        memory.fill();
        mm->sync();
        engine.copies_left = n;
        int err = 0;
        for (unsigned d = 0; d < 2; ++d)
            for (std::uint64_t i = 0; i < 4; ++i)
                if (const int failed = SoftEu(*vms[d], tlb).fault(memory.start() + i * kSize2M, Access::kAtomic);
                    failed != 0)
                    err = failed;
        const bool met = engine.copies_left == 0;
        engine.copies_left = -1;
        EXPECT_TRUE(err == 0 || err == -EIO || err == -ENOMEM) << err;
        for (std::uint64_t i = 0; i < memory.word_count(); i += 61)
            ASSERT_EQ(Mapping::value(i), memory.words()[i]) << n;
        mm->check();
        for (Vm* each : vms) each->check();
        if (!met) return;
    }
}

}  // namespace
}  // namespace faultline::svm::test
