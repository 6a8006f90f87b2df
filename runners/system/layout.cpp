#include "runners/system/layout.h"

#include <cstdlib>

#include "vocabulary/environment_variables.h"

namespace faultline::runners {

Layout Layout::of_this_program() {
    std::error_code error;
    Layout layout;
    layout.programs = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    const char* named = std::getenv(env::kReferenceDriver);
    layout.reference_driver = named != nullptr && *named != '\0'
                                  ? std::filesystem::absolute(named, error)
                                  : layout.programs.parent_path() / "lib" / "libze_faultline.so";
    return layout;
}

}  // namespace faultline::runners
