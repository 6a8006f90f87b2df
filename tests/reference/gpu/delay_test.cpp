// Modelled delays are there: what a fault, an invalidation and an access to another device's memory take is what the
// model says, to the nanosecond.
//
// On a clock that stands still until the device waits for it: the host's own time, and what else the host does, are not
// in the figures.
#include <array>
#include <chrono>
#include <cmath>

#include "kernels/gpu_test_basic.h"
#include "reference/svm/core/arena.h"
#include "reference/svm/xe/bo.h"
#include "tests/reference/gpu/gpu_fixture.h"

namespace faultline::gpu::test {
namespace {

using std::chrono::microseconds;

/// Devices of a model, the VMs of which mirror this process.
class Machine {
public:
    /// `time` null: the devices have a clock that moves when they wait.
    explicit Machine(const DeviceModel& model, svm::Clock* time = nullptr)
        : links(svm::arena_new<Links>(model)),
          fake_clock(svm::arena_new<svm::FakeClock>()),
          clock(time != nullptr ? *time : *fake_clock) {
        int err = 0;
        mm = svm::Mm::create({}, &err);
        if (mm == nullptr && err == -EPERM) mm = svm::Mm::create({.user_mode_only = true}, &err);
        EXPECT_NE(nullptr, mm) << "userfaultfd: error " << err;
        module = std::move(*Module::create(kernel_gpu_test_basic()));
        for (unsigned i = 0; i < model.devices; ++i) {
            auto created = Gpu::create(model, *svm::parse_policy("xe-7.0"), *mm, i, links, &clock);
            EXPECT_TRUE(created.ok());
            gpus.push_back(std::move(*created));
            svm::Vm* vm = svm::Vm::create(gpus.back()->core(), &err);
            EXPECT_EQ(0, vm->bind_cpu_addr_mirror({{svm::kSize64K}, {1ull << 47}}));
            vms.push_back(vm);
        }
    }
    ~Machine() {
        for (svm::Vm* vm : vms) {
            vm->close();
            vm->put();
        }
        gpus.clear();
        mm.reset();
        svm::arena_delete(fake_clock);
        svm::arena_delete(links);
    }
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    /// How long that takes, on the devices' clock.
    template <typename Action>
    Nanoseconds time(Action action) {
        const Nanoseconds start = clock.now();
        action();
        return clock.now() - start;
    }

    /// How long the dispatch takes on that device.
    template <typename... Args>
    Nanoseconds run(unsigned device, const char* name, Dim3 groups, const Args&... args) {
        const Kernel* kernel = module->kernel(name);
        ArgBlock block(*kernel);
        (block.add(args), ...);
        mm->sync();  // memory that stood here may have been unmapped just before
        return time([&] {
            const DispatchResult r = gpus[device]->execute({.kernel = kernel,
                                                            .args = block.data(),
                                                            .groups = groups,
                                                            .group_size = {1},
                                                            .vm = vms[device],
                                                            .tiles = tiles});
            EXPECT_EQ(0, r.err);
        });
    }

    Links* const links;
    svm::FakeClock* const fake_clock;
    svm::Clock& clock;
    svm::ArenaPtr<svm::Mm> mm;
    std::unique_ptr<Module> module;
    std::vector<std::unique_ptr<Gpu>> gpus;
    std::vector<svm::Vm*> vms;
    svm::TileMask tiles = kAllTiles;  ///< that run kernels
};

DeviceModel plain(unsigned devices = 1) {
    DeviceModel model;
    model.devices = devices;
    model.vram = Bytes{64ull << 20};
    model.eus = 1;
    model.threads_per_eu = 4;
    for (auto& row : model.links) row.fill({.fast = true, .speed = {}});
    return model;
}

/// One fault of each work-group, on memory that nobody touched.
Nanoseconds fault_time(Machine& machine, unsigned groups) {
    Pages<std::uint64_t> memory(1);
    return machine.run(0, "write_value", {groups}, memory.data(), std::uint64_t{8}, std::uint64_t{1});
}
Nanoseconds fault_time(const DeviceModel& model, unsigned groups) {
    Machine machine(model);
    return fault_time(machine, groups);
}

TEST(Delay, FaultTakesReportAndAck) {
    DeviceModel model = plain();
    EXPECT_EQ(Nanoseconds{}, fault_time(model, 1));
    model.fault_report = microseconds(2000);
    EXPECT_EQ(microseconds(2000), fault_time(model, 1));
    model.ack = microseconds(1000);
    EXPECT_EQ(microseconds(3000), fault_time(model, 1));
}

// What a work-group waits for, another of the same EU need not.
TEST(Delay, WorkGroupsWaitAtTheSameTime) {
    constexpr unsigned kGroups = 4;
    DeviceModel model = plain();
    model.fault_report = microseconds(2000);
    EXPECT_EQ(microseconds(2000), fault_time(model, kGroups));
    model.ack = microseconds(1000);
    Machine machine(model);
    // The clock moves on when the EU has nothing to do; if the host has not served all four faults by then, the later
    // acks start later. So it is enough that they are seen together once.
    constexpr int kRounds = 1000;
    Nanoseconds taken{};
    for (int round = 0; round < kRounds && taken != microseconds(3000); ++round) {
        taken = fault_time(machine, kGroups);
        ASSERT_LE(microseconds(3000), taken);
        ASSERT_LE(taken, microseconds(2000) + kGroups * microseconds(1000));
    }
    EXPECT_EQ(microseconds(3000), taken);
}

// The one test on the host's clock, which may always be late.
TEST(Delay, NothingIsEarlyOnTheHostsClock) {
    DeviceModel model = plain(2);
    model.fault_report = microseconds(2000);
    model.ack = microseconds(1000);
    model.tlb_invalidation = microseconds(500);
    model.copy.latency = microseconds(700);
    const std::unique_ptr<svm::SystemClock, void (*)(svm::SystemClock*)> clock(svm::arena_new<svm::SystemClock>(),
                                                                               svm::arena_delete<svm::SystemClock>);
    Machine machine(model, clock.get());
    Pages<std::uint64_t> memory(1);
    const Nanoseconds fault = machine.run(0, "write_value", {1}, memory.data(), std::uint64_t{8}, std::uint64_t{1});
    EXPECT_LE(microseconds(3700), fault);
    svm::TlbInvalidator& tlb = machine.gpus[0]->core().root_tile().tlb();
    EXPECT_LE(microseconds(500), machine.time([&] {
        tlb.wait(tlb.send(machine.vms[0]->asid(), {svm::VirtAddr{}, svm::VirtAddr{svm::kPageSize}}));
    }));
}

/// The CPU takes back a page that the GPU has mapped.
Nanoseconds invalidation_time(const DeviceModel& model) {
    Machine machine(model);
    Pages<std::uint64_t> memory(1);
    machine.run(0, "write_value", {1}, memory.data(), std::uint64_t{1}, std::uint64_t{1});
    svm::TlbInvalidator& tlb = machine.gpus[0]->core().root_tile().tlb();
    return machine.time([&] {
        tlb.wait(tlb.send(machine.vms[0]->asid(),
                          {svm::VirtAddr::of(memory.data()), svm::VirtAddr::of(memory.data() + 512)}));
    });
}

TEST(Delay, InvalidationTakesItsLatency) {
    DeviceModel model = plain();
    model.tlb_invalidation = microseconds(500);
    EXPECT_EQ(microseconds(500), invalidation_time(model));
    EXPECT_EQ(Nanoseconds{}, invalidation_time(plain()));
}

// Advice that changes something zaps what is mapped: on both tiles, at once.
TEST(Delay, TilesInvalidateAtTheSameTime) {
    DeviceModel model = plain();
    model.tiles = 2;
    model.tlb_invalidation = microseconds(1000);
    for (const unsigned tiles : {1u, 2u, 3u}) {
        Machine machine(model);
        Pages<std::uint64_t> memory(1);
        const auto from = svm::VirtAddr::of(memory.data());
        const auto advise = [&](svm::PreferredLocation::Where where) {
            const svm::PreferredLocation location{.where = where};
            EXPECT_EQ(0, machine.vms[0]->madvise({from, from + memory.bytes()}, location));
        };
        advise(svm::PreferredLocation::Where::kSystem);  // both tiles map it there
        for (const unsigned tile : {1u, 2u}) {
            machine.tiles = static_cast<svm::TileMask>(tiles & tile);
            if (machine.tiles != 0)
                machine.run(0, "write_value", {1}, memory.data(), std::uint64_t{1}, std::uint64_t{1});
        }
        EXPECT_EQ(microseconds(1000), machine.time([&] { advise(svm::PreferredLocation::Where::kFaultingTile); }))
            << "tiles " << tiles;
    }
}

constexpr std::uint64_t kWords = svm::kSize2M / 8;

/// Device 1 is to reach the memory where device 0 has it.
template <typename T>
void stay_on_first(Machine& machine, const Pages<T>& memory) {
    const auto start = svm::VirtAddr::of(memory.data());
    const svm::PreferredLocation there{.where = svm::PreferredLocation::Where::kDevice,
                                       .device = &machine.gpus[0]->core()};
    EXPECT_EQ(0, machine.vms[1]->madvise({start, start + memory.bytes()}, there));
}

/// All that was sent over a link of that rate went from `from` to `to`.
void expect_direction(Links& links, double gb_per_s, unsigned from, unsigned to) {
    if (gb_per_s == 0) return;
    EXPECT_LT(Nanoseconds{}, links.send(from, to, {}, {}).left);
    EXPECT_EQ(Nanoseconds{}, links.send(to, from, {}, {}).left);
}

/// Device 1 reads what is in device 0's memory: `count` words a work-group, `stride` apart.
Nanoseconds foreign_time(const DeviceModel& model, std::uint32_t groups, std::uint64_t stride, std::uint32_t count) {
    Machine machine(model);
    Pages<std::uint32_t> memory(2 * kWords), out(1024);
    machine.run(0, "write_value", {1}, memory.data(), std::uint64_t{1}, std::uint64_t{1});
    stay_on_first(machine, memory);
    machine.run(1, "strided", {groups}, memory.data(), out.data(), stride, count);
    EXPECT_EQ(&machine.gpus[0]->core().root_tile().pagemap(), machine.mm->residency(svm::VirtAddr::of(memory.data())));
    const Nanoseconds taken = machine.run(1, "strided", {groups}, memory.data(), out.data(), stride, count);
    expect_direction(*machine.links, model.links[0][1].speed.gb_per_s, 0, 1);
    return taken;
}

// That of the direction in which what is read comes, and not of the one in which it is asked for.
TEST(Delay, ForeignReadTakesTheLinksLatency) {
    constexpr std::uint32_t kReads = 10;
    DeviceModel model = plain(2);
    model.links[1][0].speed.latency = microseconds(50);
    EXPECT_EQ(Nanoseconds{}, foreign_time(model, 1, 64, kReads));
    model = plain(2);
    model.links[0][1].speed.latency = microseconds(50);
    // Those of other work-groups wait at the same time.
    for (const std::uint32_t groups : {1u, 4u})
        EXPECT_EQ(kReads * microseconds(50), foreign_time(model, groups, 64, kReads));
}

TEST(Delay, ForeignReadsComeAtTheLinksRate) {
    // Neighbours, so that whole lines are used; several work-groups, so that the link always has something to carry.
    constexpr std::uint32_t kGroups = 4, kReads = 4 << 10;
    DeviceModel model = plain(2);
    constexpr double kGbPerS = 0.02;
    model.links[0][1].speed.gb_per_s = model.links[1][0].speed.gb_per_s = kGbPerS;
    const Nanoseconds modelled(std::llround(kGroups * kReads * sizeof(std::uint32_t) / kGbPerS));
    EXPECT_EQ(modelled, foreign_time(model, kGroups, 1, kReads));
}

// A write does not wait until it has arrived, but does for its turn on the link.
TEST(Delay, ForeignWritesArePosted) {
    const auto write_time = [](const Speed& speed) {
        DeviceModel model = plain(2);
        model.links[0][1].speed = model.links[1][0].speed = speed;
        Machine machine(model);
        Pages<std::uint64_t> memory(kWords);
        const auto write = [&](unsigned device) {
            return machine.run(device, "write_value", {100}, memory.data(), std::uint64_t{8}, std::uint64_t{1});
        };
        write(0);
        stay_on_first(machine, memory);
        write(1);
        EXPECT_EQ(&machine.gpus[0]->core().root_tile().pagemap(),
                  machine.mm->residency(svm::VirtAddr::of(memory.data())));
        const Nanoseconds taken = write(1);
        expect_direction(*machine.links, speed.gb_per_s, 1, 0);
        return taken;
    };
    EXPECT_EQ(Nanoseconds{}, write_time({.latency = microseconds(1000)}));
    constexpr double kGbPerS = 0.01;  // a line takes 6.4 us
    EXPECT_EQ(Nanoseconds(640'000), write_time({.gb_per_s = kGbPerS}));
}

// The whole way: a program's own copies, and pages that follow the device that touches them.
TEST(Delay, CopiesAndMigrationsTakeTheLink) {
    const auto times = [](const Speed& copy, const Speed& link) {
        DeviceModel model = plain(2);
        model.copy = copy;
        model.links[0][1].speed = model.links[1][0].speed = link;
        Machine machine(model);
        constexpr Bytes kSize{1 << 20};
        std::array<svm::Bo*, 2> buffers{};
        std::array<std::byte*, 2> at{};
        for (unsigned i = 0; i < 2; ++i) {
            int err = 0;
            buffers[i] = svm::Bo::create(machine.gpus[i]->core().root_tile(), kSize, &err);
            at[i] = buffers[i]->pin(&err);
            EXPECT_EQ(0, err);
        }
        const Nanoseconds copied = machine.time([&] { EXPECT_EQ(0, machine.gpus[1]->copy(at[1], at[0], kSize)); });
        const Nanoseconds filled =
            machine.time([&] { EXPECT_EQ(0, machine.gpus[1]->fill(at[1], "ab", Bytes{2}, kSize)); });
        for (svm::Bo* buffer : buffers) {
            buffer->unpin();
            buffer->put();
        }
        Pages<std::uint64_t> memory(kWords);
        const auto touch = [&](unsigned device) {
            return machine.run(device, "write_value", {1}, memory.data(), std::uint64_t{1}, std::uint64_t{1});
        };
        touch(0);
        const Nanoseconds migrated = touch(1);
        return std::array{copied, filled, migrated};
    };
    const auto all = [](Nanoseconds copied, Nanoseconds filled, Nanoseconds migrated) {
        return std::array{copied, filled, migrated};
    };
    EXPECT_EQ(all({}, {}, {}), times({}, {}));
    const Speed engine{.gb_per_s = 0.5, .latency = microseconds(100)};
    const Nanoseconds mebibyte(100'000 + (1 << 20) * 2);
    EXPECT_EQ(all(mebibyte, mebibyte, Nanoseconds(100'000 + (1 << 21) * 2)), times(engine, {}));
    const Speed link{.gb_per_s = 0.25, .latency = microseconds(200)};
    EXPECT_EQ(all(Nanoseconds(200'000 + (1 << 20) * 4), {}, Nanoseconds(200'000 + (1 << 21) * 4)), times({}, link))
        << "a fill does not leave its device";
}

// What was read is not thereby written.
TEST(Delay, ALineThatIsReadAndWrittenTakesBothDirections) {
    DeviceModel model = plain(2);
    model.links[0][1].speed.gb_per_s = model.links[1][0].speed.gb_per_s = 1;
    Machine machine(model);
    Pages<std::uint64_t> memory(kWords);
    machine.run(0, "write_value", {1}, memory.data(), std::uint64_t{8}, std::uint64_t{1});
    stay_on_first(machine, memory);
    machine.run(1, "unaligned", {16}, memory.data(), memory.data(), 0u);
    EXPECT_LT(Nanoseconds{}, machine.links->send(0, 1, {}, {}).left);
    EXPECT_LT(Nanoseconds{}, machine.links->send(1, 0, {}, {}).left);
}

TEST(Delay, OnlyTheModelledPairIsSlow) {
    DeviceModel model = plain(3);
    model.links[0][2].speed.latency = model.links[2][0].speed.latency = microseconds(50);
    constexpr std::uint32_t kReads = 10;
    EXPECT_EQ(Nanoseconds{}, foreign_time(model, 1, 64, kReads));
}

}  // namespace
}  // namespace faultline::gpu::test
