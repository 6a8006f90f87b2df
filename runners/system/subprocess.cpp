#include "runners/system/subprocess.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

extern char** environ;

namespace faultline::runners {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kKeptOutput = std::size_t{4} << 20;
constexpr std::chrono::milliseconds kProgressPeriod{200};

class Fd {
public:
    explicit Fd(int fd = -1) : fd_(fd) {}
    ~Fd() { reset(); }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;

    int get() const { return fd_; }
    void reset(int fd = -1) {
        if (fd_ >= 0) ::close(fd_);
        fd_ = fd;
    }

private:
    int fd_;
};

struct Pipe {
    Fd read_end;
    Fd write_end;

    bool open() {
        std::array<int, 2> fds{};
        if (::pipe2(fds.data(), O_CLOEXEC) != 0) return false;
        read_end.reset(fds[0]);
        write_end.reset(fds[1]);
        return ::fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0;
    }
};

/// Takes what is there. A grandchild may hold the pipe open, so the end of file is never waited for.
std::string drain(Fd& fd, std::string& text) {
    std::string fresh;
    std::array<char, 65536> buffer;
    for (;;) {
        const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) fd.reset();
        if (got <= 0) break;
        fresh.append(buffer.data(), static_cast<std::size_t>(got));
    }
    text += fresh;
    if (text.size() > kKeptOutput) text.erase(0, text.size() - kKeptOutput);
    return fresh;
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& changes) {
    std::vector<std::string> merged;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        if (!changes.contains(std::string(text.substr(0, text.find('='))))) merged.emplace_back(text);
    }
    for (const auto& [name, value] : changes) merged.push_back(name + "=" + value);
    return merged;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> out;
    for (std::string& s : strings) out.push_back(s.data());
    out.push_back(nullptr);
    return out;
}

/// Starts the child in its own group with default signals. Returns 0 or an errno.
int spawn(const ChildCommand& command, const Pipe& out, const Pipe& err, pid_t* pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out.write_end.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err.write_end.get(), STDERR_FILENO);
    sigset_t signals;
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    std::vector<std::string> arguments = command.argv;
    std::vector<std::string> environment = merged_environment(command.environment);
    const int error = ::posix_spawn(pid, arguments[0].c_str(), &actions, &attributes, pointers(arguments).data(),
                                    pointers(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

/// Why the child is being ended by us, and what comes next for it.
struct Ending {
    std::optional<ChildEnd> why;
    bool killed = false;
    Clock::time_point next;  ///< when the next harder step is due
};

}  // namespace

Expected<ChildResult> run_child(const ChildCommand& command, const Interrupt* interrupt,
                                const ChildProgress& progress) {
    const auto cannot_start = [&](int error) {
        return Error{ErrorKind::kUnavailable,
                     fmt::format("cannot start {}: {}", command.argv[0], std::strerror(error))};
    };
    Pipe out;
    Pipe err;
    if (!out.open() || !err.open()) return cannot_start(errno);
    pid_t pid = -1;
    if (const int error = spawn(command, out, err, &pid); error != 0) return cannot_start(error);
    out.write_end.reset();
    err.write_end.reset();
    // By number: the C library's declaration in Debian 12 lacks extern "C".
    const Fd child(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));

    const Clock::time_point start = Clock::now();
    ChildResult result;
    Ending ending{.why = {}, .killed = false, .next = start + command.time_limit};
    const auto end_it = [&](ChildEnd why, bool at_once) {
        if (!ending.why) ending.why = why;
        ending.killed = ending.killed || at_once || ending.why != why;
        ::kill(-pid, ending.killed ? SIGKILL : SIGTERM);
        ending.next = Clock::now() + command.grace;
    };
    int interrupts_seen = 0;
    bool ended = false;
    while (!ended) {
        // An interrupt stays readable, so once it is acted upon only its count is looked at.
        const bool watch_interrupt = interrupt != nullptr && interrupts_seen == 0;
        std::array<pollfd, 4> fds = {{{child.get(), POLLIN, 0},
                                      {out.read_end.get(), POLLIN, 0},
                                      {err.read_end.get(), POLLIN, 0},
                                      {watch_interrupt ? interrupt->fd() : -1, POLLIN, 0}}};
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(ending.next - Clock::now());
        const auto wait = std::clamp(left, std::chrono::milliseconds(0), kProgressPeriod);
        ::poll(fds.data(), fds.size(), static_cast<int>(wait.count()));

        std::string fresh;
        if (fds[1].revents != 0) fresh = drain(out.read_end, result.out);
        if (fds[2].revents != 0) drain(err.read_end, result.err);
        if (progress) progress(fresh);
        ended = fds[0].revents != 0;
        if (ended) break;
        if (interrupt != nullptr && interrupt->count() > interrupts_seen) {
            interrupts_seen = interrupt->count();
            end_it(ChildEnd::kInterrupted, interrupts_seen > 1);
        } else if (Clock::now() >= ending.next) {
            if (ending.killed) break;
            end_it(ending.why.value_or(ChildEnd::kTimedOut), ending.why.has_value());
        }
    }
    result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (!ended) {
        result.end = ChildEnd::kStuck;
        return result;
    }
    // The child is not reaped yet, so its group's number cannot have been given to anyone else.
    ::kill(-pid, SIGKILL);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (out.read_end.get() >= 0) drain(out.read_end, result.out);
    if (err.read_end.get() >= 0) drain(err.read_end, result.err);
    result.end = ending.why.value_or(WIFSIGNALED(status) ? ChildEnd::kSignalled : ChildEnd::kExited);
    result.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    return result;
}

std::string describe_end(const ChildResult& result, const ChildCommand& command) {
    switch (result.end) {
        case ChildEnd::kExited:
            return fmt::format("exited with status {}", result.code);
        case ChildEnd::kSignalled:
            return fmt::format("killed by signal {} ({})", result.code, ::strsignal(result.code));
        case ChildEnd::kTimedOut:
            return fmt::format("hung: ended at its time limit of {:g} s",
                               std::chrono::duration<double>(command.time_limit).count());
        case ChildEnd::kInterrupted:
            return "interrupted by the user";
        case ChildEnd::kStuck:
            break;
    }
    return "stuck in the kernel: not even SIGKILL ended it";
}

std::string last_line(const std::string& text) {
    const std::size_t end = text.find_last_not_of(" \n\r\t");
    if (end == std::string::npos) return {};
    const std::size_t newline = text.rfind('\n', end);
    return text.substr(newline == std::string::npos ? 0 : newline + 1, end - newline);
}

}  // namespace faultline::runners
