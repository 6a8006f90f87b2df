#include "results/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace faultline::results {
namespace {

Error cannot(const char* what, const std::filesystem::path& path, ErrorKind kind) {
    return Error{kind, fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(errno))};
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

Expected<std::string> read_file(const std::filesystem::path& path) {
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    if (!in || std::filesystem::is_directory(path)) {
        if (errno == 0) errno = EISDIR;
        return cannot("read", path, ErrorKind::kBadInput);
    }
    if (in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
    if (in.bad() || text.bad()) return cannot("read", path, ErrorKind::kBadInput);
    return std::move(text).str();
}

Status write_file_atomically(const std::filesystem::path& path, std::string_view text) {
    std::string temporary = path.string() + ".XXXXXX";
    const int fd = ::mkostemp(temporary.data(), O_CLOEXEC);
    if (fd < 0) return cannot("write", path, ErrorKind::kUnavailable);
    const bool written = write_all(fd, text) && ::fchmod(fd, 0644) == 0 && ::fsync(fd) == 0;
    Status status;
    if (!written) status = cannot("write", path, ErrorKind::kUnavailable);
    ::close(fd);
    if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
        status = cannot("write", path, ErrorKind::kUnavailable);
    }
    if (!status.ok()) ::unlink(temporary.c_str());
    return status;
}

}  // namespace faultline::results
