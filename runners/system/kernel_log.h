// What the kernel says while something runs: the end of its log since a moment.
//
// Thread safety: one user at a time. Ownership: has the log open.
#pragma once

#include <filesystem>
#include <string>

namespace faultline::runners {

class KernelLog {
public:
    /// From now on. `path` is /dev/kmsg, which on many machines only root may read: since() then says so.
    explicit KernelLog(const std::filesystem::path& path);
    ~KernelLog();
    KernelLog(const KernelLog&) = delete;
    KernelLog& operator=(const KernelLog&) = delete;

    /// The last lines since then, as `dmesg` shows them, or one line that says why there are none.
    std::string since() const;

private:
    int fd_ = -1;
    std::string failure_;
};

}  // namespace faultline::runners
