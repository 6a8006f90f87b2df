// Where the command finds its parts: everything is taken relative to the executable, never from the working directory.
//
// Thread safety: values.
#pragma once

#include <filesystem>

namespace faultline::runners {

struct Layout {
    std::filesystem::path programs;          ///< directory of faultline-bench, faultline-workloads, faultline-probe
    std::filesystem::path reference_driver;  ///< absolute path of the reference's Level Zero driver

    /// Of the running executable: bin/, and lib/libze_faultline.so beside it unless FAULTLINE_REFERENCE_DRIVER names
    /// one.
    static Layout of_this_program();

    std::filesystem::path probe() const { return programs / "faultline-probe"; }
};

}  // namespace faultline::runners
