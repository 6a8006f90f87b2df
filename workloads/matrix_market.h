// Reads sparse matrices in the Matrix Market exchange format: coordinate; pattern, integer or real; general or
// symmetric.
//
// Every error is one line that starts with "name:line:" (or the path, when the file cannot be read) and says what is
// wrong there; nothing half-read is returned. Thread safety: the functions share nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"

namespace faultline::workloads {

/// A stored element, counted from zero.
struct Coordinate {
    std::uint32_t row = 0;
    std::uint32_t column = 0;

    friend bool operator==(Coordinate, Coordinate) = default;
};

struct SparseMatrix {
    std::uint32_t rows = 0;
    std::uint32_t columns = 0;
    bool symmetric = false;  ///< only elements on and below the diagonal are stored; the others mirror them
    std::vector<Coordinate> coordinates;  ///< in the order of the file
    std::vector<double> values;           ///< one an element; empty for a pattern matrix
};

/// `name` is what errors call the text.
Expected<SparseMatrix> parse_matrix_market(std::string_view text, const std::string& name);
/// The same from a regular file.
Expected<SparseMatrix> read_matrix_market(const std::string& path);

}  // namespace faultline::workloads
