// workload/bfs/<graph>/svm: how fast is breadth-first search over a graph in malloc memory that the GPU has to fault
// in?
//
// Held constant: the graph, the root (its busiest vertex) and the kernel. Cold again: each iteration searches a copy of
// the graph in memory that malloc has just taken from the kernel, made and judged outside the measured time. Every
// answer is compared with that of a search on the CPU. Reports: edges_per_second (TEPS, each edge of the component
// once), bytes_per_second over the arrays, faults and faults/s from the GT counters, and the counters' deltas, per
// iteration, as gt.*.
#pragma once

#include "base/expected.h"
#include "device/benchmark_main.h"

namespace faultline::workloads {

/// Registers the built-in graphs and, beside them, the user's own: the Matrix Market file that env::kGraph names.
/// kBadInput when that file cannot be read as a graph.
Status register_bfs(const device::Registration& registration);

}  // namespace faultline::workloads
