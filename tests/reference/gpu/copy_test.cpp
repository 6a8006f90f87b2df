// The copy engines: data, order, and addresses that are not there.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <numeric>
#include <thread>
#include <vector>

#include "reference/gpu/copy_engine.h"
#include "reference/gpu/signals.h"

namespace faultline::gpu {
namespace {

class CopyTest : public ::testing::Test {
protected:
    void SetUp() override {
        install_signal_handler();
        ASSERT_EQ(0, engines.start(2));
    }
    static std::vector<std::uint8_t> pattern(std::size_t size, unsigned salt = 1) {
        std::vector<std::uint8_t> v(size);
        for (std::size_t i = 0; i < size; ++i) v[i] = static_cast<std::uint8_t>((i * 2654435761u + salt) >> 7);
        return v;
    }
    CopyEngines engines;
};

TEST_F(CopyTest, CopiesEverySize) {
    for (std::size_t size : {1u, 4096u, 262143u, 262144u, 262145u, 5u << 20}) {
        auto src = pattern(size);
        std::vector<std::uint8_t> dst(size + 1, 0xee);
        ASSERT_EQ(0, engines.copy_user({dst.data(), src.data(), Bytes{size}}));
        EXPECT_EQ(0, std::memcmp(dst.data(), src.data(), size)) << size;
        EXPECT_EQ(0xee, dst[size]) << size;
    }
}

TEST_F(CopyTest, ClearsWithoutASource) {
    std::vector<std::uint8_t> dst(3 << 20, 1);
    svm::CopyJob job{dst.data(), nullptr, Bytes{dst.size()}};
    ASSERT_EQ(0, engines.copy({&job, 1}));
    EXPECT_EQ(dst, std::vector<std::uint8_t>(dst.size(), 0));
}

TEST_F(CopyTest, ManyJobsOfOneCall) {
    constexpr std::size_t kJobs = 512, kSize = 4096;
    auto src = pattern(kJobs * kSize);
    std::vector<std::uint8_t> dst(kJobs * kSize, 0);
    std::vector<svm::CopyJob> jobs;
    for (std::size_t i = 0; i < kJobs; ++i) {
        jobs.push_back({dst.data() + i * kSize, src.data() + (kJobs - 1 - i) * kSize, Bytes{kSize}});
    }
    ASSERT_EQ(0, engines.copy(jobs));
    for (std::size_t i = 0; i < kJobs; ++i) {
        ASSERT_EQ(0, std::memcmp(dst.data() + i * kSize, src.data() + (kJobs - 1 - i) * kSize, kSize));
    }
}

TEST_F(CopyTest, JobsThatDependOnEachOtherRunInOrder) {
    const std::size_t size = 2 << 20;
    auto first = pattern(size, 1);
    std::vector<std::uint8_t> a(size, 0), b(size, 0);
    for (int round = 0; round < 20; ++round) {
        std::fill(a.begin(), a.end(), std::uint8_t{0});
        std::fill(b.begin(), b.end(), std::uint8_t{0});
        const svm::CopyJob jobs[] = {
            {a.data(), first.data(), Bytes{size}}, {b.data(), a.data(), Bytes{size}}, {a.data(), nullptr, Bytes{size}}};
        ASSERT_EQ(0, engines.copy(jobs));
        ASSERT_EQ(first, b);
        ASSERT_EQ(0, a[size / 2]);
    }
}

TEST_F(CopyTest, FillRepeatsAPattern) {
    for (std::size_t pattern_size : {1u, 4u, 16u, 3u, 128u}) {
        auto p = pattern(pattern_size);
        for (std::size_t size : {std::size_t{5}, std::size_t{100'000}, std::size_t{(1 << 20) + 7}}) {
            std::vector<std::uint8_t> dst(size, 0);
            ASSERT_EQ(0, engines.fill_user(dst.data(), p.data(), Bytes{pattern_size}, Bytes{size}));
            for (std::size_t i = 0; i < size; ++i)
                ASSERT_EQ(p[i % pattern_size], dst[i]) << pattern_size << " at " << i;
        }
    }
}

TEST_F(CopyTest, AddressesThatAreNotMappedAreErrors) {
    const std::size_t size = 1 << 20;
    void* hole = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(MAP_FAILED, hole);
    std::vector<std::uint8_t> buffer(size, 7);
    EXPECT_EQ(-EFAULT, engines.copy_user({hole, buffer.data(), Bytes{size}}));
    EXPECT_EQ(-EFAULT, engines.copy_user({buffer.data(), hole, Bytes{size}}));
    EXPECT_EQ(-EFAULT, engines.copy_user({hole, nullptr, Bytes{64}}));
    EXPECT_EQ(-EFAULT, engines.fill_user(hole, buffer.data(), Bytes{4}, Bytes{size}));
    svm::CopyJob job{hole, buffer.data(), Bytes{size}};
    EXPECT_EQ(-EIO, engines.copy({&job, 1}));
    munmap(hole, size);
    EXPECT_EQ(0, engines.copy_user({buffer.data(), buffer.data() + size / 2, Bytes{size / 2}})) << "engines go on";
}

TEST_F(CopyTest, SubmittersInParallel) {
    std::vector<std::thread> submitters;
    for (unsigned t = 0; t < 4; ++t) {
        submitters.emplace_back([this, t] {
            auto src = pattern(3 << 20, t);
            std::vector<std::uint8_t> dst(src.size());
            for (int round = 0; round < 10; ++round) {
                std::fill(dst.begin(), dst.end(), std::uint8_t{0});
                ASSERT_EQ(0, engines.copy_user({dst.data(), src.data(), Bytes{src.size()}}));
                ASSERT_EQ(src, dst);
            }
        });
    }
    for (std::thread& t : submitters) t.join();
}

}  // namespace
}  // namespace faultline::gpu
