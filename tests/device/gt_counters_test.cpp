// The GT counter parser: the kernel's own text, and everything that must not pass for it.
#include "device/gt_counters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace faultline::device {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Counter = GtCounters::Counter;

GtCounters parsed(std::string_view text) {
    Expected<GtCounters> counters = GtCounters::parse(text);
    EXPECT_TRUE(counters.ok()) << (counters.ok() ? "" : counters.error().message);
    return counters.ok() ? *counters : GtCounters{};
}

TEST(GtCounters, KeepsNamesOrderAndAll64Bits) {
    const GtCounters counters = parsed(
        "svm_pagefault_count: 18446744073709551615\n"
        "tlb_inval_count: 0\n"
        "svm_4K_pagefault_us: 4294967296\n");
    EXPECT_THAT(counters.all(),
                ElementsAre(Counter{"svm_pagefault_count", 18446744073709551615u}, Counter{"tlb_inval_count", 0},
                            Counter{"svm_4K_pagefault_us", 4294967296u}));
}

TEST(GtCounters, MatchesWholeKeysOnly) {
    const GtCounters counters = parsed("vma_pagefault_count: 7\nsvm_pagefault_count: 3\n");
    EXPECT_EQ(counters.value("svm_pagefault_count"), 3u);
    EXPECT_EQ(counters.value("pagefault_count"), std::nullopt);
    EXPECT_EQ(counters.value("svm_pagefault"), std::nullopt);
}

TEST(GtCounters, AcceptsBlankLinesAndAMissingLastLineBreak) {
    EXPECT_THAT(parsed("a: 1\n\n  b:2  ").all(), ElementsAre(Counter{"a", 1}, Counter{"b", 2}));
    EXPECT_TRUE(parsed("").all().empty());
}

struct Malformed {
    const char* text;
    const char* line;
};

class GtCountersMalformed : public testing::TestWithParam<Malformed> {};

TEST_P(GtCountersMalformed, IsAnErrorThatNamesTheLine) {
    const Expected<GtCounters> counters = GtCounters::parse(GetParam().text);
    ASSERT_FALSE(counters.ok());
    EXPECT_THAT(counters.error().message, HasSubstr(GetParam().line));
}

INSTANTIATE_TEST_SUITE_P(Texts, GtCountersMalformed,
                         testing::Values(Malformed{"a: 1\nb 2\n", "line 2"}, Malformed{"a: 1\n\nb: x\n", "line 3"},
                                         Malformed{"a: -1\n", "line 1"}, Malformed{"a: 1 2\n", "line 1"},
                                         Malformed{"a: 18446744073709551616\n", "line 1"}, Malformed{"a:\n", "line 1"},
                                         Malformed{": 1\n", "line 1"}, Malformed{"a b: 1\n", "line 1"},
                                         Malformed{"a: 1\na: 2\n", "line 2"}, Malformed{"a: 0x10\n", "line 1"}));

TEST(GtCounters, SinceIsTheDifferenceOfWhatBothHave) {
    const GtCounters before = parsed("a: 5\ngone: 1\n");
    const GtCounters after = parsed("a: 12\nnew: 3\n");
    const Expected<GtCounters> delta = after.since(before);
    ASSERT_TRUE(delta.ok());
    EXPECT_THAT(delta->all(), ElementsAre(Counter{"a", 7}));
}

TEST(GtCounters, SinceRefusesACounterThatWentBack) {
    const Expected<GtCounters> delta = parsed("a: 4\n").since(parsed("a: 5\n"));
    ASSERT_FALSE(delta.ok());
    EXPECT_THAT(delta.error().message, HasSubstr("zeroed"));
}

TEST(GtCounters, AddSumsByName) {
    GtCounters total = parsed("a: 1\nb: 2\n");
    total.add(parsed("b: 40\nc: 5\n"));
    EXPECT_THAT(total.all(), ElementsAre(Counter{"a", 1}, Counter{"b", 42}, Counter{"c", 5}));
}

}  // namespace
}  // namespace faultline::device
