#include "workloads/matrix_market.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "workloads/karate.h"

namespace faultline::workloads {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(MatrixMarket, ReadsPatternGeneral) {
    const auto matrix = parse_matrix_market(
        "%%MatrixMarket matrix coordinate pattern general\n"
        "% a comment\n"
        "%\n"
        "3 4 2\n"
        "1 4\n"
        "3 1\n",
        "t.mtx");
    ASSERT_TRUE(matrix.ok()) << matrix.error().message;
    EXPECT_EQ(matrix->rows, 3u);
    EXPECT_EQ(matrix->columns, 4u);
    EXPECT_FALSE(matrix->symmetric);
    EXPECT_THAT(matrix->coordinates, ElementsAre(Coordinate{0, 3}, Coordinate{2, 0}));
    EXPECT_THAT(matrix->values, IsEmpty());
}

TEST(MatrixMarket, ReadsRealSymmetricWithValues) {
    const auto matrix = parse_matrix_market(
        "%%MatrixMarket matrix coordinate real symmetric\n"
        "2 2 3\n"
        "1 1 1.5\n"
        "2 1 -2e3\n"
        "2 2 +.25\n",
        "t.mtx");
    ASSERT_TRUE(matrix.ok()) << matrix.error().message;
    EXPECT_TRUE(matrix->symmetric);
    EXPECT_THAT(matrix->coordinates, ElementsAre(Coordinate{0, 0}, Coordinate{1, 0}, Coordinate{1, 1}));
    EXPECT_THAT(matrix->values, ElementsAre(1.5, -2000.0, 0.25));
}

TEST(MatrixMarket, ReadsIntegers) {
    const auto matrix =
        parse_matrix_market("%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 -7\n", "t.mtx");
    ASSERT_TRUE(matrix.ok()) << matrix.error().message;
    EXPECT_THAT(matrix->values, ElementsAre(-7.0));
}

TEST(MatrixMarket, ToleratesCaseBlankLinesTabsCarriageReturnsAndNoLastNewline) {
    const auto matrix = parse_matrix_market(
        "%%MatrixMarket MATRIX Coordinate Pattern General\r\n"
        "  % indented comment\r\n"
        "\r\n"
        "2 2 2\r\n"
        "\t1\t2\r\n"
        "\r\n"
        "2 1",
        "t.mtx");
    ASSERT_TRUE(matrix.ok()) << matrix.error().message;
    EXPECT_THAT(matrix->coordinates, ElementsAre(Coordinate{0, 1}, Coordinate{1, 0}));
}

TEST(MatrixMarket, ReadsAnEmptyMatrix) {
    const auto matrix = parse_matrix_market("%%MatrixMarket matrix coordinate pattern general\n0 0 0\n", "t.mtx");
    ASSERT_TRUE(matrix.ok()) << matrix.error().message;
    EXPECT_EQ(matrix->rows, 0u);
}

struct Malformed {
    const char* text;
    const char* where;  ///< line
    const char* what;
};

const char* const kPattern = "%%MatrixMarket matrix coordinate pattern general\n";
const char* const kReal = "%%MatrixMarket matrix coordinate real general\n";
const char* const kInteger = "%%MatrixMarket matrix coordinate integer general\n";
const char* const kSymmetric = "%%MatrixMarket matrix coordinate pattern symmetric\n";

class MatrixMarketMalformed : public ::testing::TestWithParam<std::tuple<const char*, Malformed>> {};

TEST_P(MatrixMarketMalformed, SaysWhereAndWhat) {
    const auto& [banner, bad] = GetParam();
    const auto matrix = parse_matrix_market(std::string(banner) + bad.text, "bad.mtx");
    ASSERT_FALSE(matrix.ok());
    EXPECT_EQ(matrix.error().kind, ErrorKind::kBadInput);
    EXPECT_THAT(matrix.error().message, StartsWith(std::string("bad.mtx:") + bad.where + ": "));
    EXPECT_THAT(matrix.error().message, HasSubstr(bad.what));
    EXPECT_EQ(matrix.error().message.find('\n'), std::string::npos);
}

#define FL_BAD(name, banner, ...)                         \
    INSTANTIATE_TEST_SUITE_P(name, MatrixMarketMalformed, \
                             ::testing::Combine(::testing::Values(banner), ::testing::Values(__VA_ARGS__)))
FL_BAD(Banner, "", Malformed{"", "1", "no %%MatrixMarket banner"}, Malformed{"\n", "1", "no %%MatrixMarket banner"},
       Malformed{"1 1 1\n1 1\n", "1", "no %%MatrixMarket banner"}, Malformed{"%%MatrixMarket\n", "1", "object ''"},
       Malformed{"%%MatrixMarket vector coordinate real general\n", "1", "object 'vector'"},
       Malformed{"%%MatrixMarket matrix array real general\n", "1", "format 'array'"},
       Malformed{"%%MatrixMarket matrix coordinate complex general\n", "1", "field 'complex'"},
       Malformed{"%%MatrixMarket matrix coordinate real hermitian\n", "1", "symmetry 'hermitian'"},
       Malformed{"%%MatrixMarket matrix coordinate real general extra\n", "1",
                 "trailing text after the banner: 'extra'"},
       Malformed{"%%MatrixMarket matrix coordinate \x01\xff general\n", "1", "field '?\?'"});
FL_BAD(Sizes, kPattern, Malformed{"", "1", "truncated: the file ends before the size line"},
       Malformed{"% only a comment\n", "2", "truncated: the file ends before the size line"},
       Malformed{"3 3\n", "2", "number of entries is missing"},
       Malformed{"3 x 1\n1 1\n", "2", "number of columns is not a number: 'x'"},
       Malformed{"-3 3 1\n1 1\n", "2", "number of rows is not a number: '-3'"},
       Malformed{"3 3 1 9\n1 1\n", "2", "trailing text after the size line: '9'"},
       Malformed{"4294967296 1 1\n1 1\n", "2", "too large"},
       Malformed{"3 99999999999999999999999 1\n1 1\n", "2", "is not a number"},
       Malformed{"3 3 1000000000000\n1 1\n", "2", "truncated: 1000000000000 entries stated, but only 4 bytes"});
FL_BAD(Entries, kPattern, Malformed{"3 3 3\n1 1\n2 2\n     \n", "5", "truncated: 2 of 3 entries"},
       Malformed{"3 3 1\n1 1\n2 2\n", "4", "trailing text after 1 entries: '2 2'"},
       Malformed{"3 3 1\n\n4 1\n", "4", "row 4 is out of range 1..3"},
       Malformed{"3 3 1\n1 0\n", "3", "column 0 is out of range 1..3"},
       Malformed{"3 3 1\n1 4294967297\n", "3", "column 4294967297 is out of range 1..3"},
       Malformed{"3 3 1\n1    \n", "3", "column is missing"},
       Malformed{"3 3 1\none 1\n", "3", "row is not a number: 'one'"},
       Malformed{"3 3 1\n1 1.0\n", "3", "column is not a number: '1.0'"},
       Malformed{"3 3 1\n1 1 5\n", "3", "trailing text after the entry: '5'"},
       Malformed{"0 0 1\n1 1\n", "3", "row 1 is out of range 1..0"});
FL_BAD(RealValues, kReal, Malformed{"3 3 1\n1 1   \n", "3", "value is missing"},
       Malformed{"3 3 1\n1 1 nan\n", "3", "value is not a number: 'nan'"},
       Malformed{"3 3 1\n1 1 inf\n", "3", "value is not a number: 'inf'"},
       Malformed{"3 3 1\n1 1 1e999\n", "3", "value is not a number: '1e999'"},
       Malformed{"3 3 1\n1 1 2.5z\n", "3", "value is not a number: '2.5z'"},
       Malformed{"3 3 1\n1 1 +-2\n", "3", "value is not a number: '+-2'"});
FL_BAD(IntegerValues, kInteger, Malformed{"3 3 1\n1 1 1.5\n", "3", "value is not an integer: '1.5'"});
FL_BAD(Symmetric, kSymmetric, Malformed{"3 4 1\n1 1\n", "2", "must be square"},
       Malformed{"3 3 1\n1 2\n", "3", "row 1, column 2 is above the diagonal"});

TEST(MatrixMarket, EveryPrefixAndEveryChangedByteGivesAnAnswer) {
    const std::string good(karate_mtx());
    const auto whole = parse_matrix_market(good, "karate.mtx");
    ASSERT_TRUE(whole.ok());
    const std::string trimmed = good.substr(0, good.find_last_not_of('\n') + 1);
    for (std::size_t length = 0; length < trimmed.size() - 1; ++length) {
        // (One byte less is valid: it cuts the last number short.)
        ASSERT_FALSE(parse_matrix_market(trimmed.substr(0, length), "part.mtx").ok())
            << "prefix of " << length << " bytes";
    }
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int i = 0; i < 20000; ++i) {
        std::string text = good;
        text[random() % text.size()] = static_cast<char>(random());
        const auto matrix = parse_matrix_market(text, "changed.mtx");
        if (matrix.ok()) {
            for (const Coordinate at : matrix->coordinates) {
                ASSERT_LT(at.row, matrix->rows);
                ASSERT_LT(at.column, matrix->columns);
            }
        } else {
            ASSERT_THAT(matrix.error().message, StartsWith("changed.mtx:"));
        }
    }
}

class MatrixMarketFile : public ::testing::Test {
protected:
    MatrixMarketFile() {
        std::string pattern = ::testing::TempDir() + "faultline-mtx-XXXXXX";
        directory_ = mkdtemp(pattern.data());
    }
    ~MatrixMarketFile() override { std::filesystem::remove_all(directory_); }

    std::filesystem::path directory_;
};

TEST_F(MatrixMarketFile, ReadsWhatIsOnDisk) {
    const std::string path = directory_ / "karate.mtx";
    std::ofstream(path) << karate_mtx();
    const auto matrix = read_matrix_market(path);
    ASSERT_TRUE(matrix.ok()) << matrix.error().message;
    EXPECT_EQ(matrix->coordinates.size(), 78u);
}

TEST_F(MatrixMarketFile, NamesAMissingFile) {
    const std::string path = directory_ / "absent.mtx";
    const auto matrix = read_matrix_market(path);
    ASSERT_FALSE(matrix.ok());
    EXPECT_EQ(matrix.error().kind, ErrorKind::kBadInput);
    EXPECT_EQ(matrix.error().message, path + ": cannot read: No such file or directory");
}

TEST_F(MatrixMarketFile, RefusesADirectory) {
    const auto matrix = read_matrix_market(directory_);
    ASSERT_FALSE(matrix.ok());
    EXPECT_EQ(matrix.error().message, directory_.string() + ": cannot read: not a regular file");
}

TEST_F(MatrixMarketFile, NamesTheLineOfAMalformedFile) {
    const std::string path = directory_ / "bad.mtx";
    std::ofstream(path) << kPattern << "2 2 1\n1 9\n";
    const auto matrix = read_matrix_market(path);
    ASSERT_FALSE(matrix.ok());
    EXPECT_EQ(matrix.error().message, path + ":3: column 9 is out of range 1..2");
}

}  // namespace
}  // namespace faultline::workloads
