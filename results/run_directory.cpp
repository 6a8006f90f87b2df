#include "results/run_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "results/atomic_file.h"
#include "vocabulary/latency_file.h"

namespace faultline::results {
namespace {

namespace fs = std::filesystem;

Error cannot_write(const fs::path& path, const std::string& why) {
    return Error{ErrorKind::kUnavailable, fmt::format("cannot write {}: {}", path.string(), why)};
}

/// An open descriptor of `directory` with the lock on it, or -1 and errno. Programs inherit it, since one that outlives
/// its runner still writes there and still has the device.
int lock(const fs::path& directory) {
    const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY);
    if (fd < 0) return -1;
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
}

/// A new empty directory beside `final_path`.
Expected<fs::path> make_work_directory(const fs::path& final_path) {
    std::error_code error;
    fs::path absolute = fs::absolute(final_path, error).lexically_normal();
    if (!absolute.has_filename()) absolute = absolute.parent_path();
    fs::create_directories(absolute.parent_path(), error);
    if (error) return cannot_write(final_path, error.message());
    std::string work = absolute.string() + ".partial-XXXXXX";
    if (::mkdtemp(work.data()) == nullptr) return cannot_write(final_path, std::strerror(errno));
    fs::permissions(work, fs::perms(0755), error);
    return fs::path(work);
}

/// A work directory of `final_path` that nobody has noted, since its process was killed when it had just named it.
fs::path stray(const fs::path& final_path) {
    std::error_code error;
    const std::string prefix = final_path.filename().string() + ".partial-";
    for (fs::directory_iterator it(final_path.parent_path(), error), end; !error && it != end; it.increment(error)) {
        if (it->path().filename().string().starts_with(prefix) && it->is_directory(error)) return it->path();
    }
    return {};
}

}  // namespace

Expected<RunDirectory> RunDirectory::create(const fs::path& final_path) {
    std::error_code error;
    const fs::file_status status = fs::status(final_path, error);
    if (fs::exists(status) && !(fs::is_directory(status) && fs::is_empty(final_path, error))) {
        return Error{ErrorKind::kBadInput,
                     fmt::format("output {} exists and is not an empty directory", final_path.string())};
    }
    FL_ASSIGN_OR_RETURN(const auto work, make_work_directory(final_path));
    const int locked = lock(work);
    if (locked < 0) return cannot_write(final_path, std::strerror(errno));
    RunDirectory directory(final_path, work, locked);
    fs::create_directory(directory.latency_directory(), error);
    if (error) return cannot_write(final_path, error.message());
    return directory;
}

Expected<RunDirectory> RunDirectory::reopen(const fs::path& final_path, const fs::path& work_path) {
    std::error_code error;
    // The final name where the process was killed after the last step of a commit, or ended well but early.
    const bool committed = !fs::is_directory(work_path, error) && fs::is_directory(final_path, error);
    const fs::path found = committed ? final_path : fs::is_directory(work_path, error) ? work_path : stray(final_path);
    if (found.empty()) return create(final_path);
    const int locked = lock(found);
    if (locked < 0) {
        if (errno != EWOULDBLOCK) return cannot_write(found, std::strerror(errno));
        return Error{ErrorKind::kUnavailable,
                     fmt::format("{} is still being built by another process", found.string())};
    }
    RunDirectory directory(final_path, found, locked);
    directory.keep();
    if (committed) {
        FL_ASSIGN_OR_RETURN(const auto work, make_work_directory(final_path));
        fs::rename(found, work, error);
        if (error) return cannot_write(found, error.message());
        directory.work_ = work;
    }
    fs::create_directory(directory.latency_directory(), error);
    if (error) return cannot_write(final_path, error.message());
    // Half files are of a benchmark that runs again.
    (void)directory.check_new_latency_files();
    return directory;
}

bool RunDirectory::is_being_built(const fs::path& work_path) {
    const int locked = lock(work_path);
    if (locked >= 0) ::close(locked);
    return locked < 0 && errno == EWOULDBLOCK;
}

RunDirectory::RunDirectory(RunDirectory&& other) noexcept
    : final_(std::move(other.final_)),
      work_(std::exchange(other.work_, {})),
      lock_(std::exchange(other.lock_, -1)),
      kept_(other.kept_),
      latency_files_(std::move(other.latency_files_)) {}

RunDirectory::~RunDirectory() {
    std::error_code error;
    if (!work_.empty() && !kept_) fs::remove_all(work_, error);
    if (lock_ >= 0) ::close(lock_);
}

std::vector<std::string> RunDirectory::check_new_latency_files() {
    std::vector<std::string> faults;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(latency_directory(), error)) {
        const std::string relative = "latency/" + entry.path().filename().string();
        if (std::find(latency_files_.begin(), latency_files_.end(), relative) != latency_files_.end()) continue;
        Status status;
        if (entry.path().extension() != ".lat") {
            status = Error{ErrorKind::kBadInput, "a writer's temporary file"};
        } else if (const Expected<LatencyFile> file = read_latency_file(entry.path()); !file) {
            status = file.error();
        }
        if (status.ok()) {
            latency_files_.push_back(relative);
        } else {
            faults.push_back(fmt::format("{} dropped: {}", relative, status.error().message));
            fs::remove(entry.path(), error);
        }
    }
    std::sort(latency_files_.begin(), latency_files_.end());
    std::sort(faults.begin(), faults.end());
    return faults;
}

Status RunDirectory::keep_log(const std::string& name, const std::string& text) {
    std::error_code error;
    fs::create_directory(work_ / "logs", error);
    return write_file_atomically(work_ / "logs" / (file_name_of(name) + ".txt"), text);
}

Status RunDirectory::commit(const BenchmarkReport& report, Manifest manifest) {
    std::error_code error;
    fs::remove(scratch_report(), error);
    manifest.latency_files = latency_files_;
    if (Status s = write_file_atomically(work_ / "run.json", to_text(report)); !s.ok()) return s;
    const std::string text = to_json(manifest).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
    if (Status s = write_file_atomically(work_ / "manifest.json", text); !s.ok()) return s;
    fs::rename(work_, final_, error);
    if (error) return cannot_write(final_, error.message());
    work_.clear();
    return {};
}

std::string file_name_of(const std::string& name) {
    std::string file = name;
    std::replace(file.begin(), file.end(), '/', '.');
    return file;
}

}  // namespace faultline::results
