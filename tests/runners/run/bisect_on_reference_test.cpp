// `git bisect run faultline bisect-step` on the reference: a repository whose commits change a policy file stands in
// for a kernel tree, and one of them makes every range 4 KiB.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "runners/system/subprocess.h"
#include "tests/temporary_directory.h"

namespace faultline::runners {
namespace {

using testing::HasSubstr;

class BisectOnReference : public testing::Test {
protected:
    ChildResult shell(const std::string& script) const {
        const auto result = run_child({.argv = {"/bin/sh", "-ec", "cd \"$HERE\"\n" + script},
                                       .environment = {{"HERE", directory_.path().string()},
                                                       {"FAULTLINE", FAULTLINE_PROGRAM},
                                                       {"FAULTLINE_LOCK_DIR", directory_.path().string()},
                                                       {"FAULTLINE_DB", (directory_.path() / "faultline.db").string()},
                                                       {"BENCHMARK", "first_touch/read/cpu_touched/stride:4K"},
                                                       {"GIT_CONFIG_GLOBAL", "/dev/null"},
                                                       {"GIT_AUTHOR_NAME", "test"},
                                                       {"GIT_AUTHOR_EMAIL", "test@localhost"},
                                                       {"GIT_COMMITTER_NAME", "test"},
                                                       {"GIT_COMMITTER_EMAIL", "test@localhost"}},
                                       .time_limit = std::chrono::minutes(8)});
        EXPECT_TRUE(result.ok());
        return result.ok() ? *result : ChildResult{};
    }

private:
    TemporaryDirectory directory_;
};

TEST_F(BisectOnReference, GitFindsTheCommit) {
    const ChildResult measured = shell(R"sh(
        for i in 1 2 3 4 5; do
            $FAULTLINE run --device reference --filter "$BENCHMARK" --label good --policy xe-7.0
            $FAULTLINE run --device reference --filter "$BENCHMARK" --label bad --policy xe-7.0,chunks=4K
        done)sh");
    ASSERT_EQ(measured.code, 0) << measured.err;
    const ChildResult bisected = shell(R"sh(
        git init -q .
        for policy in xe-7.0 xe-7.0,queues=5 xe-7.0,queues=6 xe-7.0,chunks=4K xe-7.0,chunks=4K,queues=5; do
            echo $policy > policy
            git add policy
            git commit -q -m "policy $policy"
        done
        git bisect start HEAD HEAD~4
        git bisect run sh -c '$FAULTLINE bisect-step --good label:good --bad label:bad --device reference \
            --benchmark "$BENCHMARK" --metric latency_p50_ns --policy "$(cat policy)"'
        git show -s --format='found: %s.' refs/bisect/bad)sh");
    EXPECT_EQ(bisected.code, 0) << bisected.out << bisected.err;
    EXPECT_THAT(bisected.out, HasSubstr("found: policy xe-7.0,chunks=4K.\n")) << bisected.err;
}

}  // namespace
}  // namespace faultline::runners
