// What kernels compute, access by access kind, on memory that they fault in themselves.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/gpu_test_basic.h"
#include "kernels/gpu_test_local.h"
#include "tests/reference/gpu/gpu_fixture.h"

namespace faultline::gpu::test {
namespace {

class KernelTest : public GpuTest {
protected:
    void SetUp() override {
        start();
        load(kernel_gpu_test_basic());
    }
};

TEST_F(KernelTest, VectorAddOverManyGroups) {
    constexpr std::uint32_t n = 300'000;
    Pages<float> a(n), b(n), c(n + 64);
    for (std::uint32_t i = 0; i < n; ++i) {
        a[i] = static_cast<float>(i);
        b[i] = 0.5f * static_cast<float>(i);
    }
    DispatchResult r = run("vadd", {(n + 255) / 256}, {256}, a.data(), b.data(), c.data(), n);
    ASSERT_EQ(0, r.err);
    for (std::uint32_t i = 0; i < n; ++i) ASSERT_EQ(1.5f * static_cast<float>(i), c[i]) << i;
    for (std::uint32_t i = n; i < n + 64; ++i) ASSERT_EQ(0.0f, c[i]) << "wrote beyond the end";
    EXPECT_GT(gpu->counters().faults, 0u);
    EXPECT_LT(r.start_ticks, r.end_ticks);
}

TEST_F(KernelTest, WorksOnTheHeap) {
    constexpr std::uint32_t n = 1 << 16;
    std::vector<float> a(n, 1), b(n, 2), c(n, 0);
    ASSERT_EQ(0, run("vadd", {n / 64}, {64}, a.data(), b.data(), c.data(), n).err);
    EXPECT_THAT(c, ::testing::Each(3.0f));
}

TEST_F(KernelTest, StridedReads) {
    constexpr std::uint64_t stride = 1031;
    constexpr std::uint32_t count = 16;
    constexpr std::uint32_t items = 64;
    Pages<std::uint32_t> in(items * count * stride), out(items);
    for (std::uint64_t i = 0; i < items * count; ++i) in[i * stride] = static_cast<std::uint32_t>(i);
    ASSERT_EQ(0, run("strided", {4}, {16}, in.data(), out.data(), stride, count).err);
    for (std::uint32_t i = 0; i < items; ++i) {
        std::uint32_t sum = 0;
        for (std::uint32_t k = 0; k < count; ++k) sum += i * count + k;
        EXPECT_EQ(sum, out[i]);
    }
}

TEST_F(KernelTest, StructuresByValueAndByCopy) {
    struct Record {
        std::uint32_t id;
        std::uint64_t payload[7];
        std::uint8_t tail[5];
    };
    constexpr std::uint32_t n = 1000;
    Pages<Record> in(n), out(n);
    for (std::uint32_t i = 0; i < n; ++i) {
        in[i].id = i;
        for (std::uint64_t k = 0; k < 7; ++k) in[i].payload[k] = 100ull * i + k;
        for (unsigned k = 0; k < 5; ++k) in[i].tail[k] = static_cast<std::uint8_t>(i + k);
    }
    Record scale{};
    scale.id = 5;
    scale.payload[3] = 7;
    ASSERT_EQ(0, run("struct_copy", {n / 10}, {10}, in.data(), out.data(), scale).err);
    for (std::uint32_t i = 0; i < n; ++i) {
        const Record& r = out[n - 1 - i];
        ASSERT_EQ(i + 5, r.id);
        for (std::uint64_t k = 0; k < 7; ++k) ASSERT_EQ(100ull * i + k + (k == i % 7 ? 7 : 0), r.payload[k]);
        ASSERT_EQ(static_cast<std::uint8_t>(i + 4), r.tail[4]);
    }
}

TEST_F(KernelTest, VectorsAcrossPageBoundaries) {
    constexpr std::uint32_t n = 2048;
    for (std::uint32_t shift : {0u, 1u, 7u, 13u}) {
        Pages<std::uint8_t> in(16 * n + 64), out(16 * n + 64);
        std::uint8_t* source = in.data() + 8;  // 16-byte loads at 8-byte alignment
        for (std::uint32_t i = 0; i < 16 * n + 16; ++i) source[i] = static_cast<std::uint8_t>(i * 37 + 11);
        ASSERT_EQ(0, run("unaligned", {n / 32}, {32}, source, out.data(), shift).err);
        for (std::uint32_t i = 0; i < n; ++i) {
            std::uint64_t v[2], got[2];
            std::uint32_t w[4];
            std::memcpy(v, source + 16 * i, 16);
            std::memcpy(w, source + 16 * i, 16);
            v[0] ^= w[0];
            v[1] += w[3];
            std::memcpy(got, out.data() + 16 * i + shift, 16);
            ASSERT_EQ(v[0], got[0]) << "item " << i << " shift " << shift;
            ASSERT_EQ(v[1], got[1]) << "item " << i << " shift " << shift;
        }
    }
}

TEST_F(KernelTest, Atomics32) {
    constexpr std::uint32_t groups = 64, size = 64, n = groups * size;
    Pages<std::int32_t> counter(8), extremes(2);
    Pages<std::uint32_t> bits(3);
    bits[1] = ~0u;
    ASSERT_EQ(0, run("atomics32", {groups}, {size}, counter.data(), extremes.data(), bits.data()).err);
    EXPECT_EQ(static_cast<std::int32_t>(n), counter[0]);
    EXPECT_EQ(-2 * static_cast<std::int32_t>(n), counter[1]);
    EXPECT_EQ(3 * static_cast<std::int32_t>(n), counter[2]);
    EXPECT_EQ(7, counter[3]);
    EXPECT_EQ(1, counter[4] & 1);
    EXPECT_EQ(-static_cast<std::int32_t>(n - 1), extremes[0]);
    EXPECT_EQ(static_cast<std::int32_t>(n - 1), extremes[1]);
    EXPECT_EQ(~0u, bits[0]);
    EXPECT_EQ(1u << 31, bits[1]);
    std::uint32_t all = 0;
    for (std::uint32_t i = 0; i < n; ++i) all ^= i;
    EXPECT_EQ(all, bits[2]);
}

TEST_F(KernelTest, Atomics64) {
    constexpr std::uint64_t groups = 50, size = 32, n = groups * size;
    Pages<std::uint64_t> counter(2);
    Pages<std::int64_t> extremes(2);
    ASSERT_EQ(0, run("atomics64", {groups}, {size}, counter.data(), extremes.data()).err);
    EXPECT_EQ(n << 33, counter[0]);
    EXPECT_EQ(5 * n, counter[1]);
    EXPECT_EQ(-static_cast<std::int64_t>((n - 1) << 33), extremes[0]);
    EXPECT_EQ(static_cast<std::int64_t>((n - 1) << 33), extremes[1]);
}

TEST_F(KernelTest, LegacyAtomics) {
    Pages<std::int32_t> counter(4);
    ASSERT_EQ(0, run("legacy_atomics", {10}, {10}, counter.data()).err);
    EXPECT_EQ(100, counter[0]);
    EXPECT_EQ(-100, counter[1]);
    EXPECT_EQ(200, counter[2]);
    EXPECT_EQ(9, counter[3]);
}

TEST_F(KernelTest, ChasesPointersThroughTheHeap) {
    struct Node {
        const Node* next;
        std::uint64_t value;
    };
    constexpr std::uint32_t hops = 5000;
    std::vector<std::unique_ptr<Node>> nodes;
    for (std::uint32_t i = 0; i < hops; ++i) nodes.push_back(std::make_unique<Node>(Node{nullptr, i}));
    for (std::uint32_t i = 0; i + 1 < hops; ++i) nodes[i]->next = nodes[i + 1].get();
    Pages<std::uint64_t> out(4);
    ASSERT_EQ(0, run("chase", {4}, {1}, nodes[0].get(), out.data(), hops).err);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(std::uint64_t{hops} * (hops - 1) / 2, out[i]);
}

TEST_F(KernelTest, ClockRisesAcrossAFault) {
    constexpr std::uint32_t n = 64;
    Pages<std::uint32_t> probe(n);
    Pages<std::uint64_t> ticks(2 * n);
    std::uint64_t before = gpu->clock_ticks();
    ASSERT_EQ(0, run("clock_kernel", {1}, {n}, probe.data(), ticks.data()).err);
    std::uint64_t after = gpu->clock_ticks();
    std::uint64_t last = before;
    for (std::uint32_t i = 0; i < 2 * n; ++i) {
        EXPECT_LE(last, ticks[i]) << "work-items of one group run in order on one EU";
        last = ticks[i];
    }
    EXPECT_LE(last, after);
    // The first access faults: it takes longer than any hit could.
    EXPECT_GT(static_cast<double>(ticks[1] - ticks[0]) * gpu->tick_ns(), 500.0);
}

TEST_F(KernelTest, WorkItemNumbers) {
    const Dim3 groups{3, 2, 2}, size{4, 3, 2};
    constexpr std::uint32_t kFields = 8;
    Pages<std::uint32_t> out(groups.count() * size.count() * kFields);
    ASSERT_EQ(0, run("ids", groups, size, out.data()).err);
    std::uint32_t linear = 0;
    for (std::uint32_t z = 0; z < 4; ++z)
        for (std::uint32_t y = 0; y < 6; ++y)
            for (std::uint32_t x = 0; x < 12; ++x, ++linear) {
                const std::uint32_t* f = &out[linear * kFields];
                const std::uint32_t want[kFields] = {x % 4, y % 3, x / 4, z / 2, 3, 3, 3, linear};
                for (std::uint32_t k = 0; k < kFields; ++k) ASSERT_EQ(want[k], f[k]) << linear << " field " << k;
            }
}

TEST_F(KernelTest, GlobalOffsetShiftsGlobalIds) {
    Pages<std::uint64_t> out(100);
    const Kernel* kernel = module->kernel("write_value");
    ASSERT_NE(nullptr, kernel);
    ArgBlock block(*kernel);
    block.add(out.data()).add(std::uint64_t{1}).add(std::uint64_t{9});
    DispatchResult r = gpu->execute({kernel, block.data(), {2}, {5}, vm, {40, 0, 0}});
    ASSERT_EQ(0, r.err);
    for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(i >= 40 && i < 50 ? 9u : 0u, out[i]);
}

TEST_F(KernelTest, Mathematics) {
    constexpr std::size_t n = 64;
    Pages<float> in(n), out(8 * n);
    for (std::size_t i = 0; i < n; ++i) in[i] = static_cast<float>(i) * 0.37f - 9.0f;
    ASSERT_EQ(0, run("maths", {8}, {8}, in.data(), out.data()).err);
    const float table[4] = {1, 2, 4, 8};
    for (std::size_t i = 0; i < n; ++i) {
        float x = in[i];
        auto u = static_cast<unsigned>(i);
        const double want[8] = {
            std::sqrt(std::fabs(x)) + table[i % 4],
            std::exp(x) + std::log(std::fabs(x) + 1.0f),
            std::fma(x, x, 1.0f) + (x * 2.0f + 1.0f),
            std::fmax(x, 0.5f) + std::fmin(x, -0.5f) + std::clamp(x, 0.0f, 1.0f),
            std::sin(x) + std::cos(x) + std::floor(x) + std::pow(std::fabs(x), 1.5f),
            static_cast<double>(static_cast<unsigned>(__builtin_popcount(u)) + std::max(u, 3u) + std::min(u, 2u) +
                                (u == 0 ? 32u : static_cast<unsigned>(__builtin_clz(u)))),
            x * x + 14.0f + std::sqrt(2.0f) + 3.0f,
            std::sqrt(std::fabs(x)) + 1.0f / std::sqrt(std::fabs(x) + 1.0f) + 12.0f,
        };
        for (std::size_t k = 0; k < 8; ++k) {
            ASSERT_NEAR(want[k], out[8 * i + k], 1e-5 * std::fabs(want[k]) + 1e-4) << "x " << x << " term " << k;
        }
    }
}

TEST_F(KernelTest, PrivateArrays) {
    constexpr std::uint32_t n = 256;
    Pages<std::uint32_t> in(n), out(n);
    for (std::uint32_t i = 0; i < n; ++i) in[i] = i * 7;
    ASSERT_EQ(0, run("private_array", {4}, {64}, in.data(), out.data()).err);
    for (std::uint32_t i = 0; i < n; ++i) {
        std::uint32_t buffer[16] = {};
        for (std::uint32_t k = 0; k < 16; ++k) buffer[(in[i] + k * 5) % 16] = k + in[i];
        std::uint32_t sum = 0;
        for (std::uint32_t k : buffer) sum = sum * 31 + k;
        ASSERT_EQ(sum, out[i]);
    }
}

TEST_F(KernelTest, GenericPointersReachPrivateAndGlobalMemory) {
    Pages<std::uint32_t> out(4);
    out[1] = 100;
    ASSERT_EQ(0, run("generic_pointer", {1}, {1}, out.data(), 1u).err);
    EXPECT_EQ(110u, out[1]);
    EXPECT_EQ(2u, out[2]);
    ASSERT_EQ(0, run("generic_pointer", {1}, {1}, out.data(), 0u).err);
    EXPECT_EQ(110u, out[1]);
    EXPECT_EQ(12u, out[2]);
}

TEST_F(KernelTest, TwoDispatchesAtOnce) {
    constexpr std::uint32_t n = 1 << 18;
    Pages<float> a(n), b(n), c(n), d(n);
    std::fill_n(a.data(), n, 1.0f);
    std::fill_n(b.data(), n, 2.0f);
    std::thread other([&] { EXPECT_EQ(0, run("vadd", {n / 256}, {256}, b.data(), b.data(), d.data(), n).err); });
    EXPECT_EQ(0, run("vadd", {n / 256}, {256}, a.data(), b.data(), c.data(), n).err);
    other.join();
    for (std::uint32_t i = 0; i < n; ++i) {
        ASSERT_EQ(3.0f, c[i]);
        ASSERT_EQ(4.0f, d[i]);
    }
}

TEST_F(KernelTest, LocalMemoryAndBarriers) {
    load(kernel_gpu_test_local());
    constexpr std::uint32_t groups = 100, size = 64;
    Pages<std::uint32_t> in(groups * size), out(groups);
    std::iota(in.data(), in.data() + groups * size, 0u);
    ASSERT_EQ(0, run("reduce", {groups}, {size}, in.data(), out.data()).err);
    for (std::uint32_t g = 0; g < groups; ++g) {
        ASSERT_EQ(size * g * size + size * (size - 1) / 2, out[g]) << "group " << g;
    }
    ASSERT_EQ(0, run("rotate_local", {groups}, {size}, in.data(), std::uint64_t{size * 4}).err);
    for (std::uint32_t i = 0; i < groups * size; ++i) {
        ASSERT_EQ(i / size * size + (i + 1) % size, in[i]);
    }
}

TEST_F(KernelTest, TooMuchLocalMemoryIsRefused) {
    load(kernel_gpu_test_local());
    Pages<std::uint32_t> data(64);
    EXPECT_EQ(-EINVAL, run("rotate_local", {1}, {64}, data.data(), kMaxLocalMemory.count + 1).err);
    EXPECT_EQ(-EINVAL, run("rotate_local", {1}, {kMaxGroupSize + 1}, data.data(), std::uint64_t{64}).err);
}

}  // namespace
}  // namespace faultline::gpu::test
