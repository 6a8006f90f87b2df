#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>

#include "results/atomic_file.h"
#include "results/compare/compare.h"
#include "results/compare/format.h"
#include "results/manifest.h"
#include "results/store/import.h"
#include "results/store/run_reference.h"
#include "results/store/sample_reader.h"
#include "runners/commands.h"
#include "runners/matrix/backend.h"
#include "runners/matrix/boot_entry.h"
#include "runners/matrix/qemu.h"
#include "runners/matrix/table.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;
using results::Comparison;
using results::Store;

std::unique_ptr<KernelBackend> backend_of(const MatrixState& state, const Layout& layout) {
    if (state.backend == "qemu") return make_qemu_backend(layout);
    return make_boot_entry_backend(layout, BootRoot::of_this_machine());
}

/// A suite or filter that leaves nothing to run is told before anything boots. What there is depends on the device;
/// with none, programs list what a large one would run.
Status check_selection(const RunOptions& run, const Layout& layout) {
    const Suite* suite = find_suite(run.suite);
    if (suite == nullptr) {
        return Error{ErrorKind::kBadInput, fmt::format("unknown suite \"{}\"; suites: {}", run.suite, suite_names())};
    }
    const auto benchmarks = list_benchmarks(*suite, layout, {}, nullptr);
    if (!benchmarks) return benchmarks.error();
    const Expected<std::vector<Job>> jobs = plan(*suite, run.overrides, layout, *benchmarks);
    return jobs ? Status() : Status(jobs.error());
}

/// A matrix that has everything but its releases.
Expected<MatrixState> begin(const MatrixOptions& options, const Layout& layout) {
    if (options.kernels.size() < 2) {
        return Error{ErrorKind::kBadInput, "--kernels: a comparison takes two or more, as A,B"};
    }
    if (Status s = check_selection(options.run, layout); !s) return s.error();
    MatrixState state;
    std::error_code error;
    const fs::path named =
        options.output.empty()
            ? fs::path("faultline-runs") / fmt::format("{:%Y%m%dT%H%M%SZ}-matrix", fmt::gmtime(std::time(nullptr)))
            : options.output;
    state.directory = results::directory_key(named);
    if (fs::exists(state.directory, error) && !fs::is_empty(state.directory, error)) {
        return Error{ErrorKind::kBadInput, fmt::format("{} exists and is not an empty directory; `faultline matrix "
                                                       "--resume {}` goes on with a matrix",
                                                       named.string(), named.string())};
    }
    state.backend = options.backend;
    state.accelerator = options.accelerator;
    state.boot_limit = options.boot_limit;
    state.kernels = options.kernels;
    state.boots = options.boots;
    state.run = options.run;
    state.min_effect = options.min_effect;
    state.run.database = fs::absolute(options.run.database, error);
    state.label = options.run.label.empty() ? state.directory.filename().string() : options.run.label;
    if (Status s = results::check_label(state.label); !s) return s.error();
    return state;
}

/// Runs of one release would be taken for runs of one kernel.
Status name_releases(MatrixState& state, KernelBackend& backend) {
    for (const std::string& kernel : state.kernels) {
        const Expected<std::string> release = backend.release_of(kernel);
        if (!release) return release.error();
        if (std::find(state.releases.begin(), state.releases.end(), *release) != state.releases.end()) {
            return Error{ErrorKind::kBadInput,
                         fmt::format("two kernels say that they are {}: give one a CONFIG_LOCALVERSION", *release)};
        }
        state.releases.push_back(*release);
    }
    return {};
}

Status make_directory(const MatrixState& state) {
    std::error_code error;
    fs::create_directories(state.directory, error);
    if (error) return Error{ErrorKind::kUnavailable, state.directory.string() + ": " + error.message()};
    return save(state);
}

MatrixStep next_step(const MatrixState& state) {
    const std::size_t kernel = state.next_kernel();
    MatrixStep step{.kernel = state.kernels[kernel], .release = state.releases[kernel], .run = state.run};
    step.run.label = state.label_of(kernel);
    step.run.output = state.directory / fmt::format("{:03}-{}", state.done + 1, step.release);
    return step;
}

/// A run that was interrupted leaves a directory too, of what it had finished.
bool is_whole(const MatrixStep& step) {
    const Expected<results::Manifest> manifest = results::read_manifest(step.run.output / "manifest.json");
    return manifest && !manifest->interrupted;
}

/// A kill between the end of a run and the note of it leaves a whole run, which is taken as it is. Nothing where there
/// is none.
Expected<std::optional<Measured>> take_earlier(const MatrixStep& step) {
    if (!is_whole(step)) return std::optional<Measured>();
    Expected<Store> store = Store::open(step.run.database, results::Database::Mode::kCreate);
    if (!store) return store.error();
    const Expected<results::Imported> imported = results::import_path(*store, step.run.output, step.run.label);
    if (!imported) return imported.error();
    return std::optional<Measured>(
        Measured{.rebooting = false, .status = imported->run.failed == 0 ? kExitOk : kExitFailed});
}

/// The runs of this matrix, not of an earlier one that was labelled alike.
std::string runs_of(const MatrixState& state, std::size_t kernel) {
    return fmt::format("label:{} last:{}", state.label_of(kernel), state.boots);
}

/// Each kernel with the first. Prints every comparison, and then the table of all.
Expected<int> compare_kernels(const MatrixState& state) {
    results::CompareOptions options;
    options.min_effect = state.min_effect;
    const Expected<Store> store = Store::open(state.run.database, results::Database::Mode::kExisting);
    if (!store) return store.error();
    const auto a = results::samples_of(*store, runs_of(state, 0));
    if (!a) return a.error();
    std::vector<Comparison> comparisons;
    std::string text;
    int status = kExitOk;
    for (std::size_t kernel = 1; kernel < state.kernels.size(); ++kernel) {
        const auto b = results::samples_of(*store, runs_of(state, kernel));
        if (!b) return b.error();
        Expected<Comparison> comparison = results::compare(*a, *b, options);
        if (!comparison) return comparison.error();
        const results::Outcome outcome = outcome_of(*comparison);
        // A regression is the stronger news than one that cannot be told.
        if (outcome == results::Outcome::kRegression) status = kExitFailed;
        if (outcome == results::Outcome::kCannotTell && status == kExitOk) status = kExitBadInput;
        text += terminal_text(*comparison, false) + "\n";
        comparisons.push_back(std::move(*comparison));
    }
    text += matrix_table(state.releases, comparisons);
    fmt::print("{}", text);
    if (Status s = results::write_file_atomically(state.directory / "comparison.txt", text); !s) return s.error();
    return status;
}

/// Measures what is left, as far as it comes. The status: kExitOk also where a benchmark failed (`state` says so).
Expected<Measured> measure_all(MatrixState& state, KernelBackend& backend) {
    while (state.done < state.steps()) {
        const MatrixStep step = next_step(state);
        fmt::print(stderr, "boot {} of {}: {}\n", state.done + 1, state.steps(), step.release);
        const Expected<std::optional<Measured>> earlier = take_earlier(step);
        if (!earlier) return earlier.error();
        const Expected<Measured> measured = *earlier ? Expected<Measured>(**earlier) : backend.measure(step, state);
        if (!measured) return measured.error();
        // A failed benchmark leaves a run that is whole, and the matrix goes on.
        if (measured->rebooting || (measured->status != kExitOk && measured->status != kExitFailed)) return *measured;
        if (!is_whole(step)) {
            return Error{ErrorKind::kDevice, fmt::format("kernel {}: the suite ended without a run; `faultline matrix "
                                                         "--resume {}` tries again",
                                                         step.release, state.directory.string())};
        }
        state.failed = state.failed || measured->status == kExitFailed;
        ++state.done;
        if (Status s = save(state); !s) return s.error();
    }
    return Measured{};
}

Expected<int> run_matrix(const MatrixOptions& options, const Layout& layout) {
    Expected<MatrixState> state = options.resume.empty() ? begin(options, layout) : load_matrix_state(options.resume);
    if (!state) return state.error();
    const std::unique_ptr<KernelBackend> backend = backend_of(*state, layout);
    if (options.resume.empty()) {
        if (Status s = name_releases(*state, *backend); !s) return s.error();
        if (Status s = make_directory(*state); !s) return s.error();
    }
    if (state->done < state->steps()) {
        if (Status s = backend->prepare(*state); !s) {
            // Left behind, it would begin by itself at whatever boot finds the service enabled.
            std::error_code ignored;
            if (options.resume.empty()) fs::remove_all(state->directory, ignored);
            return s.error();
        }
    }
    const Expected<Measured> measured = measure_all(*state, *backend);
    if (!measured) return measured.error();
    if (measured->rebooting) {
        fmt::print(stderr, "rebooting; `faultline matrix --resume {}` goes on\n", state->directory.string());
        return kExitOk;
    }
    if (measured->status != kExitOk) {
        fmt::print(stderr, "`faultline matrix --resume {}` goes on from here\n", state->directory.string());
        return measured->status;
    }
    const Expected<int> compared = compare_kernels(*state);
    if (!compared) return compared.error();
    return *compared == kExitOk && state->failed ? kExitFailed : *compared;
}

}  // namespace

int matrix_command(const MatrixOptions& options, const Layout& layout) {
    const Expected<int> status = run_matrix(options, layout);
    if (status) return *status;
    report_error(status.error());
    return kExitBadInput;  // whatever went wrong, it is no regression
}

}  // namespace faultline::runners
