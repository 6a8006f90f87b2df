// Everything at once, every word checked against a model: EUs of three devices with two tiles each, CPUs, system calls,
// prefetch, advice, eviction of SVM and buffers under 4x oversubscription, userptrs, munmap, partial unmap, mremap,
// MADV_DONTNEED, fork and exec.
//
// Memory is cut into regions; each has a lock that decides who may use it now, so that the expected value of a word is
// always known, while faults, migrations, evictions and unmaps of different regions (and of neighbours in one notifier
// and one VRAM) run concurrently. A page of counters is everybody's at once; there the sum is checked. Each thread's
// operations follow from one printed seed (FAULTLINE_SEED). Invariants 1 and 2 of the design: a stale translation or a
// lost page shows as a wrong word. FAULTLINE_STRESS_SECONDS is shared out over the presets and both ways of moving
// pages.

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "tests/reference/svm/mapping.h"
#include "tests/reference/svm/soft_eu.h"

namespace faultline::svm::test {
namespace {

using Random = std::mt19937_64;

constexpr std::uint64_t kBody = 3 * kSize2M;           // samples lie here
constexpr std::uint64_t kTail = kSize64K + kPageSize;  // with it all three chunk sizes occur; may be unmapped
constexpr std::uint64_t kSamples = 64;
constexpr unsigned kRegions = 12;
constexpr Bytes kVram{8ull << 20};  // a tile's: 73 MiB of regions are more than 4 times a device's

std::uint64_t number_from(const char* variable, std::uint64_t absent) {
    const char* wanted = std::getenv(variable);
    return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : absent;
}

/// Memory whose sampled words are known to whoever holds the lock.
struct Region {
    std::mutex lock;
    VirtAddr start;
    std::vector<std::uint64_t> expected = std::vector<std::uint64_t>(kSamples);

    Interval body() const { return {start, start + kBody}; }
    std::uint64_t* word(std::uint64_t sample) const {
        return start.ptr<std::uint64_t>() + sample * (kBody / 8 / kSamples) + sample % 7;
    }
    void forget() { std::fill(expected.begin(), expected.end(), 0); }

    /// New memory, all zero, between two inaccessible pages so that no VMA grows into a neighbour's.
    void map() {
        constexpr std::uint64_t kRoom = kBody + kTail + 2 * kSize2M;
        void* p = ::mmap(nullptr, kRoom, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        ASSERT_NE(MAP_FAILED, p);
        const VirtAddr base = VirtAddr::of(p);
        start = (base + kPageSize).align_up(kSize2M);
        ASSERT_EQ(0, ::mprotect(start.ptr(), kBody + kTail, PROT_READ | PROT_WRITE));
        ::munmap(p, start - base - kPageSize);
        ::munmap((start + kBody + kTail + kPageSize).ptr(), base + kRoom - (start + kBody + kTail + kPageSize));
        forget();
    }
    void unmap() const { ::munmap((start - kPageSize).ptr(), kBody + kTail + 2 * kPageSize); }
};

class Stress : public SvmFixture {
protected:
    void run(const char* policy, bool allow_move, std::chrono::milliseconds time, std::uint64_t seed);

private:
    using Step = void (Stress::*)(Region&, Random&, unsigned who);
    void worker(unsigned id, std::uint64_t seed, unsigned who, Step step);

    void check(std::uint64_t got, std::uint64_t want, int line = __builtin_LINE()) {
        if (got == want) return;
        if (wrong++ == 0) ADD_FAILURE_AT(__FILE__, line) << got << ", wanted " << want;
    }
    void eu_step(Region& region, Random& random, unsigned who);
    void cpu_step(Region& region, Random& random, unsigned);
    void system_call_step(Region& region, Random& random, unsigned);
    void mapping_step(Region& region, Random& random, unsigned);
    void advice_step(Region& region, Random& random, unsigned);
    void other_bindings_step(Region& region, Random& random, unsigned);

    std::vector<std::unique_ptr<Region>> regions;
    std::vector<Vm*> bare;  ///< a VM a device without a mirror, for buffers and userptrs
    std::unique_ptr<Mapping> counters;
    std::atomic<std::uint64_t> added{0};
    std::atomic<std::uint64_t> wrong{0};
    std::atomic<std::uint64_t> steps{0};
    std::chrono::steady_clock::time_point end;
};

/// `who` is a device and a tile: device * 2 + tile.
void Stress::eu_step(Region& region, Random& random, unsigned who) {
    SoftEu eu(*vms[who / 2], tlb, who % 2);
    mm->sync();  // as the driver does before each launch
    for (int n = 0; n < 12; ++n) {
        const std::uint64_t sample = random() % kSamples;
        std::uint64_t* p = region.word(sample);
        check(eu.read(p), region.expected[sample]);
        switch (random() % 4) {
            case 0:
                eu.write(p, region.expected[sample] = random());
                break;
            case 1:
                eu.add(p, 3);
                region.expected[sample] += 3;
                break;
            default:
                break;
        }
    }
    eu.add(counters->words() + random() % 8, 1);
    ++added;
}

void Stress::cpu_step(Region& region, Random& random, unsigned) {
    for (int n = 0; n < 4; ++n) {
        const std::uint64_t sample = random() % kSamples;
        check(*region.word(sample), region.expected[sample]);
        *region.word(sample) = region.expected[sample] = random();
    }
    std::atomic_ref<std::uint64_t>(counters->words()[random() % 8]).fetch_add(1);
    ++added;
}

/// read(2) and write(2) on memory that may be in VRAM, and a child that runs another program.
void Stress::system_call_step(Region& region, Random& random, unsigned) {
    if (mm->user_mode_only()) return;  // the kernel's own accesses are not served there
    int fds[2];
    if (::pipe(fds) != 0) return;
    const std::uint64_t from = random() % kSamples;
    const std::uint64_t to = random() % kSamples;
    check(static_cast<std::uint64_t>(::write(fds[1], region.word(from), 8)), 8);
    check(static_cast<std::uint64_t>(::read(fds[0], region.word(to), 8)), 8);
    region.expected[to] = region.expected[from];
    check(*region.word(to), region.expected[to]);
    ::close(fds[0]);
    ::close(fds[1]);
    if (random() % 64 != 0) return;
    pid_t child = 0;
    const char* argv[] = {"/bin/true", nullptr};
    if (::posix_spawn(&child, argv[0], nullptr, nullptr, const_cast<char* const*>(argv), environ) == 0) {
        int status = 0;
        ::waitpid(child, &status, 0);
        check(static_cast<std::uint64_t>(status), 0);
    }
}

void Stress::mapping_step(Region& region, Random& random, unsigned) {
    switch (random() % 8) {
        case 0:
            region.unmap();
            region.map();
            break;
        case 1:  // a partial unmap: every range that it hits is destroyed, no data is; nobody else gets the addresses
            ::mmap((region.start + kBody).ptr(), kTail, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
            break;
        case 2: {
            const VirtAddr old = region.start;
            const std::vector<std::uint64_t> expected = region.expected;
            region.map();
            region.expected = expected;
            // A VMA at a time: what is watched is registered in blocks of 2 MiB, and one that is registered is not
            // moved together with one that is not.
            for (std::uint64_t offset = 0; offset < kBody; offset += kSize2M) {
                void* moved = ::mremap((old + offset).ptr(), kSize2M, kSize2M, MREMAP_MAYMOVE | MREMAP_FIXED,
                                       (region.start + offset).ptr());
                check(reinterpret_cast<std::uint64_t>(moved), (region.start + offset).value);
            }
            // The body's addresses may be somebody else's by now.
            ::munmap((old - kPageSize).ptr(), kPageSize);
            ::munmap((old + kBody).ptr(), kTail + kPageSize);
            break;
        }
        case 3:
            ::madvise(region.start.ptr(), kBody, MADV_DONTNEED);
            region.forget();
            break;
        default:
            for (std::uint64_t sample = 0; sample < kSamples; sample += 9)
                check(*region.word(sample), region.expected[sample]);
            break;
    }
}

void Stress::advice_step(Region& region, Random& random, unsigned) {
    Vm& of = *vms[random() % vms.size()];
    Device* other = devices[random() % devices.size()].get();
    PreferredLocation where;
    where.where = static_cast<PreferredLocation::Where>(random() % 3);
    if (where.where == PreferredLocation::Where::kDevice) where.device = other;
    int err = 0;
    switch (random() % 4) {
        case 0:
            err = of.madvise(region.body(), where);
            if (err == -ENOLINK) err = 0;  // the device is alone
            break;
        case 1:
            err = of.madvise({region.start + kSize64K, region.start + kSize2M + kSize64K},
                             random() % 2 == 0 ? AtomicAccess::kGlobal : AtomicAccess::kUndefined);
            break;
        default:
            err = of.prefetch(region.body(), {.where = static_cast<PrefetchRegion::Where>(random() % 3),
                                              .tile = static_cast<unsigned>(random() % 2)});
            break;
    }
    check(static_cast<std::uint64_t>(-err), 0);
    const std::uint64_t sample = random() % kSamples;
    check(SoftEu(of, tlb).read(region.word(sample)), region.expected[sample]);
}

/// A buffer in the VRAM that SVM fills, or the region at another address.
void Stress::other_bindings_step(Region& region, Random& random, unsigned) {
    const std::size_t d = random() % devices.size();
    Vm& own = *bare[d];
    const VirtAddr at{1ull << 33};
    SoftEu eu(own, tlb);
    if (random() % 2 == 0) {
        const Interval where{at, at + kSize2M};
        int err = 0;
        Bo* bo = Bo::create(devices[d]->tile(random() % 2), {kSize2M}, &err);
        if (bo == nullptr) return;  // all of the VRAM is busy for the moment
        if (own.bind_bo(where, *bo) == 0) {
            const std::uint64_t value = random();
            eu.write(at.ptr<std::uint64_t>() + 5, value);
            if (random() % 2 == 0) static_cast<void>(bo->evict());
            check(eu.read(at.ptr<std::uint64_t>() + 5), value);
            check(static_cast<std::uint64_t>(-own.unbind(where)), 0);
        }
        bo->put();
        return;
    }
    const Interval where{at, at + kBody};
    if (own.bind_userptr(where, region.start) != 0) return;
    mm->sync();
    const std::uint64_t sample = random() % kSamples;
    std::uint64_t* p = (at + (VirtAddr::of(region.word(sample)) - region.start)).ptr<std::uint64_t>();
    check(eu.read(p), region.expected[sample]);
    eu.write(p, region.expected[sample] = random());
    check(static_cast<std::uint64_t>(-own.unbind(where)), 0);
}

void Stress::worker(unsigned id, std::uint64_t seed, unsigned who, Step step) {
    Random random(seed + id);
    while (std::chrono::steady_clock::now() < end && wrong == 0 && !HasFailure()) {
        Region& region = *regions[random() % regions.size()];
        std::unique_lock lock(region.lock, std::try_to_lock);
        if (!lock.owns_lock()) {
            std::this_thread::yield();
            continue;
        }
        (this->*step)(region, random, who);
        ++steps;
    }
}

void Stress::run(const char* policy, bool allow_move, std::chrono::milliseconds time, std::uint64_t seed) {
    start(policy, kVram, {.devices = 3, .tiles = 2, .allow_move = allow_move});
    for (const auto& each : devices) {
        int err = 0;
        bare.push_back(Vm::create(*each, &err));
        ASSERT_EQ(0, err);
    }
    counters = std::make_unique<Mapping>(kSize2M);
    for (unsigned i = 0; i < kRegions; ++i) {
        regions.push_back(std::make_unique<Region>());
        regions.back()->map();
    }
    end = std::chrono::steady_clock::now() + time;
    std::vector<std::thread> threads;
    unsigned id = 0;
    const auto add = [&](Step step, unsigned who = 0) {
        threads.emplace_back([=, this, me = id++] { worker(me, seed, who, step); });
    };
    for (const unsigned who : {0u, 1u, 2u, 5u}) add(&Stress::eu_step, who);
    for (const Step step : {&Stress::cpu_step, &Stress::system_call_step, &Stress::mapping_step, &Stress::advice_step,
                            &Stress::other_bindings_step})
        add(step);
    for (auto& thread : threads) thread.join();

    EXPECT_EQ(0u, wrong);
    for (const auto& region : regions) {
        for (std::uint64_t sample = 0; sample < kSamples; ++sample)
            EXPECT_EQ(region->expected[sample], *region->word(sample)) << "sample " << sample;
        region->unmap();
    }
    std::uint64_t sum = 0;
    for (int i = 0; i < 8; ++i) sum += counters->words()[i];
    EXPECT_EQ(added, sum);
    counters.reset();
    mm->sync();
    std::uint64_t faults = 0;
    for (unsigned d = 0; d < devices.size(); ++d)
        for (unsigned t = 0; t < 2; ++t) faults += stat(GtStat::kSvmPagefaultCount, d, t);
    std::printf("%s, %s: %llu steps, %llu faults, %llu invalidations\n", policy, allow_move ? "move" : "no move",
                static_cast<unsigned long long>(steps), static_cast<unsigned long long>(faults),
                static_cast<unsigned long long>(tlb.invalidations));
    EXPECT_GT(faults, 0u);
    for (Vm* each : bare) drop(each);
}

struct Form {
    const char* name;
    const char* policy;
    bool allow_move;
};

class EveryForm : public Stress, public ::testing::WithParamInterface<Form> {};

TEST_P(EveryForm, LosesNothing) {
    const std::uint64_t seed = number_from("FAULTLINE_SEED", 20261121);
    const std::uint64_t seconds = number_from("FAULTLINE_STRESS_SECONDS", 60);
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    run(GetParam().policy, GetParam().allow_move, std::chrono::milliseconds(seconds * 1000 / 6), seed);
}

INSTANTIATE_TEST_SUITE_P(, EveryForm,
                         ::testing::Values(Form{"Xe70", "xe-7.0", true}, Form{"FineGrained", "fine-grained", true},
                                           Form{"SeriesV4", "series-v4", true}, Form{"Xe70NoMove", "xe-7.0", false},
                                           Form{"FineGrainedNoMove", "fine-grained", false},
                                           Form{"SeriesV4NoMove", "series-v4", false}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace faultline::svm::test
