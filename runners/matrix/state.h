// What a kernel matrix is to do and how far it has come, in a file, so that it goes on after a reboot or a kill.
//
// Kernels take turns (A B A B ...), so that a drift of the machine falls on all of them. Thread safety: values.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/expected.h"
#include "runners/run/run_options.h"

namespace faultline::runners {

struct MatrixState {
    std::filesystem::path directory;  ///< holds the state file, the run directories and the consoles; absolute
    std::string backend;              ///< "qemu" or "boot-entry"
    std::string accelerator;          ///< qemu: "kvm" or "tcg", or "auto" until it is decided
    unsigned boot_limit = 0;          ///< qemu: seconds
    std::string label;                ///< runs are labelled LABEL@RELEASE
    std::vector<std::string> kernels;
    std::vector<std::string> releases;  ///< of the kernels
    unsigned boots = 0;                 ///< of each kernel
    RunOptions run;                     ///< what each boot runs
    double min_effect = 0;              ///< as results::CompareOptions
    unsigned done = 0;                  ///< boots that are measured, of all kernels
    bool failed = false;                ///< a benchmark of theirs did
    std::string rebooted_from;          ///< boot-entry: boot id under which the next one was asked for
    std::string measuring_in;           ///< boot-entry: boot id under which a measurement began that has not ended

    unsigned steps() const { return boots * static_cast<unsigned>(kernels.size()); }
    std::size_t next_kernel() const { return done % kernels.size(); }
    std::string label_of(std::size_t kernel) const { return label + "@" + releases[kernel]; }
    std::filesystem::path file() const { return directory / "state.json"; }
};

Status save(const MatrixState& state);
/// Error: kBadInput where `directory` has no state that this program can go on with.
Expected<MatrixState> load_matrix_state(const std::filesystem::path& directory);

}  // namespace faultline::runners
