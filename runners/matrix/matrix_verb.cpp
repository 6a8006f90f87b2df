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
#include "runners/command/verb.h"
#include "runners/matrix/backend.h"
#include "runners/matrix/boot_entry.h"
#include "runners/matrix/qemu.h"
#include "runners/matrix/table.h"
#include "runners/run/plan.h"
#include "runners/run/run_options.h"
#include "runners/run/suites.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;
using results::Comparison;
using results::Store;

struct MatrixOptions {
    std::vector<std::string> kernels;  ///< releases or, for qemu, paths of images; the first is the baseline
    std::string backend = "qemu";      ///< "qemu" or "boot-entry"
    std::string accelerator = "auto";  ///< qemu: "auto", "kvm" or "tcg"
    unsigned boots = 5;                ///< of each kernel: as few as a verdict takes
    unsigned boot_limit = 3600;        ///< qemu: seconds, from power on to power off
    RunOptions run;                    ///< what each boot runs; its label begins the runs' labels
    fs::path output;                   ///< the matrix's directory; empty: faultline-runs/<UTC time>-matrix
    fs::path resume;                   ///< not empty: the directory of the matrix to go on with; the rest is there
    double min_effect = results::CompareOptions{}.min_effect;
};

std::unique_ptr<KernelBackend> backend_of(const MatrixState& state, const Layout& layout) {
    if (state.backend == "qemu") return make_qemu_backend(layout);
    return make_boot_entry_backend(layout, BootRoot::of_this_machine());
}

/// A suite or filter that leaves nothing to run is told before anything boots. What there is depends on the device;
/// with none, programs list what a large one would run.
Status check_selection(const RunOptions& run, const Layout& layout) {
    FL_ASSIGN_OR_RETURN(const Suite* suite, find_suite(run.suite));
    FL_ASSIGN_OR_RETURN(const FamiliesByProgram families, list_families(*suite, layout, {}, nullptr));
    FL_RETURN_IF_ERROR(plan(*suite, run.overrides, layout, families));
    return {};
}

/// A matrix that has everything but its releases.
Expected<MatrixState> begin(const MatrixOptions& options, const Layout& layout) {
    if (options.kernels.size() < 2) {
        return Error{ErrorKind::kBadInput, "--kernels: a comparison takes two or more, as A,B"};
    }
    FL_RETURN_IF_ERROR(check_selection(options.run, layout));
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
    FL_RETURN_IF_ERROR(results::check_label(state.label));
    return state;
}

/// Runs of one release would be taken for runs of one kernel.
Status name_releases(MatrixState& state, KernelBackend& backend) {
    for (const std::string& kernel : state.kernels) {
        FL_ASSIGN_OR_RETURN(const std::string release, backend.release_of(kernel));
        if (std::find(state.releases.begin(), state.releases.end(), release) != state.releases.end()) {
            return Error{ErrorKind::kBadInput,
                         fmt::format("two kernels say that they are {}: give one a CONFIG_LOCALVERSION", release)};
        }
        state.releases.push_back(release);
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
    FL_ASSIGN_OR_RETURN(Store store, Store::open(step.run.database, results::Database::Mode::kCreate));
    FL_ASSIGN_OR_RETURN(const results::Imported imported, results::import_path(store, step.run.output, step.run.label));
    return std::optional<Measured>(
        Measured{.rebooting = false, .status = imported.run.failed == 0 ? kExitOk : kExitFailed});
}

/// The runs of this matrix, not of an earlier one that was labelled alike.
std::string runs_of(const MatrixState& state, std::size_t kernel) {
    return fmt::format("label:{} last:{}", state.label_of(kernel), state.boots);
}

/// Each kernel with the first. Prints every comparison, and then the table of all.
Expected<int> compare_kernels(const MatrixState& state) {
    results::CompareOptions options;
    options.min_effect = state.min_effect;
    FL_ASSIGN_OR_RETURN(const Store store, Store::open(state.run.database, results::Database::Mode::kExisting));
    FL_ASSIGN_OR_RETURN(const auto a, results::samples_of(store, runs_of(state, 0)));
    std::vector<Comparison> comparisons;
    std::string text;
    int status = kExitOk;
    for (std::size_t kernel = 1; kernel < state.kernels.size(); ++kernel) {
        FL_ASSIGN_OR_RETURN(const auto b, results::samples_of(store, runs_of(state, kernel)));
        FL_ASSIGN_OR_RETURN(Comparison comparison, results::compare(a, b, options));
        const results::Outcome outcome = outcome_of(comparison);
        // A regression is the stronger news than one that cannot be told.
        if (outcome == results::Outcome::kRegression) status = kExitFailed;
        if (outcome == results::Outcome::kCannotTell && status == kExitOk) status = kExitBadInput;
        text += terminal_text(comparison, false) + "\n";
        comparisons.push_back(std::move(comparison));
    }
    text += matrix_table(state.releases, comparisons);
    fmt::print("{}", text);
    FL_RETURN_IF_ERROR(results::write_file_atomically(state.directory / "comparison.txt", text));
    return status;
}

/// Measures what is left, as far as it comes. The status: kExitOk also where a benchmark failed (`state` says so).
Expected<Measured> measure_all(MatrixState& state, KernelBackend& backend) {
    while (state.done < state.steps()) {
        const MatrixStep step = next_step(state);
        fmt::print(stderr, "boot {} of {}: {}\n", state.done + 1, state.steps(), step.release);
        FL_ASSIGN_OR_RETURN(const std::optional<Measured> earlier, take_earlier(step));
        FL_ASSIGN_OR_RETURN(const Measured measured,
                            earlier ? Expected<Measured>(*earlier) : backend.measure(step, state));
        // A failed benchmark leaves a run that is whole, and the matrix goes on.
        if (measured.rebooting || (measured.status != kExitOk && measured.status != kExitFailed)) return measured;
        if (!is_whole(step)) {
            return Error{ErrorKind::kDevice, fmt::format("kernel {}: the suite ended without a run; `faultline matrix "
                                                         "--resume {}` tries again",
                                                         step.release, state.directory.string())};
        }
        state.failed = state.failed || measured.status == kExitFailed;
        ++state.done;
        FL_RETURN_IF_ERROR(save(state));
    }
    return Measured{};
}

Expected<int> run_matrix(const MatrixOptions& options, const Layout& layout) {
    FL_ASSIGN_OR_RETURN(MatrixState state,
                        options.resume.empty() ? begin(options, layout) : load_matrix_state(options.resume));
    const std::unique_ptr<KernelBackend> backend = backend_of(state, layout);
    if (options.resume.empty()) {
        FL_RETURN_IF_ERROR(name_releases(state, *backend));
        FL_RETURN_IF_ERROR(make_directory(state));
    }
    if (state.done < state.steps()) {
        if (Status s = backend->prepare(state); !s) {
            // Left behind, the matrix would begin by itself at the next boot on which the service is enabled.
            std::error_code ignored;
            if (options.resume.empty()) fs::remove_all(state.directory, ignored);
            return s.error();
        }
    }
    FL_ASSIGN_OR_RETURN(const Measured measured, measure_all(state, *backend));
    if (measured.rebooting) {
        fmt::print(stderr, "rebooting; `faultline matrix --resume {}` goes on\n", state.directory.string());
        return kExitOk;
    }
    if (measured.status != kExitOk) {
        fmt::print(stderr, "`faultline matrix --resume {}` goes on from here\n", state.directory.string());
        return measured.status;
    }
    FL_ASSIGN_OR_RETURN(const int compared, compare_kernels(state));
    return compared == kExitOk && state.failed ? kExitFailed : compared;
}

/// Exit status: as `faultline compare`, of all comparisons; 1 also when a benchmark failed; 128 + N when signal N ended
/// it. With boot-entry it returns 0 early, when the machine is about to reboot.
int matrix(const MatrixOptions& options, const Layout& layout) {
    const Expected<int> status = run_matrix(options, layout);
    if (status) return *status;
    report_error(status.error());
    return kExitBadInput;  // no error is a regression
}

Action define(Options& options) {
    const auto given = std::make_shared<MatrixOptions>();
    RunOptions& run = given->run;
    const Option kernels =
        options.add("--kernels", given->kernels, "A,B,...: releases, or paths of images; A is the baseline")
            .split_at_commas();
    options.add("--backend", given->backend, "qemu, or boot-entry: reboot this machine into each")
        .one_of({"qemu", "boot-entry"})
        .show_default();
    options.add("--accelerator", given->accelerator, "qemu only: auto, kvm, or tcg (software emulation)")
        .one_of({"auto", "kvm", "tcg"})
        .show_default();
    options.add("--boots", given->boots, "of each kernel, one run a boot; a verdict takes 5")
        .between(1u, 1000u)
        .show_default();
    options.add("--boot-limit", given->boot_limit, "qemu only: seconds that a boot may take with its run")
        .between(1u, 1000000u)
        .show_default();
    add_suite(options, run.suite);
    add_filter(options, run.overrides);
    add_repetitions(options, run.overrides);
    add_min_time(options, run.overrides);
    add_timeout(options, run.overrides);
    add_device(options, run.device, "as for run; with qemu always the reference");
    add_policy(options, run.device.reference);
    add_model(options, run.device.reference);
    options.add("--label", run.label, "runs are labelled NAME@RELEASE; default: the directory's name");
    options.add("--output", given->output, "directory to make; default: faultline-runs/<UTC time>-matrix");
    add_min_effect(options, given->min_effect);
    const Option resume = options.add("--resume", given->resume, "go on with the matrix in this directory");
    options.stands_alone(resume);
    options.require_either(kernels, resume);
    add_database(options, run.database);
    return [given](const Invocation& invocation) {
        given->run.command_line = invocation.command_line;
        return matrix(*given, invocation.layout);
    };
}

}  // namespace

extern const Verb kMatrix = {"matrix", "boot each of several kernels, run a suite on each, and compare", define};

}  // namespace faultline::runners
