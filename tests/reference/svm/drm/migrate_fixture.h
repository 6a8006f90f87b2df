// Three devices on one Mm, for the tests of migrations: the first and the third have a link.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <utility>

#include "reference/svm/core/arena.h"
#include "reference/svm/drm/pagemap.h"
#include "reference/svm/xe/device.h"
#include "tests/reference/svm/mapping.h"

namespace faultline::svm::test {

/// memcpy that fails when told, and lets something happen in its midst.
class FragileEngine final : public CopyEngine {
public:
    int copy(std::span<const CopyJob> jobs) override {
        ++copies;
        if (during != nullptr) (*std::exchange(during, nullptr))();
        return fail ? -EIO : engine_.copy(jobs);
    }
    std::atomic<bool> fail{false};
    std::atomic<unsigned> copies{0};
    const std::function<void()>* during = nullptr;  ///< called once

private:
    InlineCopyEngine engine_;
};

/// Counts what it is told.
class RecordingNotifier final : public IntervalNotifier {
public:
    void invalidate(const MmuRange& range, std::uint64_t seq) override {
        std::lock_guard guard(lock_);
        set_seq(seq);
        last_ = range;
        ++count_;
    }
    MmuRange last() {
        std::lock_guard guard(lock_);
        return last_;
    }
    /// How often it was told since the last call.
    int take_count() {
        std::lock_guard guard(lock_);
        return std::exchange(count_, 0);
    }

private:
    std::mutex lock_;
    MmuRange last_;
    int count_ = 0;
};

/// A link between device 0 and device 2, none to device 1.
class OneLink final : public Topology {
public:
    bool has_link(unsigned a, unsigned b) const override { return a != 1 && b != 1; }
};

inline constexpr int kDevices = 3;
inline constexpr int kForeign = 1;  // to device 0
inline constexpr int kPeer = 2;     // of device 0

/// Three devices; over both ways of taking pages out of the address space.
class Migrate : public ::testing::TestWithParam<bool> {
protected:
    void SetUp() override {
        int err = 0;
        mm = Mm::create({.allow_move = GetParam()}, &err);
        if (err == -EPERM) mm = Mm::create({.user_mode_only = true, .allow_move = GetParam()}, &err);
        ASSERT_EQ(0, err);
        ASSERT_TRUE(GetParam() || !mm->has_move());
        for (int i = 0; i < kDevices; ++i) {
            DeviceConfig config;
            config.mm = mm.get();
            config.clock = &clock;
            config.tiles[0] = {&engines[i], &hardware->tlb, {32ull << 20}};
            config.index = static_cast<unsigned>(i);
            config.topology = &hardware->topology;
            device[i] = Device::create(config, &err);
            ASSERT_EQ(0, err);
            vram[i] = &device[i]->root_tile().vram();
            stats[i] = &device[i]->root_tile().gt_stats();
            pagemap[i] = &device[i]->root_tile().pagemap();
        }
    }
    void TearDown() override {
        mm->sync();
        mm->check();
        for (int i = 0; i < kDevices; ++i) {
            ASSERT_EQ(0, mm->evict_all());
            expect_free(i);
            vram[i]->check();
            device[i].reset();
        }
        mm.reset();
    }

    int to_device(Interval interval, int index = 0, Nanoseconds timeslice = {}) {
        return pagemap[index]->populate_mm(interval, timeslice);
    }
    /// A CPU-fault worker drops its reference a moment after the page is back; memory that is lost hangs here.
    void expect_free(int index) {
        while (vram[index]->used().count != 0) std::this_thread::yield();
    }
    static void expect_filled(const Mapping& memory, std::uint64_t first, std::uint64_t end) {
        for (std::uint64_t i = first; i < end; ++i) ASSERT_EQ(Mapping::value(i), memory.words()[i]) << i;
    }

    // What the service path touches may not be on the heap, where a test's own object is.
    struct Hardware {
        FakeClock clock;
        FragileEngine engines[kDevices];
        OneLink topology;
        NoTlb tlb;
    };
    const ArenaPtr<Hardware> hardware = make_arena<Hardware>();
    FakeClock& clock = hardware->clock;
    FragileEngine (&engines)[kDevices] = hardware->engines;
    FragileEngine& engine = engines[0];
    ArenaPtr<Mm> mm;
    ArenaPtr<Device> device[kDevices];
    Vram* vram[kDevices] = {};
    GtStats* stats[kDevices] = {};
    Pagemap* pagemap[kDevices] = {};
};

}  // namespace faultline::svm::test
