// The small real graph of the repository, workloads/data/karate.mtx, embedded.
#pragma once

#include <string_view>

namespace faultline::workloads {

/// The file's text; lives as long as the program.
std::string_view karate_mtx();

}  // namespace faultline::workloads
