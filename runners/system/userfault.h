// What userfaultfd allows this process: tried, not read from settings.
//
// Thread safety: pure system calls on descriptors of its own.
#pragma once

#include <cstdint>
#include <filesystem>

namespace faultline::runners {

struct UserfaultFacts {
    int system_call = 0;         ///< userfaultfd(0): 0, or errno
    int device = 0;              ///< USERFAULTFD_IOC_NEW on /dev/userfaultfd: 0, or errno
    int user_mode_only = 0;      ///< userfaultfd(UFFD_USER_MODE_ONLY): 0, or errno
    std::uint64_t features = 0;  ///< as UFFDIO_API reports; 0 when none of the above works

    bool full() const { return system_call == 0 || device == 0; }
    bool any() const { return full() || user_mode_only == 0; }
    bool has_move() const;
    bool has_remove_events() const;
};

UserfaultFacts try_userfault(const std::filesystem::path& dev = "/dev");

}  // namespace faultline::runners
