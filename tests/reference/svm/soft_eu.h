// What the core's tests use for hardware: a plain thread that translates through a TLB, faults and waits, and
// invalidations that wait for it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "reference/svm/core/arena.h"
#include "reference/svm/core/seams.h"
#include "reference/svm/xe/device.h"
#include "reference/svm/xe/vm.h"

namespace faultline::svm::test {

/// The translations that one EU has cached: direct-mapped, so that a few survive for long.
class TlbCache {
public:
    const Translation* find(VirtAddr page) const {
        const Line& line = lines_[index_of(page)];
        return line.page == page ? &line.translation : nullptr;
    }
    void insert(VirtAddr page, const Translation& translation) { lines_[index_of(page)] = {page, translation}; }
    void invalidate(Interval interval) {
        for (Line& line : lines_)
            if (interval.contains(line.page)) line = {};
    }

private:
    struct Line {
        VirtAddr page;
        Translation translation;
    };
    static std::size_t index_of(VirtAddr page) { return page.value / kPageSize % 32; }
    std::array<Line, 32> lines_;
};

/// All EUs' TLBs. An invalidation waits for every access under way, as the epoch of real EUs does; a translation that
/// the core does not invalidate stays, and shows as a wrong word.
class WaitingTlb final : public TlbInvalidator {
public:
    /// As many EUs as use the TLB at a time. Not the heap: invalidations are service.
    static constexpr std::size_t kEus = 64;

    TlbFence send(std::uint32_t asid, Interval interval) override {
        const std::uint64_t seqno = invalidations.fetch_add(1);
        sent_[seqno % sent_.size()] = {asid, interval};
        return {.seqno = seqno, .due = {}};
    }
    /// Done no earlier than it must be, so that one that nobody waits for is missed.
    void wait(const TlbFence& fence) override {
        const Sent& sent = sent_[fence.seqno % sent_.size()];
        std::unique_lock wait(access_);
        for (const Eu& eu : eus_)
            if (eu.cache != nullptr && eu.asid == sent.asid) eu.cache->invalidate(sent.interval);
    }
    void add(std::uint32_t asid, TlbCache& cache) {
        std::unique_lock wait(access_);
        const auto free = std::ranges::find(eus_, nullptr, &Eu::cache);
        if (free == eus_.end()) std::abort();
        *free = {asid, &cache};
    }
    void remove(TlbCache& cache) {
        std::unique_lock wait(access_);
        *std::ranges::find(eus_, &cache, &Eu::cache) = {};
    }
    std::shared_mutex& access() { return access_; }
    std::atomic<std::uint64_t> invalidations{0};

private:
    struct Eu {
        std::uint32_t asid = 0;
        TlbCache* cache = nullptr;
    };
    struct Sent {
        std::uint32_t asid = 0;
        Interval interval;
    };
    std::shared_mutex access_;
    std::array<Eu, kEus> eus_;
    std::array<Sent, 1024> sent_;  ///< more than are ever under way
};

/// The copying thread's own memcpy, until it is broken.
class BreakableEngine final : public CopyEngine {
public:
    int copy(std::span<const CopyJob> jobs) override {
        if (fail_next > 0 && fail_next-- > 0) return -EIO;
        if (copies_left == 0) return -EIO;
        if (copies_left > 0) --copies_left;
        return inner_.copy(jobs);
    }
    std::atomic<int> copies_left{-1};  ///< negative: never breaks
    std::atomic<int> fail_next{0};     ///< so many fail, then it works again

private:
    InlineCopyEngine inner_;
};

/// A thread that faults: one outstanding fault at a time, on one tile.
class SoftEu final : public Faulter {
public:
    SoftEu(Vm& vm, WaitingTlb& tlb, unsigned tile = 0) : vm_(vm), tlb_(tlb), tile_(tile) {
        tlb_.add(vm.asid(), cache_);
    }
    ~SoftEu() override { tlb_.remove(cache_); }
    SoftEu(const SoftEu&) = delete;
    SoftEu& operator=(const SoftEu&) = delete;

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
        fault.tile = static_cast<std::uint8_t>(tile_);
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
        const VirtAddr page = addr.align_down(kPageSize);
        for (;;) {
            {
                std::shared_lock lock(tlb_.access());
                const Translation* t = cache_.find(page);
                if (t == nullptr || !t->permits(access)) {
                    cache_.insert(page, vm_.page_table(tile_).walk(page));
                    t = cache_.find(page);
                }
                if (t->permits(access)) {
                    f(reinterpret_cast<void*>(t->host + (addr - page)));
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
    const unsigned tile_;
    TlbCache cache_;
    std::atomic<int> acks_{0};
    std::atomic<int> err_{0};
};

/// Links between the devices whose numbers are given.
class Links final : public Topology {
public:
    explicit Links(std::initializer_list<std::pair<unsigned, unsigned>> links) : links_(links) {}
    bool has_link(unsigned a, unsigned b) const override {
        return std::ranges::any_of(links_,
                                   [&](auto link) { return link == std::pair(a, b) || link == std::pair(b, a); });
    }

private:
    std::vector<std::pair<unsigned, unsigned>> links_;
};

/// An Mm, devices, and a VM a device that mirrors the whole address space. `device` and `vm` are the first one's.
class SvmFixture : public ::testing::Test {
protected:
    struct Machine {
        unsigned devices = 1;
        unsigned tiles = 1;
        bool atomics_on_smem = false;
        bool fake_clock = false;
        bool allow_move = std::getenv("FAULTLINE_NO_MOVE") == nullptr;  ///< set: as on a kernel without UFFDIO_MOVE
    };

    void start(const char* policy = "xe-7.0", Bytes vram = Bytes{64ull << 20}) { start(policy, vram, {}); }
    void start(const char* policy, Bytes vram, const Machine& machine) {
        int err = 0;
        mm = Mm::create({.allow_move = machine.allow_move}, &err);
        if (err == -EPERM) mm = Mm::create({.user_mode_only = true, .allow_move = machine.allow_move}, &err);
        ASSERT_EQ(0, err);
        ASSERT_TRUE(machine.allow_move || !mm->has_move());
        for (unsigned i = 0; i < machine.devices; ++i) {
            DeviceConfig config;
            config.mm = mm.get();
            config.clock = machine.fake_clock ? static_cast<Clock*>(&hardware->fake_clock) : &hardware->clock;
            for (unsigned t = 0; t < machine.tiles; ++t) config.tiles[t] = {&hardware->engine, &tlb, vram};
            config.tile_count = machine.tiles;
            config.policy = *parse_policy(policy);
            config.index = i;
            config.topology = &links;
            config.atomics_on_smem = machine.atomics_on_smem;
            devices.push_back(Device::create(config, &err));
            ASSERT_EQ(0, err);
            vms.push_back(new_vm(*devices[i]));
        }
        device = devices[0].get();
        vm = vms[0];
    }

    static Vm* new_vm(Device& of, BindFlags flags = {}) {
        int err = 0;
        Vm* fresh = Vm::create(of, &err);
        EXPECT_EQ(0, err);
        EXPECT_EQ(0, fresh->bind_cpu_addr_mirror({{kSize64K}, {1ull << 47}}, flags));
        return fresh;
    }
    Vm* new_vm() { return new_vm(*device); }

    static void drop(Vm* victim) {
        victim->close();
        victim->put();
    }

    void TearDown() override {
        for (Vm* each : vms) {
            each->check();
            drop(each);
        }
        for (ArenaPtr<Device>& each : devices) {
            for (unsigned t = 0; t < each->tile_count(); ++t) each->tile(t).vram().check();
            each.reset();
        }
        if (mm != nullptr) mm->check();
        mm.reset();
    }

    std::uint64_t stat(GtStat id, unsigned of = 0, unsigned tile = 0) const {
        return devices[of]->tile(tile).gt_stats().get(id);
    }
    Pagemap* pagemap(unsigned of = 0, unsigned tile = 0) const { return &devices[of]->tile(tile).pagemap(); }

    /// What the service path touches may not be on the heap, where a test's own object is.
    struct Hardware {
        SystemClock clock;
        FakeClock fake_clock;
        BreakableEngine engine;
        WaitingTlb tlb;
    };
    const ArenaPtr<Hardware> hardware = make_arena<Hardware>();
    WaitingTlb& tlb = hardware->tlb;
    FakeClock& fake_clock = hardware->fake_clock;
    BreakableEngine& engine = hardware->engine;
    const Links links{{0, 1}};  ///< the third device is alone
    ArenaPtr<Mm> mm;
    std::vector<ArenaPtr<Device>> devices;
    std::vector<Vm*> vms;
    Device* device = nullptr;
    Vm* vm = nullptr;
};

}  // namespace faultline::svm::test
