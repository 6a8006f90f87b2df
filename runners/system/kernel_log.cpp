#include "runners/system/kernel_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <deque>
#include <string_view>

namespace faultline::runners {
namespace {

constexpr std::size_t kMostLines = 200;
constexpr std::size_t kRecord = 8192;  // more than the kernel's longest

/// "[   12.345678] message", of "6,1234,12345678,-;message" (Documentation/ABI/testing/dev-kmsg). A line that is no
/// record's first is a fact about the record before, which `dmesg` leaves out too.
std::string shown(std::string_view line) {
    const std::size_t message = line.find(';');
    if (line.empty() || line[0] == ' ' || message == std::string_view::npos) return {};
    std::string_view head = line.substr(0, message);
    for (int field = 0; field < 2; ++field) head.remove_prefix(std::min(head.find(','), head.size() - 1) + 1);
    unsigned long long microseconds = 0;
    std::from_chars(head.data(), head.data() + head.size(), microseconds);
    return fmt::format("[{:5}.{:06}] {}", microseconds / 1'000'000, microseconds % 1'000'000, line.substr(message + 1));
}

}  // namespace

KernelLog::KernelLog(const std::filesystem::path& path) : fd_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
    if (fd_ < 0 || ::lseek(fd_, 0, SEEK_END) < 0) {
        failure_ = fmt::format("the kernel's log is not to be had: {}: {}\n", path.string(), std::strerror(errno));
    }
}

KernelLog::~KernelLog() {
    if (fd_ >= 0) ::close(fd_);
}

std::string KernelLog::since() const {
    if (!failure_.empty()) return failure_;
    std::deque<std::string> lines;
    std::array<char, kRecord> record{};
    for (;;) {
        const ssize_t got = ::read(fd_, record.data(), record.size());
        if (got < 0 && (errno == EPIPE || errno == EINTR)) continue;  // EPIPE: records that were overwritten meanwhile
        if (got <= 0) break;
        std::string_view rest(record.data(), static_cast<std::size_t>(got));
        while (!rest.empty()) {
            const std::size_t end = rest.find('\n');
            if (std::string line = shown(rest.substr(0, end)); !line.empty()) lines.push_back(std::move(line));
            if (lines.size() > kMostLines) lines.pop_front();
            rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        }
    }
    if (lines.empty()) return "the kernel said nothing\n";
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
}

}  // namespace faultline::runners
