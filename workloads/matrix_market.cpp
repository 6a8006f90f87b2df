#include "workloads/matrix_market.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <new>
#include <optional>

namespace faultline::workloads {
namespace {

constexpr std::string_view kBlank = " \t\r\v\f";
constexpr std::uint64_t kMaxDimension = std::numeric_limits<std::uint32_t>::max();

/// User text in an error message: short, and printable whatever the file holds.
std::string excerpt(std::string_view text) {
    std::string out = "'";
    for (const char c : text.substr(0, 32)) out += c >= ' ' && c <= '~' ? c : '?';
    return out + (text.size() > 32 ? "...'" : "'");
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    return out;
}

/// Removes the first word of `line` and returns it; empty at the end of the line.
std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(kBlank));
    line.remove_prefix(word.size());
    return word;
}

template <typename T>
bool parse_number(std::string_view word, T& value) {
    if (word.size() > 1 && word[0] == '+' && word[1] != '-') word.remove_prefix(1);
    const char* end = word.data() + word.size();
    const auto result = std::from_chars(word.data(), end, value);
    return result.ec == std::errc() && result.ptr == end;
}

enum class Field { kPattern, kInteger, kReal };

class Parser {
public:
    Parser(std::string_view text, const std::string& name) : rest_(text), name_(name) {}

    Expected<SparseMatrix> parse() {
        if (!parse_banner() || !parse_sizes() || !parse_elements()) return Error{ErrorKind::kBadInput, error_};
        return std::move(matrix_);
    }

private:
    bool fail(const std::string& what) {
        error_ = fmt::format("{}:{}: {}", name_, line_number_, what);
        return false;
    }

    bool next_line(std::string_view& line) {
        if (rest_.empty()) return false;
        const std::size_t length = rest_.find('\n');
        line = rest_.substr(0, length);
        rest_.remove_prefix(std::min(line.size() + 1, rest_.size()));
        ++line_number_;
        return true;
    }

    /// Blank lines may stand anywhere below the banner.
    bool next_filled_line(std::string_view& line) {
        while (next_line(line)) {
            if (line.find_first_not_of(kBlank) != std::string_view::npos) return true;
        }
        return false;
    }

    bool parse_banner() {
        std::string_view line;
        next_line(line);
        line_number_ = 1;  // also when the file is empty
        if (take_word(line) != "%%MatrixMarket") return fail("not a Matrix Market file: no %%MatrixMarket banner");
        const std::string object = lower(take_word(line));
        const std::string format = lower(take_word(line));
        const std::string field = lower(take_word(line));
        const std::string symmetry = lower(take_word(line));
        if (object != "matrix") return fail("bad banner: object " + excerpt(object) + ", expected 'matrix'");
        if (format != "coordinate") return fail("bad banner: format " + excerpt(format) + ", expected 'coordinate'");
        if (field == "pattern") {
            field_ = Field::kPattern;
        } else if (field == "integer") {
            field_ = Field::kInteger;
        } else if (field == "real" || field == "double") {
            field_ = Field::kReal;
        } else {
            return fail("bad banner: field " + excerpt(field) + ", expected 'pattern', 'integer' or 'real'");
        }
        if (symmetry != "general" && symmetry != "symmetric")
            return fail("bad banner: symmetry " + excerpt(symmetry) + ", expected 'general' or 'symmetric'");
        matrix_.symmetric = symmetry == "symmetric";
        return ends_here(line, "banner");
    }

    bool parse_sizes() {
        std::string_view line;
        do {
            if (!next_filled_line(line)) return fail("truncated: the file ends before the size line");
        } while (line[line.find_first_not_of(kBlank)] == '%');

        std::array<std::uint64_t, 3> sizes{};
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            static constexpr std::array<const char*, 3> kNames{"number of rows", "number of columns",
                                                               "number of entries"};
            if (!parse_count(take_word(line), kNames[i], sizes[i])) return false;
        }
        if (!ends_here(line, "size line")) return false;
        const auto [rows, columns, entries] = sizes;
        if (std::max(rows, columns) > kMaxDimension)
            return fail(fmt::format("too large: {} x {}, at most {} rows and columns", rows, columns, kMaxDimension));
        if (matrix_.symmetric && rows != columns)
            return fail(fmt::format("a symmetric matrix must be square, not {} x {}", rows, columns));
        // Every entry takes at least two digits, their separators and, with a value, two characters more: so a count
        // that the file cannot hold is found before memory is taken for it.
        const std::uint64_t smallest_entry = field_ == Field::kPattern ? 4 : 6;
        if (entries > (rest_.size() + 1) / smallest_entry)
            return fail(
                fmt::format("truncated: {} entries stated, but only {} bytes of entries", entries, rest_.size()));

        matrix_.rows = static_cast<std::uint32_t>(rows);
        matrix_.columns = static_cast<std::uint32_t>(columns);
        entries_ = entries;
        return true;
    }

    bool parse_elements() {
        matrix_.coordinates.reserve(entries_);
        if (field_ != Field::kPattern) matrix_.values.reserve(entries_);
        std::string_view line;
        for (std::uint64_t i = 0; i < entries_; ++i) {
            if (!next_filled_line(line)) return fail(fmt::format("truncated: {} of {} entries", i, entries_));
            if (!parse_element(line)) return false;
        }
        if (next_filled_line(line))
            return fail(fmt::format("trailing text after {} entries: {}", entries_, excerpt(line)));
        return true;
    }

    bool parse_element(std::string_view line) {
        Coordinate at;
        if (!parse_index(take_word(line), "row", matrix_.rows, at.row)) return false;
        if (!parse_index(take_word(line), "column", matrix_.columns, at.column)) return false;
        if (matrix_.symmetric && at.column > at.row)
            return fail(fmt::format("row {}, column {} is above the diagonal of a symmetric matrix", at.row + 1,
                                    at.column + 1));
        if (field_ != Field::kPattern) {
            double value = 0;
            if (!parse_value(take_word(line), value)) return false;
            matrix_.values.push_back(value);
        }
        matrix_.coordinates.push_back(at);
        return ends_here(line, "entry");
    }

    bool parse_count(std::string_view word, const char* what, std::uint64_t& count) {
        if (word.empty()) return fail(fmt::format("the {} is missing", what));
        if (parse_number(word, count)) return true;
        return fail(fmt::format("the {} is not a number: {}", what, excerpt(word)));
    }

    bool parse_index(std::string_view word, const char* what, std::uint32_t limit, std::uint32_t& index) {
        std::uint64_t value = 0;
        if (!parse_count(word, what, value)) return false;
        if (value < 1 || value > limit) return fail(fmt::format("{} {} is out of range 1..{}", what, value, limit));
        index = static_cast<std::uint32_t>(value - 1);
        return true;
    }

    bool parse_value(std::string_view word, double& value) {
        if (word.empty()) return fail("the value is missing");
        if (field_ == Field::kInteger) {
            std::int64_t integer = 0;
            if (!parse_number(word, integer)) return fail("the value is not an integer: " + excerpt(word));
            value = static_cast<double>(integer);
        } else if (!parse_number(word, value) || !std::isfinite(value)) {
            return fail("the value is not a number: " + excerpt(word));
        }
        return true;
    }

    bool ends_here(std::string_view line, const char* what) {
        if (const std::string_view word = take_word(line); !word.empty())
            return fail(fmt::format("trailing text after the {}: {}", what, excerpt(word)));
        return true;
    }

    std::string_view rest_;
    const std::string& name_;
    std::uint64_t line_number_ = 0;
    Field field_ = Field::kPattern;
    std::uint64_t entries_ = 0;
    SparseMatrix matrix_;
    std::string error_;
};

Error cannot_read(const std::string& path, const std::string& why) {
    return {ErrorKind::kBadInput, path + ": cannot read: " + why};
}

}  // namespace

Expected<SparseMatrix> parse_matrix_market(std::string_view text, const std::string& name) {
    return Parser(text, name).parse();
}

Expected<SparseMatrix> read_matrix_market(const std::string& path) try {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (error) return cannot_read(path, error.message());
    if (!std::filesystem::is_regular_file(status)) return cannot_read(path, "not a regular file");
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    if (error) return cannot_read(path, error.message());

    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) return cannot_read(path, std::strerror(errno));
    std::string text(size, '\0');
    file.read(text.data(), static_cast<std::streamsize>(size));
    if (!file) return cannot_read(path, "the file changed while it was read");
    return parse_matrix_market(text, path);
} catch (const std::bad_alloc&) {
    return cannot_read(path, "too large for the memory of this machine");
}

}  // namespace faultline::workloads
