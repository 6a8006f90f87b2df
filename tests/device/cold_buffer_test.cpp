// Fresh memory: where it lies, what it holds, and what lies beside it.
#include "device/cold_buffer.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <fstream>
#include <set>
#include <string>

namespace faultline::device {
namespace {

constexpr Bytes kMiB{1u << 20};
constexpr Bytes k64K{64u << 10};

ColdBuffer made(Expected<ColdBuffer> buffer) {
    EXPECT_TRUE(buffer.ok()) << (buffer.ok() ? "" : buffer.error().message);
    return *std::move(buffer);
}

/// Permissions of the mapping that holds `p`, from the kernel; empty when nothing is mapped there.
std::string permissions(const void* p) {
    std::ifstream maps("/proc/self/maps");
    const auto address = reinterpret_cast<std::uintptr_t>(p);
    for (std::string line; std::getline(maps, line);) {
        unsigned long begin = 0;
        unsigned long end = 0;
        char mode[5] = {};
        if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, mode) == 3 && begin <= address && address < end) {
            return mode;
        }
    }
    return {};
}

bool resident(const std::byte* page) {
    unsigned char in_core = 0;
    EXPECT_EQ(::mincore(const_cast<std::byte*>(page), 4096, &in_core), 0);
    return (in_core & 1) != 0;
}

TEST(ColdBuffer, StartsAtTwoMebibytes) {
    for (const Touch touch : {Touch::kUntouched, Touch::kCpuTouched}) {
        const ColdBuffer buffer = made(ColdBuffer::create(kMiB * 5, touch, HugePages::kSmall));
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % (2u << 20), 0u);
        EXPECT_EQ(buffer.size(), kMiB * 5);
    }
}

TEST(ColdBuffer, UntouchedHasNoPagesAndReadsAsZero) {
    const ColdBuffer buffer = made(ColdBuffer::create(kMiB * 2, Touch::kUntouched, HugePages::kSmall));
    for (std::size_t at = 0; at < buffer.size().count; at += 4096) ASSERT_FALSE(resident(buffer.data() + at));
    EXPECT_EQ(buffer.expected(4096), 0u);
    EXPECT_EQ(buffer.word(4096), 0u);
}

TEST(ColdBuffer, EveryWordTouchedHoldsItsPattern) {
    const ColdBuffer buffer = made(ColdBuffer::create(kMiB, Touch::kCpuTouched, HugePages::kHuge));
    std::set<std::uint32_t> values;
    for (std::size_t at = 0; at < buffer.size().count; at += 4) {
        ASSERT_EQ(buffer.word(at), buffer.expected(at)) << at;
        values.insert(buffer.word(at));
    }
    EXPECT_EQ(values.size(), buffer.size().count / 4) << "two words cannot be told apart";
}

TEST(ColdBuffer, TwoBuffersDiffer) {
    const ColdBuffer a = made(ColdBuffer::create(kMiB, Touch::kCpuTouched, HugePages::kSmall));
    const ColdBuffer b = made(ColdBuffer::create(kMiB, Touch::kCpuTouched, HugePages::kSmall));
    EXPECT_NE(a.word(0), b.word(0));
}

TEST(ColdBuffer, PiecesHaveNothingBetweenThem) {
    const ColdBuffer buffer = made(ColdBuffer::create_pieces(8, k64K, Touch::kCpuTouched));
    EXPECT_EQ(buffer.size(), k64K * 8);
    EXPECT_EQ(buffer.pitch(), k64K * 2);
    for (std::size_t i = 0; i < 8; ++i) {
        const std::size_t begin = i * buffer.pitch().count;
        EXPECT_EQ(permissions(buffer.data() + begin), "rw-p");
        EXPECT_EQ(permissions(buffer.data() + begin + k64K.count - 1), "rw-p");
        EXPECT_EQ(permissions(buffer.data() + begin + k64K.count), "---p");
        EXPECT_EQ(buffer.word(begin + k64K.count - 4), buffer.expected(begin + k64K.count - 4));
    }
}

TEST(ColdBuffer, IsUnmappedAtItsEndAndOnlyThen) {
    const std::byte* data = nullptr;
    {
        ColdBuffer buffer = made(ColdBuffer::create(kMiB, Touch::kCpuTouched, HugePages::kSmall));
        data = buffer.data();
        const ColdBuffer moved = std::move(buffer);
        EXPECT_EQ(moved.data(), data);
        EXPECT_EQ(permissions(data), "rw-p");
    }
    EXPECT_NE(permissions(data), "rw-p");
}

TEST(ColdBuffer, ImpossibleSizeIsAnError) {
    const auto buffer = ColdBuffer::create(Bytes{1ull << 60}, Touch::kUntouched, HugePages::kSmall);
    ASSERT_FALSE(buffer.ok());
    EXPECT_EQ(buffer.error().kind, ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace faultline::device
