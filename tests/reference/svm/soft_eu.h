// What the core's tests use for hardware: a plain thread that translates, faults and waits, and TLBs that make an
// invalidation wait for it.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <shared_mutex>

#include "reference/svm/device.h"
#include "reference/svm/seams.h"
#include "reference/svm/vm.h"

namespace faultline::svm::test {

/// Caches nothing, but an invalidation waits for every access under way, as the epoch of real EUs does.
class WaitingTlb final : public TlbInvalidator {
public:
    void invalidate(std::uint32_t, Interval) override {
        invalidations.fetch_add(1);
        std::unique_lock wait(access_);
    }
    std::shared_mutex& access() { return access_; }
    std::atomic<std::uint64_t> invalidations{0};

private:
    std::shared_mutex access_;
};

/// A thread that faults: one outstanding fault at a time.
class SoftEu final : public Faulter {
public:
    SoftEu(Vm& vm, WaitingTlb& tlb) : vm_(vm), tlb_(tlb) {}

    void ack(const Pagefault&, int err) override {
        err_.store(err, std::memory_order_relaxed);
        acks_.fetch_add(1, std::memory_order_release);
        acks_.notify_all();
    }

    /// Queues one fault and waits for its ack.
    int fault(VirtAddr addr, Access access) {
        Pagefault fault;
        fault.page_addr = addr.align_down(kPageSize);
        fault.asid = vm_.asid();
        fault.access = access;
        fault.faulter = this;
        const int before = acks_.load();
        if (const int err = vm_.device().pagefault_handler(fault); err != 0) return err;
        acks_.wait(before, std::memory_order_acquire);
        return err_.load(std::memory_order_relaxed);
    }

    /// Runs f(host address) with a translation that permits `access`, faulting as often as it takes. 0 or the fault's
    /// error.
    template <typename F>
    int access(const void* p, Access access, F&& f) {
        const VirtAddr addr = VirtAddr::of(p);
        for (;;) {
            {
                std::shared_lock lock(tlb_.access());
                const Translation t = vm_.page_table().walk(addr);
                if (t.permits(access)) {
                    f(reinterpret_cast<void*>(t.host));
                    return 0;
                }
            }
            if (const int err = fault(addr, access); err != 0) return err;
        }
    }

    std::uint64_t read(const std::uint64_t* p) {
        std::uint64_t value = 0;
        EXPECT_EQ(0, access(p, Access::kRead, [&](void* host) { std::memcpy(&value, host, sizeof(value)); }));
        return value;
    }
    void write(std::uint64_t* p, std::uint64_t value) {
        EXPECT_EQ(0, access(p, Access::kWrite, [&](void* host) { std::memcpy(host, &value, sizeof(value)); }));
    }
    void add(std::uint64_t* p, std::uint64_t n) {
        EXPECT_EQ(0, access(p, Access::kAtomic, [&](void* host) {
                      std::atomic_ref<std::uint64_t>(*static_cast<std::uint64_t*>(host)).fetch_add(n);
                  }));
    }

private:
    Vm& vm_;
    WaitingTlb& tlb_;
    std::atomic<int> acks_{0};
    std::atomic<int> err_{0};
};

/// An Mm, a device and a VM that mirrors the whole address space.
class SvmFixture : public ::testing::Test {
protected:
    void start(const char* policy = "xe-7.0", Bytes vram = Bytes{64ull << 20}) {
        int err = 0;
        mm = Mm::create({}, &err);
        if (err == -EPERM) mm = Mm::create({.user_mode_only = true}, &err);
        ASSERT_EQ(0, err);
        DeviceConfig config;
        config.mm = mm;
        config.clock = &clock;
        config.tiles[0] = {&engine, &tlb, vram};
        config.policy = *parse_policy(policy);
        device = Device::create(config, &err);
        ASSERT_EQ(0, err);
        vm = new_vm();
    }

    Vm* new_vm() {
        int err = 0;
        Vm* fresh = Vm::create(*device, &err);
        EXPECT_EQ(0, err);
        EXPECT_EQ(0, fresh->bind_cpu_addr_mirror({{kSize64K}, {1ull << 47}}));
        return fresh;
    }

    static void drop(Vm* victim) {
        victim->close();
        victim->put();
    }

    void TearDown() override {
        if (vm != nullptr) {
            vm->check();
            drop(vm);
        }
        if (device != nullptr) {
            device->root_tile().vram().check();
            Device::destroy(device);
        }
        if (mm != nullptr) {
            mm->check();
            Mm::destroy(mm);
        }
    }

    std::uint64_t stat(GtStat id) const { return device->root_tile().gt_stats().get(id); }

    SystemClock clock;
    InlineCopyEngine engine;
    WaitingTlb tlb;
    Mm* mm = nullptr;
    Device* device = nullptr;
    Vm* vm = nullptr;
};

}  // namespace faultline::svm::test
