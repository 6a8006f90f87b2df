// The subcommands of `faultline`, each from its parsed options to an exit status.
//
// They are the only ones that print: results to standard output, progress and errors to standard error. An error is one
// line "faultline: ...". Exit status: 0 all well, 1 a benchmark failed (doctor: nothing can run), 2 bad input or
// nothing to run on, 128 + N when signal N ended it. Thread safety: one command at a time in a process.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/expected.h"
#include "results/compare/compare.h"
#include "results/store/night.h"
#include "runners/run/plan.h"
#include "runners/system/device_lock.h"
#include "runners/system/devices.h"
#include "runners/system/layout.h"

namespace faultline::runners {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitBadInput = 2;

/// The results store beside the run directories, unless --db or FAULTLINE_DB names another.
inline constexpr const char* kDefaultDatabase = "faultline-runs/faultline.db";

struct RunOptions {
    std::string suite = "quick";
    DeviceRequest device;
    Overrides overrides;
    std::filesystem::path output;  ///< empty: faultline-runs/<UTC time>-<suite>
    std::filesystem::path database = kDefaultDatabase;
    std::string label;
    std::string resume;  ///< not empty: the run to go on with; then only `database` counts of the rest
    std::vector<std::string> command_line;
    std::optional<results::NightId> night{};  ///< that a new run is one of
};

/// What became of a run.
struct RunEnd {
    int signal = 0;   ///< that ended it; 0: none
    bool ok = false;  ///< every benchmark ran
};
/// Runs, stores and shows a suite, under the lock of the device: `held`, or nullptr to take it.
Expected<RunEnd> run_suite(const RunOptions& options, const Layout& layout, const DeviceLock* held);
int run_command(const RunOptions& options, const Layout& layout);

/// `suite` empty: all suites and every benchmark.
int list_command(const std::string& suite, const Layout& layout);
int devices_command(bool json, const Layout& layout);
int doctor_command(bool json, const Layout& layout);
/// What --policy of `run` takes: every preset and knob of the reference.
int policies_command(const Layout& layout);

struct ImportOptions {
    std::vector<std::filesystem::path> paths;
    std::string label;
    std::filesystem::path database = kDefaultDatabase;
};
int import_command(const ImportOptions& options);

struct ExportOptions {
    std::string reference;
    std::string format = "json";   ///< "json", "csv" or "hgrm"
    std::filesystem::path output;  ///< a file, for hgrm a directory; empty: standard output
    std::filesystem::path database = kDefaultDatabase;
};
int export_command(const ExportOptions& options);

struct RunsOptions {
    std::string reference;  ///< empty: every run
    bool json = false;
    std::filesystem::path database = kDefaultDatabase;
};
int runs_command(const RunsOptions& options);

struct CompareOptions {
    std::string a;  ///< references, as for `runs`
    std::string b;
    results::CompareOptions compare;
    std::string format = "terminal";  ///< "terminal", "lkp", "markdown" or "json"
    std::filesystem::path database = kDefaultDatabase;
};
/// Exit status: 0 everything was compared and nothing is worse, 1 something is worse, 2 it cannot be told.
int compare_command(const CompareOptions& options);

/// What `git bisect run` skips a commit for.
inline constexpr int kExitCannotTell = 125;

struct BisectOptions {
    std::string good;  ///< references, as for `runs`
    std::string bad;
    RunOptions run;     ///< what to measure, each time; its label is drawn
    unsigned runs = 5;  ///< processes of each benchmark: as few as a verdict takes
    results::CompareOptions compare;
};
/// Measures, and says on which side of the regression between good and bad this is. Exit status: 0 good, 1 bad, 125
/// whenever it cannot be told, be it for an error; 128 + N when signal N ended it.
int bisect_command(const BisectOptions& options, const Layout& layout);

struct MatrixOptions {
    std::vector<std::string> kernels;  ///< releases or, for qemu, paths of images; the first is the baseline
    std::string backend = "qemu";      ///< "qemu" or "boot-entry"
    std::string accelerator = "auto";  ///< qemu: "auto", "kvm" or "tcg"
    unsigned boots = 5;                ///< of each kernel: as few as a verdict takes
    unsigned boot_limit = 3600;        ///< qemu: seconds, from power on to power off
    RunOptions run;                    ///< what each boot runs; its label begins the runs' labels
    std::filesystem::path output;      ///< the matrix's directory; empty: faultline-runs/<UTC time>-matrix
    std::filesystem::path resume;      ///< not empty: the directory of the matrix to go on with; the rest is there
    double min_effect = results::CompareOptions{}.min_effect;
};
/// Boots each kernel, runs the suite on it, and compares each with the first. Exit status: as compare_command(), of all
/// comparisons; 1 also when a benchmark failed; 128 + N when signal N ended it. With boot-entry it returns 0 early,
/// when the machine is about to reboot.
int matrix_command(const MatrixOptions& options, const Layout& layout);

struct PlotOptions {
    bool list = false;  ///< of the charts; then nothing else counts
    std::string chart;
    std::vector<std::string> runs;  ///< a reference each: one set of runs of the picture
    std::string benchmark;          ///< a regular expression; empty: the chart's own
    std::filesystem::path output;   ///< .svg, .png or .pdf
    std::filesystem::path database = kDefaultDatabase;
};
int plot_command(const PlotOptions& options);

struct ReportOptions {
    std::string run;               ///< a reference: what the report is about
    std::string against;           ///< empty: it is compared with nothing
    std::filesystem::path output;  ///< FILE.html, or a directory that gets the file and an index of all in it
    std::filesystem::path database = kDefaultDatabase;
};
/// The file that was written.
Expected<std::filesystem::path> write_report(const ReportOptions& options);
int report_command(const ReportOptions& options);

struct NightlyOptions {
    RunOptions run;                ///< what to measure, each time; its label is "nightly"
    unsigned runs = 5;             ///< processes of each benchmark: as few as a verdict takes
    std::string baseline;          ///< a reference; empty: none is pinned
    unsigned nights = 7;           ///< before this one, that it is compared with
    std::filesystem::path report;  ///< a directory; empty: "nightly" beside the database
    bool resume = false;           ///< go on with the newest night, if it was cut short
};
/// Runs, judges and reports a night. Exit status: 0 nothing is worse, 1 something is, 2 it cannot be told or something
/// failed; 128 + N when signal N ended it.
int nightly_command(const NightlyOptions& options, const Layout& layout);

struct ModelOptions {
    std::string from;              ///< a reference to one run, a JSON file of Google Benchmark, or a run directory
    std::filesystem::path output;  ///< a .toml file; empty: standard output
    std::filesystem::path database = kDefaultDatabase;
};
/// Writes the device model that the run tells of.
int model_command(const ModelOptions& options);

/// Prints the line and gives the exit status.
int report_error(const Error& error);

}  // namespace faultline::runners
