// What the benchmarks' harness computes without a device.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "bench/harness/pieces.h"
#include "bench/kernels/shuffle.h"

namespace faultline::bench {
namespace {

TEST(Shuffle, IsEveryNumberOnceAndNotInOrder) {
    for (unsigned bits = 1; bits <= 16; ++bits) {
        std::set<unsigned> seen;
        unsigned neighbours = 0;
        for (unsigned k = 0; k < 1u << bits; ++k) {
            seen.insert(faultline_shuffled(k, bits));
            neighbours += k > 0 && faultline_shuffled(k, bits) == faultline_shuffled(k - 1, bits) + 1 ? 1 : 0;
        }
        EXPECT_EQ(seen.size(), 1u << bits);
        EXPECT_LT(*seen.rbegin(), 1u << bits);
        EXPECT_LE(neighbours, 4u) << bits << " bits";
    }
    EXPECT_EQ(faultline_shuffled(5, 0), 5u);
}

TEST(Pieces, GiveEachAccessARangeOfItsOwn) {
    for (const std::uint64_t kib : {4, 64, 2048, 16384, 65536}) {
        const Pieces pieces = Pieces::of(Bytes{kib << 10});
        const auto buffer = pieces.make(device::Touch::kUntouched);
        ASSERT_TRUE(buffer.ok());
        EXPECT_EQ(buffer->size(), pieces.total());
        const Sweep sweep = pieces.sweep();
        EXPECT_EQ(sweep.accesses, pieces.ranges());
        EXPECT_EQ(pieces.range_size() * pieces.ranges(), pieces.total());
        // The last access is in the memory, a range before its end or the end of its mapping.
        const std::size_t last = (sweep.accesses - 1) * sweep.pitch;
        EXPECT_EQ(last, pieces.offset(pieces.ranges() - 1));
        const std::size_t extent = buffer->pitch().count * buffer->pieces();
        EXPECT_EQ(last + pieces.range_size().count, extent - (buffer->pieces() == 1 ? 0 : pieces.size.count));
        EXPECT_TRUE(verify_by_cpu(*buffer).ok());
    }
}

TEST(VerifyByCpu, NamesTheWrongWord) {
    const auto buffer = Pieces::of(Bytes{64u << 10}, 4).make(device::Touch::kCpuTouched);
    ASSERT_TRUE(buffer.ok());
    ASSERT_TRUE(verify_by_cpu(*buffer).ok());
    const std::size_t offset = 2 * buffer->pitch().count + 8192;
    *reinterpret_cast<std::uint32_t*>(buffer->data() + offset) ^= 1;
    const Status status = verify_by_cpu(*buffer);
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(status.error().message, testing::HasSubstr("offset 0x42000"));
}

}  // namespace
}  // namespace faultline::bench
