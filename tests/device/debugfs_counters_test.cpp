// From a PCI address to the counters, on a copy of the kernel's file tree made for the test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "device/gt_counters.h"
#include "tests/temporary_directory.h"

namespace faultline::device {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kPci = "0000:03:00.0";

class DebugfsCounters : public testing::Test {
protected:
    void add_card(unsigned number) {
        fs::create_directories(root_ / "pci" / kPci / "drm" / ("card" + std::to_string(number)));
    }
    void add_stats(const std::string& path, const std::string& text) {
        directory_.write(fs::path("debugfs/dri") / path, text);
    }
    Expected<std::unique_ptr<GtCounterSource>> open() {
        return open_debugfs_counters(kPci, {(root_ / "debugfs").string(), (root_ / "pci").string()});
    }
    std::uint64_t faults() {
        auto source = open();
        EXPECT_TRUE(source.ok()) << (source.ok() ? "" : source.error().message);
        if (!source) return ~0ull;
        const Expected<GtCounters> counters = (*source)->read();
        EXPECT_TRUE(counters.ok()) << (counters.ok() ? "" : counters.error().message);
        return counters ? counters->value("svm_pagefault_count").value_or(~0ull) : ~0ull;
    }

    TemporaryDirectory directory_;
    fs::path root_ = directory_.path();
};

TEST_F(DebugfsCounters, ReadsTheCardOfThePciAddressAndNoOther) {
    add_card(1);
    add_stats("0/gt0/stats", "svm_pagefault_count: 1\n");
    add_stats("1/gt0/stats", "svm_pagefault_count: 22\n");
    EXPECT_EQ(faults(), 22u);
}

TEST_F(DebugfsCounters, TakesThePrimaryGtOfEachTile) {
    add_card(0);
    add_stats("0/tile0/gt0/stats", "svm_pagefault_count: 3\n");
    add_stats("0/tile0/gt1/stats", "svm_pagefault_count: 1000\n");  // media
    add_stats("0/tile1/gt2/stats", "svm_pagefault_count: 40\n");
    add_stats("0/gt0/stats", "svm_pagefault_count: 3\n");  // the compatibility link to the first
    EXPECT_EQ(faults(), 43u);
}

TEST_F(DebugfsCounters, ReadsAnewEachTime) {
    add_card(0);
    add_stats("0/gt0/stats", "svm_pagefault_count: 1\n");
    auto source = open();
    ASSERT_TRUE(source.ok());
    add_stats("0/gt0/stats", "svm_pagefault_count: 2\n");
    const Expected<GtCounters> counters = (*source)->read();
    ASSERT_TRUE(counters.ok());
    EXPECT_EQ(counters->value("svm_pagefault_count"), 2u);
}

TEST_F(DebugfsCounters, SaysThatThereIsNoCard) {
    const auto source = open();
    ASSERT_FALSE(source.ok());
    EXPECT_EQ(source.error().kind, ErrorKind::kUnavailable);
    EXPECT_THAT(source.error().message, HasSubstr(kPci));
}

TEST_F(DebugfsCounters, SaysThatDebugfsIsMissing) {
    add_card(0);
    const auto source = open();
    ASSERT_FALSE(source.ok());
    EXPECT_THAT(source.error().message, HasSubstr("debugfs"));
}

TEST_F(DebugfsCounters, SaysWhichFileIsMissing) {
    add_card(0);
    fs::create_directories(root_ / "debugfs" / "dri" / "0");
    const auto source = open();
    ASSERT_FALSE(source.ok());
    EXPECT_THAT(source.error().message, HasSubstr("0/gt0/stats"));
}

TEST_F(DebugfsCounters, SaysWhichFileAndLineIsMalformed) {
    add_card(0);
    add_stats("0/gt0/stats", "a: 1\nrubbish\n");
    const auto source = open();
    ASSERT_TRUE(source.ok());
    const Expected<GtCounters> counters = (*source)->read();
    ASSERT_FALSE(counters.ok());
    EXPECT_THAT(counters.error().message, HasSubstr("gt0/stats"));
    EXPECT_THAT(counters.error().message, HasSubstr("line 2"));
}

}  // namespace
}  // namespace faultline::device
