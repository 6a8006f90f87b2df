// Golden texts: a change of how a comparison reads is a change of this file.
#include "results/compare/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "results/compare/figures.h"
#include "tests/results/compare/compared_sets.h"

namespace faultline::results {
namespace {

using testing::HasSubstr;
using testing::Not;

/// One benchmark of each verdict, and one that is gone; names as long as they come.
Comparison example() {
    const SetShape a{.side = "a"};
    const SetShape b{.side = "b"};
    const std::string slow = "fault/first_touch/pattern:random/size:4K/placement:local";
    SampleSet before{.label = "kernel:6.18.0", .environment = environment("6.18.0"), .series = {}};
    SampleSet after{.label = "kernel:6.19.0-rc1", .environment = environment("6.19.0-rc1"), .series = {}};
    before.series = {series(a, slow, "real_time", 12'000),
                     series(a, slow, "latency_p99_ns", 48'000),
                     series(a, slow, "gt.svm_pagefault_count", 100, 0),
                     series(a, slow, "gt.svm_4K_pagefault_us", 1100),
                     series(a, slow, "gt.svm_device_copy_us", 500),
                     series(a, "fault/fast", "real_time", 2'500'000),
                     series(a, "fault/noisy", "real_time", 700, 0.3),
                     series(a, "fault/steady", "real_time", 1'000),
                     series(a, "fault/gone", "real_time", 3'000)};
    after.series = {series(b, slow, "real_time", 13'500),
                    series(b, slow, "latency_p99_ns", 60'000),
                    series(b, slow, "gt.svm_pagefault_count", 100, 0),
                    series(b, slow, "gt.svm_4K_pagefault_us", 1250),
                    series(b, slow, "gt.svm_device_copy_us", 650),
                    series(b, "fault/fast", "real_time", 2'000'000),
                    series(b, "fault/noisy", "real_time", 720, 0.3),
                    series(b, "fault/steady", "real_time", 1'001)};
    const Expected<Comparison> comparison = compare(before, after, {});
    EXPECT_TRUE(comparison.ok());
    return *comparison;
}

std::size_t widest(const std::string& text) {
    std::istringstream lines(text);
    std::size_t width = 0;
    for (std::string line; std::getline(lines, line);) width = std::max(width, line.size());
    return width;
}

TEST(Terminal, Golden) {
    EXPECT_EQ(terminal_text(example(), false), R"(A  kernel:6.18.0
B  kernel:6.19.0-rc1
   kernel: 6.18.0 -> 6.19.0-rc1

worse (2)
  fault/first_touch/pattern:random/size:4K/placement:local  real_time       12.00us -> 13.50us   +12.5% [+11.8%, +13.2%]
      a fault: pagefault 11.00 -> 12.50 us (+1.50), copy 5.00 -> 6.50 us (+1.50)
                                                            latency_p99_ns  48.00us -> 60.01us   +25.0% [+24.2%, +25.7%]

better (1)
  fault/fast  real_time  2.500ms -> 2.000ms   -20.0% [-20.5%, -19.5%]
      no GT counters of faults to say why

unclear (2)
  * too noisy: no change and more than the minimum effect are both possible:
  fault/noisy  real_time  696.5ns -> 714.5ns    +2.6% [-15.6%, +24.0%]
  * not in B, or failed or skipped there:
  fault/gone   real_time  3.000us -> -

same (1)
  fault/steady  real_time  1.000us -> 1.001us    +0.1% [-0.5%, +0.7%]

Ratios of medians with 95 % intervals; minimum effect 3 %, false-discovery rate 5 %.
2 worse, 1 better, 2 unclear, 1 same: B is worse.
)");
}

TEST(Terminal, ColourAddsNothingElse) {
    std::string text = terminal_text(example(), true);
    EXPECT_THAT(text, HasSubstr("\x1b[31mworse (2)\x1b[0m"));
    for (const char* code : {"\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[2m", "\x1b[0m"}) {
        for (std::size_t at; (at = text.find(code)) != std::string::npos;) text.erase(at, std::string(code).size());
    }
    EXPECT_EQ(text, terminal_text(example(), false));
}

TEST(Lkp, Golden) {
    EXPECT_EQ(lkp_text(example()), R"(Comparison of
  A: kernel:6.18.0
  B: kernel:6.19.0-rc1
    kernel: 6.18.0 -> 6.19.0-rc1

2 worse, 1 better, 2 unclear, 1 same. B is worse.

worse:

          A   change interval                     B  metric
----------- -------- ------------------ -----------  --------------------
fault/first_touch/pattern:random/size:4K/placement:local
    12.00us   +12.5% [+11.8%, +13.2%]       13.50us  real_time
            a fault: pagefault 11.00 -> 12.50 us (+1.50), copy 5.00 -> 6.50 us
            (+1.50)
    48.00us   +25.0% [+24.2%, +25.7%]       60.01us  latency_p99_ns

better:

          A   change interval                     B  metric
----------- -------- ------------------ -----------  --------------------
fault/fast
    2.500ms   -20.0% [-20.5%, -19.5%]       2.000ms  real_time
            no GT counters of faults to say why

unclear:

          A   change interval                     B  metric
----------- -------- ------------------ -----------  --------------------
* too noisy: no change and more than the minimum effect are both possible:
fault/noisy
    696.5ns    +2.6% [-15.6%, +24.0%]       714.5ns  real_time
* not in B, or failed or skipped there:
fault/gone
    3.000us        -                              -  real_time

Ratios of medians with 95 % intervals; minimum effect 3 %, false-discovery rate
5 %.
)");
}

TEST(Lkp, NeverOver80ColumnsNorBeyondAscii) {
    Comparison long_names = example();
    for (ComparedMetric& row : long_names.rows) {
        row.benchmark = std::string(200, 'x');
        row.metric.name = "a_counter_whose_name_is_longer_than_any_column_of_a_mail_is_wide";
        row.reason += " " + std::string(100, 'y');
        if (row.difference) row.difference->ratio_high = 12345.678;
    }
    long_names.label_a = "label:" + std::string(300, 'z');
    long_names.notes.push_back(std::string(79, 'n') + " " + std::string(81, 'm'));
    const std::string text = lkp_text(long_names);
    EXPECT_LE(widest(text), 80u);
    EXPECT_THAT(text, HasSubstr(std::string(80, 'x')));
    for (const char c : text) EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~'));
}

TEST(Markdown, Golden) {
    EXPECT_EQ(markdown_text(example()), R"(**B is worse.** 2 worse, 1 better, 2 unclear, 1 same.

A: `kernel:6.18.0`, B: `kernel:6.19.0-rc1`

- kernel: 6.18.0 -> 6.19.0-rc1

### worse (2)

| benchmark | metric | A -> B | change | interval | |
|---|---|---|---:|---|---|
| `fault/first_touch/pattern:random/size:4K/placement:local` | real_time | 12.00us -> 13.50us | +12.5% | [+11.8%, +13.2%] | a fault: pagefault 11.00 -> 12.50 us (+1.50), copy 5.00 -> 6.50 us (+1.50) |
| `fault/first_touch/pattern:random/size:4K/placement:local` | latency_p99_ns | 48.00us -> 60.01us | +25.0% | [+24.2%, +25.7%] | a fault: pagefault 11.00 -> 12.50 us (+1.50), copy 5.00 -> 6.50 us (+1.50) |

### better (1)

| benchmark | metric | A -> B | change | interval | |
|---|---|---|---:|---|---|
| `fault/fast` | real_time | 2.500ms -> 2.000ms | -20.0% | [-20.5%, -19.5%] | no GT counters of faults to say why |

### unclear (2)

| benchmark | metric | A -> B | change | interval | |
|---|---|---|---:|---|---|
| `fault/noisy` | real_time | 696.5ns -> 714.5ns | +2.6% | [-15.6%, +24.0%] | too noisy: no change and more than the minimum effect are both possible |
| `fault/gone` | real_time | 3.000us -> - |  |  | not in B, or failed or skipped there |

<details><summary>same (1)</summary>

| benchmark | metric | A -> B | change | interval | |
|---|---|---|---:|---|---|
| `fault/steady` | real_time | 1.000us -> 1.001us | +0.1% | [-0.5%, +0.7%] |  |

</details>

Ratios of medians with 95 % intervals; minimum effect 3 %, false-discovery rate 5 %.
)");
}

TEST(Markdown, ABarInANameStaysInItsCell) {
    Comparison comparison = example();
    comparison.rows[0].benchmark = "a|b";
    EXPECT_THAT(markdown_text(comparison), HasSubstr("`a\\|b`"));
}

TEST(JsonFormat, HasEveryRowWithAllItsFigures) {
    const auto json = nlohmann::json::parse(json_text(example()));
    EXPECT_EQ(json["outcome"], "regression");
    EXPECT_EQ(json["worse"], 2);
    EXPECT_EQ(json["better"], 1);
    EXPECT_EQ(json["same"], 1);
    EXPECT_EQ(json["unclear"], 2);
    EXPECT_EQ(json["not_compared"], 1);
    EXPECT_EQ(json["differences"][0], "kernel: 6.18.0 -> 6.19.0-rc1");
    ASSERT_EQ(json["rows"].size(), 6u);
    const auto& slow = json["rows"][0];
    EXPECT_EQ(slow["verdict"], "worse");
    EXPECT_NEAR(slow["ratio"].get<double>(), 1.125, 0.01);
    EXPECT_LT(slow["difference"]["ratio_low"], slow["ratio"]);
    EXPECT_GT(slow["difference"]["ratio_high"], slow["ratio"]);
    EXPECT_EQ(slow["difference"]["unit"], "boot");
    EXPECT_EQ(slow["stages"][1]["stage"], "copy");
    const auto& gone = json["rows"][5];
    EXPECT_EQ(gone["verdict"], "unclear");
    EXPECT_EQ(gone["compared"], false);
    EXPECT_FALSE(gone.contains("median_b"));
    EXPECT_FALSE(gone.contains("difference"));
}

TEST(Figures, HaveFourDigitsAndAUnit) {
    EXPECT_EQ(figure(12345, "ns"), "12.35us");
    EXPECT_EQ(figure(999.96, "ns"), "1.000us");
    EXPECT_EQ(figure(5e12, "ns"), "5000.0s");
    EXPECT_EQ(figure(0.5, "ns"), "0.500ns");
    EXPECT_EQ(figure(1.5e6, "1/s"), "1.500M/s");
    EXPECT_EQ(figure(2048, "B"), "2.048kB");
    EXPECT_EQ(figure(7, ""), "7.000");
    EXPECT_EQ(change(1.0512), "+5.1%");
    EXPECT_EQ(change(0.5), "-50.0%");
    EXPECT_EQ(change(9.9), "+890.0%");
    EXPECT_EQ(change(298.76), "x299");
}

ShapeComparison shapes() {
    return {.label_a = "device:xe",
            .label_b = "device:reference",
            .device_a = "Intel Arc",
            .device_b = "Faultline reference",
            .metric = "real_time",
            .rows = {{"f/x/threads:1", "f/x/threads:1", 1, 1, 1, 1},
                     {"f/x/threads:2", "f/x/threads:1", 0.5, 0.6, 1.1, 1.3}},
            .missing = {"g/y"}};
}

TEST(ShapeFormats, Golden) {
    EXPECT_EQ(plain_text(shapes()), R"(A  device:xe on Intel Arc
B  device:reference on Faultline reference

real_time over that of the family's baseline, each on its own device:
           A            B    B to A
f/x/threads:1
       1.000        1.000  baseline
f/x/threads:2
       0.500        0.600    +20.0% [+10.0%, +30.0%]
g/y: not on both sides
Devices of different kinds: shapes only, no verdicts.
)");
    EXPECT_EQ(markdown_text(shapes()), R"(A: `device:xe` on Intel Arc, B: `device:reference` on Faultline reference

real_time over that of the family's baseline, each on its own device:

| benchmark | baseline | A | B | B to A | interval |
|---|---|---:|---:|---:|---|
| `f/x/threads:2` | `f/x/threads:1` | 0.500 | 0.600 | +20.0% | [+10.0%, +30.0%] |

- `g/y`: not on both sides

Devices of different kinds: shapes only, no verdicts.
)");
    const auto json = nlohmann::json::parse(json_text(shapes()));
    EXPECT_EQ(json["rows"][1]["baseline"], "f/x/threads:1");
    EXPECT_EQ(json["missing"][0], "g/y");
    EXPECT_THAT(json["outcome"].get<std::string>(), Not(HasSubstr("regression")));
}

/// A fact and a metric that nobody knows, each of which changed.
Comparison undirected() {
    const SetShape a{.side = "a"};
    const SetShape b{.side = "b"};
    SampleSet before{.label = "A", .environment = environment("6.18.0"), .series = {}};
    SampleSet after{.label = "B", .environment = environment("6.18.0"), .series = {}};
    before.series = {series(a, "f/x", "faults", 100, 0), series(a, "f/x", "my_counter", 10, 0)};
    after.series = {series(b, "f/x", "faults", 200, 0), series(b, "f/x", "my_counter", 20, 0)};
    CompareOptions options;
    options.metrics = {"faults", "my_counter"};
    const Expected<Comparison> comparison = compare(before, after, options);
    EXPECT_TRUE(comparison.ok());
    return *comparison;
}

TEST(AllFormats, ShowWhatChangedWithoutADirection) {
    EXPECT_EQ(terminal_text(undirected(), false), R"(A  A
B  B

changed (2)
  * says how much was done, not how well:
  f/x  faults      100.0 -> 200.0  +100.0% [+100.0%, +100.0%]
  * direction not known; --higher-is-better my_counter or --lower-is-better my_counter says which way is better:
  f/x  my_counter  10.00 -> 20.00  +100.0% [+100.0%, +100.0%]

Ratios of medians with 95 % intervals; minimum effect 3 %, false-discovery rate 5 %.
0 worse, 0 better, 2 changed, 0 unclear, 0 same: Cannot tell: of 1 that changed, nobody said which way is better.
)");
    EXPECT_THAT(lkp_text(undirected()), HasSubstr("\nchanged:\n"));
    EXPECT_THAT(lkp_text(undirected()), HasSubstr("* direction not known;"));
    EXPECT_LE(widest(lkp_text(undirected())), 80u);
    EXPECT_THAT(markdown_text(undirected()), HasSubstr("\n### changed (2)\n"));
    const auto json = nlohmann::json::parse(json_text(undirected()));
    EXPECT_EQ(json["outcome"], "cannot tell");
    EXPECT_EQ(json["changed"], 2);
    EXPECT_EQ(json["rows"][0]["direction"], "neither");
    EXPECT_EQ(json["rows"][0]["verdict"], "changed");
    EXPECT_EQ(json["rows"][1]["direction"], "not known");
}

}  // namespace
}  // namespace faultline::results
