// A benchmark has one name: the same regular expression chooses the same benchmarks in every verb.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "runners/verbs.h"
#include "tests/runners/command_fixture.h"

namespace faultline::runners {
namespace {

using testing::HasSubstr;
using testing::IsSupersetOf;

using Names = std::set<std::string>;

const std::string kTouch64K = "fault/first_touch/atomic/cpu_touched/stride:64K";
const std::string kStorm = "fault/same_page_storm/write/threads:4";
const std::string kSearch = "workload/bfs/karate/svm";
const Names kAll = {kTouch4K, kTouch64K, kParallel1, kParallel2, kParallel4, kStorm, kSearch};

class NamesCommand : public Command, public testing::WithParamInterface<std::pair<const char*, Names>> {
protected:
    /// Those of all names that `text` has, each as a word.
    static Names names_in(const std::string& text) {
        Names found;
        for (const std::string& name : kAll) {
            for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
                const std::size_t end = at + name.size();
                // Whatever follows a name, another component would make it another name.
                EXPECT_TRUE(end == text.size() || std::string(" \n\",").find(text[end]) != std::string::npos)
                    << text.substr(at, 80);
                found.insert(name);
            }
        }
        return found;
    }

    Names exported(const std::string& reference) const {
        const ChildResult result = faultline({"export", reference});
        EXPECT_EQ(result.code, 0) << result.err;
        return names_in(result.out);
    }
};

TEST_P(NamesCommand, AreTheSameInEveryVerb) {
    const auto& [pattern, names] = GetParam();
    for (const char* label : {"a", "b"}) {
        ASSERT_EQ(run({"--label", label}).code, 0);
        fs::remove_all(output());
    }

    const ChildResult list = faultline({"list", "--filter", pattern});
    EXPECT_EQ(list.code, 0) << list.err;
    EXPECT_EQ(names_in(list.out), names);

    ASSERT_EQ(run({"--filter", pattern, "--label", "chosen"}).code, 0);
    EXPECT_EQ(exported("label:chosen"), names);

    const ChildResult compare =
        faultline({"compare", "label:a", "label:b", "--benchmark", pattern, "--metric", "real_time", "--force"});
    EXPECT_EQ(names_in(compare.out), names) << compare.err;

    const fs::path data = root() / "p.dat";
    const ChildResult plot = faultline({"plot", "--chart", "percentiles", "--run", "label:a", "--benchmark", pattern,
                                        "-o", (root() / "p.svg").string()});
    EXPECT_EQ(plot.code, 0) << plot.err;
    EXPECT_EQ(names_in(results::read_file(data).ok() ? *results::read_file(data) : ""), names);

    faultline({"bisect-step", "--good", "label:a", "--bad", "label:b", "--benchmark", pattern});
    EXPECT_EQ(exported("last:1"), names);
}

INSTANTIATE_TEST_SUITE_P(Patterns, NamesCommand,
                         testing::Values(std::pair{".", kAll},
                                         std::pair{"^fault/parallelism/", Names{kParallel1, kParallel2, kParallel4}},
                                         std::pair{"threads:4$", Names{kParallel4, kStorm}},
                                         std::pair{"^workload/bfs/karate/svm$", Names{kSearch}},
                                         std::pair{"(read/cpu|storm).*:4", Names{kTouch4K, kStorm}},
                                         std::pair{"stride:4", Names{kTouch4K}},
                                         std::pair{"threads:[12]$", Names{kParallel1, kParallel2}}));

// What Google Benchmark appends is no part of a name.
TEST_F(Command, NoVerbTakesOrShowsASuffixOfGoogleBenchmark) {
    EXPECT_EQ(run({"--filter", "manual_time"}).code, 2);
    const ChildResult result = run();
    ASSERT_EQ(result.code, 0);
    EXPECT_THAT(result.out, testing::Not(HasSubstr("manual_time")));
    for (const std::vector<std::string>& verb :
         std::vector<std::vector<std::string>>{{"list"},
                                               {"export", "last:1"},
                                               {"export", "--format", "csv", "last:1"},
                                               {"compare", "last:1", "last:1"}}) {
        EXPECT_THAT(faultline(verb).out, testing::Not(HasSubstr("manual_time"))) << verb.front();
    }
}

TEST(Verbs, HaveNamesThatDifferAndHelp) {
    Names names;
    for (const Verb* verb : verbs()) {
        EXPECT_TRUE(names.insert(verb->name).second) << verb->name;
        EXPECT_NE(std::string(verb->help), "") << verb->name;
    }
    EXPECT_THAT(names, IsSupersetOf({"run", "list", "compare", "plot", "bisect-step"}));
}

}  // namespace
}  // namespace faultline::runners
