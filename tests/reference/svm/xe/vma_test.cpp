#include "reference/svm/xe/vma.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace faultline::svm {
namespace {

Interval pages(std::uint64_t first, std::uint64_t last) { return {{first * kPageSize}, {last * kPageSize}}; }

TEST(VmaTree, OverlapsAreRefused) {
    VmaTree tree;
    Vma* vma = nullptr;
    ASSERT_EQ(0, tree.insert(pages(10, 20), VmaKind::kBo, {}, &vma));
    EXPECT_EQ(-EINVAL, tree.insert(pages(19, 30), VmaKind::kBo, {}, &vma));
    EXPECT_EQ(-EINVAL, tree.insert(pages(0, 11), VmaKind::kBo, {}, &vma));
    EXPECT_EQ(0, tree.insert(pages(20, 30), VmaKind::kBo, {}, &vma));
    EXPECT_EQ(nullptr, tree.find({9 * kPageSize}));
    EXPECT_EQ(pages(10, 20), tree.find({19 * kPageSize})->interval);
}

// Buffers come and go in a mirror; whatever the order, in the end the mirror is one again and in between every page has
// exactly one VMA.
TEST(VmaTree, CarvedBuffersLeaveTheMirrorWhole) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    VmaTree tree;
    Vma* vma = nullptr;
    ASSERT_EQ(0, tree.insert(pages(1, 101), VmaKind::kCpuAddrMirror, {}, &vma));
    std::vector<Interval> buffers;
    for (int step = 0; step < 2000; ++step) {
        if (!buffers.empty() && random() % 2 == 0) {
            const std::size_t i = random() % buffers.size();
            Vma* buffer = tree.find(buffers[i].start);
            ASSERT_EQ(buffers[i], buffer->interval);
            ASSERT_EQ(VmaKind::kBo, buffer->kind);
            ASSERT_EQ(0, tree.restore(buffer));
            buffers.erase(buffers.begin() + static_cast<std::ptrdiff_t>(i));
        } else {
            const std::uint64_t first = 1 + random() % 100;
            const Interval wanted = pages(first, std::min<std::uint64_t>(101, first + 1 + random() % 5));
            Vma* mirror = tree.find(wanted.start);
            if (mirror->kind != VmaKind::kCpuAddrMirror || !mirror->interval.contains(wanted)) continue;
            ASSERT_EQ(0, tree.carve(mirror, wanted, VmaKind::kBo, {}, &vma));
            buffers.push_back(wanted);
        }
        for (std::uint64_t page = 1; page < 101; ++page) ASSERT_NE(nullptr, tree.find({page * kPageSize})) << page;
    }
    for (const Interval buffer : buffers) ASSERT_EQ(0, tree.restore(tree.find(buffer.start)));
    EXPECT_EQ(pages(1, 101), tree.find({50 * kPageSize})->interval);
}

}  // namespace
}  // namespace faultline::svm
