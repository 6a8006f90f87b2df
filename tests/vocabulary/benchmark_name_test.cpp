#include "vocabulary/benchmark_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <regex>

namespace faultline {
namespace {

using testing::ElementsAre;
using testing::Optional;

TEST(BenchmarkName, IsBuiltOfAFamilyWordsAndParameters) {
    const auto name = BenchmarkName("fault/first_touch").word("read").word("untouched").parameter("stride", "4K");
    EXPECT_EQ(name.text(), "fault/first_touch/read/untouched/stride:4K");
    EXPECT_EQ(name.family(), "fault/first_touch");
    EXPECT_THAT(name.words(), ElementsAre("read", "untouched"));
    EXPECT_THAT(name.parameter("stride"), Optional(std::string("4K")));
    EXPECT_EQ(name.parameter("threads"), std::nullopt);
}

TEST(BenchmarkName, APairIsTheDirectionInWhichBytesMove) {
    const auto name = BenchmarkName("p2p/copy").word("one").parameter("from", 0).parameter("to", 1);
    EXPECT_EQ(name.text(), "p2p/copy/one/from:0/to:1");
    EXPECT_EQ(name.without("from").without("to").text(), "p2p/copy/one");
}

TEST(BenchmarkName, OnlyAKeyMakesAParameter) {
    const auto name = BenchmarkName::parse("BM/std::sort/<int, 3>/:x/Key:1/k:");
    ASSERT_TRUE(name.ok()) << name.error().message;
    EXPECT_THAT(name->words(), ElementsAre("<int, 3>", ":x", "Key:1", "k:"));
    EXPECT_EQ(name->parameter("std"), std::nullopt);
}

TEST(BenchmarkName, SaysWhyATextIsNone) {
    const auto error = [](std::string_view text) {
        const auto name = BenchmarkName::parse(text);
        return name.ok() ? std::string("none") : name.error().message;
    };
    EXPECT_EQ(error(""), "\"\" is no name of a benchmark: it is empty");
    EXPECT_EQ(error("a//b"), "\"a//b\" is no name of a benchmark: it has an empty component");
    EXPECT_EQ(error("/a"), "\"/a\" is no name of a benchmark: it has an empty component");
    EXPECT_EQ(error("a/"), "\"a/\" is no name of a benchmark: it has an empty component");
    EXPECT_EQ(error("a\tb"), "\"a\tb\" is no name of a benchmark: it has a control character");
}

TEST(FamilyOf, IsTheFirstTwoComponents) {
    EXPECT_EQ(family_of("fault/first_touch/read/untouched/stride:4K"), "fault/first_touch");
    EXPECT_EQ(family_of("fault/first_touch"), "fault/first_touch");
    EXPECT_EQ(family_of("fault"), "fault");
    EXPECT_EQ(family_of(""), "");
}

TEST(Canonical, DropsWhatGoogleBenchmarkAppends) {
    EXPECT_EQ(canonical("fault/thp/small/untouched/iterations:8/manual_time"), "fault/thp/small/untouched");
    EXPECT_EQ(canonical("BM_x/64/min_time:0.500/min_warmup_time:1.000/repeats:3/process_time/real_time"), "BM_x/64");
    EXPECT_EQ(canonical("BM_x/min_time:2s"), "BM_x");
    EXPECT_EQ(canonical("BM_x"), "BM_x");
}

TEST(Canonical, KeepsWhatIsTheSuitesOwn) {
    for (const char* name :
         {"fault/parallelism/read/threads:4", "fault/x/iterations:8/size:64K", "fault/x/manual_time/read",
          "fault/x/iterations:many", "fault/x/iterations:", "fault/x_manual_time", "fault/x/real_time/threads:2"})
        EXPECT_EQ(canonical(name), name);
}

TEST(Canonical, NeverLeavesAnEmptyName) {
    EXPECT_EQ(canonical("manual_time"), "manual_time");
    EXPECT_EQ(canonical("/manual_time"), "/manual_time");
    EXPECT_EQ(canonical("iterations:8/manual_time"), "iterations:8");
    EXPECT_EQ(canonical(""), "");
}

TEST(ExactFilter, MatchesTheNamesWhateverIsAppended) {
    const std::regex filter(exact_filter({"fault/a/threads:1", "fault/b(c)[d]/1.5x"}));
    const auto matches = [&](const char* name) { return std::regex_search(name, filter); };
    EXPECT_TRUE(matches("fault/a/threads:1"));
    EXPECT_TRUE(matches("fault/a/threads:1/iterations:8/manual_time"));
    EXPECT_TRUE(matches("fault/a/threads:1/min_time:0.500/process_time/real_time"));
    EXPECT_TRUE(matches("fault/b(c)[d]/1.5x/manual_time"));
    EXPECT_FALSE(matches("fault/a/threads:16"));
    EXPECT_FALSE(matches("fault/a/threads:1/size:4K"));
    EXPECT_FALSE(matches("more/fault/a/threads:1"));
    EXPECT_FALSE(matches("fault/a/threads:1/manual_time/size:4K"));
    EXPECT_FALSE(matches("fault/b(c)[d]/1x5x"));
}

// Google Benchmark may use POSIX extended expressions.
TEST(ExactFilter, IsAnExtendedExpressionToo) {
    const std::string odd = "a/b.c+(x)|y[1]{2}^$?*\\";
    const std::regex filter(exact_filter({odd, "fault/a/threads:1"}), std::regex::extended);
    EXPECT_TRUE(std::regex_search(odd, filter));
    EXPECT_TRUE(std::regex_search(odd + "/iterations:8/manual_time", filter));
    EXPECT_TRUE(std::regex_search("fault/a/threads:1", filter));
    EXPECT_FALSE(std::regex_search("fault/a/threads:16", filter));
    EXPECT_FALSE(std::regex_search("xfault/a/threads:1", filter));
    EXPECT_FALSE(std::regex_search("a/bxc+(x)|y[1]{2}^$?*\\", filter));
}

/// A name as a family may make one, or somebody else's program.
std::string random_name(std::mt19937_64& random) {
    static constexpr std::string_view kLetters = "abcxyz019_.-<>+()[]{}^$|*? :,=%KM";
    const auto up_to = [&](std::size_t n) { return random() % n; };
    const auto letters = [&] {
        std::string text;
        for (std::size_t i = 0, n = 1 + up_to(8); i < n; ++i) text += kLetters[up_to(kLetters.size())];
        return text;
    };
    std::string name = letters();
    for (std::size_t i = 0, n = up_to(6); i < n; ++i) name += "/" + (up_to(2) == 0 ? letters() : "key:" + letters());
    return name;
}

std::string random_suffixes(std::mt19937_64& random) {
    static constexpr const char* kSuffixes[] = {"/iterations:8", "/repeats:3", "/min_time:0.500", "/min_warmup_time:1",
                                                "/manual_time",  "/real_time", "/process_time"};
    std::string text;
    for (std::size_t i = 0, n = random() % 4; i < n; ++i) text += kSuffixes[random() % std::size(kSuffixes)];
    return text;
}

TEST(BenchmarkNames, RoundTripThroughTheGrammar) {
    const std::uint64_t seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int i = 0; i < 5000; ++i) {
        const std::string text = random_name(random);
        SCOPED_TRACE(text);
        const auto name = BenchmarkName::parse(text);
        ASSERT_TRUE(name.ok()) << name.error().message;
        ASSERT_EQ(name->text(), text);
        ASSERT_EQ(name->family(), family_of(text));
        // Built again of what was read out of it, word for word and parameter for parameter.
        const auto again = BenchmarkName::parse(name->without("key").text());
        ASSERT_TRUE(again.ok());
        ASSERT_EQ(again->parameter("key"), std::nullopt);

        const std::string appended = text + random_suffixes(random);
        ASSERT_EQ(canonical(appended), canonical(text)) << appended;
        ASSERT_EQ(canonical(canonical(appended)), canonical(appended));
        ASSERT_TRUE(std::regex_search(appended, std::regex(exact_filter({canonical(text)})))) << appended;
    }
}

}  // namespace
}  // namespace faultline
