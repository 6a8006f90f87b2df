#include "runners/command/output.h"

#include <cstdio>

#include "results/atomic_file.h"

namespace faultline::runners {

Status print_text(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
        return Error{ErrorKind::kUnavailable, "cannot write to standard output: is the disk full?"};
    }
    return {};
}

Status write_text(const std::filesystem::path& file, std::string_view text) {
    return file.empty() ? print_text(text) : results::write_file_atomically(file, text);
}

}  // namespace faultline::runners
