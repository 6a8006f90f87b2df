// Curves over a parameter of benchmark names: ".../threads:1", ".../threads:2", ... are points of one curve.
//
// Thread safety: pure functions.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "plots/figure.h"
#include "plots/run_data.h"
#include "plots/spread.h"

namespace faultline::plots {

struct Point {
    double x = 0;
    Spread y;
};

struct Curve {
    std::size_t set = 0;
    std::string name;           ///< of the benchmarks, without the parameter
    std::string key;            ///< for the picture: with the set where there are several
    std::vector<Point> points;  ///< ascending, at least two
};

/// What a benchmark's point is made of; empty: it is left out.
using Values = std::function<std::vector<double>(const RunSet& set, const std::string& benchmark)>;

/// One curve for each set and rest of a name. Error: kBadInput, beginning with `chart`, when there is none or there are
/// more than can be told apart.
Expected<std::vector<Curve>> curves_over(const std::vector<RunSet>& sets, std::string_view parameter,
                                         const Values& values, std::string_view chart);

/// Adds a block and a line with bars from first to third quartile. `x` is what gnuplot shows for the first column, such
/// as "1"; `y_factor` is applied by the script.
void add_curve(Figure& figure, const Curve& curve, std::size_t number, const std::string& columns, const std::string& x,
               double y_factor, bool in_key);

/// "n = 3", "n = 3 to 10": repetitions a point.
std::string counts_of(const std::vector<Curve>& curves);

/// All x of the curves, ascending, each once.
std::vector<double> x_values(const std::vector<Curve>& curves);

/// The values of `metric`, in the form of Values.
Values metric_values(std::string metric);

}  // namespace faultline::plots
