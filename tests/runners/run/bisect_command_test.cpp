// `faultline bisect-step`: whatever is wrong, a commit is skipped and never called good or bad.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runners/command_fixture.h"

namespace faultline::runners {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

using BisectCommand = Command;

TEST_F(BisectCommand, EveryErrorIsA125) {
    ASSERT_EQ(run({"--label", "l"}).code, 0);
    const std::vector<std::string> references = {"--good", "label:l", "--bad", "label:l"};
    for (std::vector<std::string> arguments :
         {std::vector<std::string>{"bisect-step"},
          {"bisect-step", "--good", "label:l"},
          {"bisect-step", "--good", "label:nobody", "--bad", "label:l", "--benchmark", "threads"},
          {"bisect-step", "--good", "label:l", "--bad", "label:l", "--benchmark", "("},
          {"bisect-step", "--good", "label:l", "--bad", "label:l", "--benchmark", "x", "--runs", "1"}}) {
        const ChildResult result = faultline(arguments);
        EXPECT_EQ(result.code, 125) << testing::PrintToString(arguments);
        EXPECT_THAT(result.err, HasSubstr("faultline: "));
    }
}

TEST_F(BisectCommand, MeasuresAndSkipsWhereGoodIsNoBetterThanBad) {
    ASSERT_EQ(run({"--label", "l"}).code, 0);
    const ChildResult result =
        faultline({"bisect-step", "--good", "label:l", "--bad", "label:l", "--benchmark", "threads:1"});
    EXPECT_EQ(result.code, 125);
    EXPECT_THAT(result.err, HasSubstr("faultline: nothing that was measured is worse in label:l than in label:l"));
    const Json stored = Json::parse(faultline({"runs", "--json"}).out);
    EXPECT_EQ(stored["runs"].size(), 6u);
    EXPECT_THAT(stored["runs"][0]["label"].get<std::string>(), StartsWith("bisect-"));
    EXPECT_EQ(stored["runs"][0]["label"], stored["runs"][4]["label"]);
}

TEST_F(BisectCommand, ABenchmarkThatFailsIsSkipped) {
    ASSERT_EQ(run({"--label", "l"}).code, 0);
    environment["FAKE_BEHAVIOUR"] = kParallel1 + "=crash";
    EXPECT_EQ(faultline({"bisect-step", "--good", "label:l", "--bad", "label:l", "--benchmark", "threads:1"}).code,
              125);
}

}  // namespace
}  // namespace faultline::runners
