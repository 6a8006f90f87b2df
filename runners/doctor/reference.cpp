#include <fmt/format.h>

#include <cstring>

#include "runners/doctor/checks.h"

namespace faultline::runners {
namespace {

Check check_driver(const Facts& facts) {
    const Probe& probe = facts.reference;
    Check check{.name = "reference-driver"};
    if (!probe.failure.empty() || probe.devices.empty()) {
        check.health = Health::kProblem;
        check.found = probe.failure.empty() ? "it loads, but lists no device" : probe.failure;
        check.advice = "build with -DFAULTLINE_REFERENCE=ON; see the userfaultfd check";
        return check;
    }
    for (const DeviceEntry& device : probe.devices) {
        check.found +=
            fmt::format("{}{} (policy: {}, model: {}, address space: {})", check.found.empty() ? "" : "; ",
                        device.record.name, device.record.policy, device.record.model, device.record.monitor);
    }
    return check;
}

Check check_permission(const Facts& facts) {
    const UserfaultFacts& u = facts.userfault;
    Check check{.name = "userfaultfd"};
    const std::string sysctl = first_line(facts.roots.proc / "sys/vm/unprivileged_userfaultfd").value_or("absent");
    if (u.full()) {
        check.found = fmt::format("permitted ({}), system calls on migrated memory work",
                                  u.system_call == 0 ? "userfaultfd(2)" : "/dev/userfaultfd");
    } else if (u.user_mode_only == 0) {
        check.health = Health::kWarning;
        check.found = fmt::format(
            "only with UFFD_USER_MODE_ONLY (vm.unprivileged_userfaultfd = {}, /dev/userfaultfd: {}): the reference "
            "works, but "
            "a system call such as read(2) or write(2) on memory that is in VRAM fails with EFAULT instead of bringing "
            "the "
            "page back",
            sysctl, std::strerror(u.device));
        check.advice =
            "run as root (CAP_SYS_PTRACE), or: sysctl vm.unprivileged_userfaultfd=1, or give the user access to "
            "/dev/userfaultfd";
    } else {
        check.health = Health::kProblem;
        check.found = fmt::format("refused: userfaultfd(2): {}, with UFFD_USER_MODE_ONLY: {}",
                                  std::strerror(u.system_call), std::strerror(u.user_mode_only));
        check.advice =
            "needs Linux 5.11 with CONFIG_USERFAULTFD; in a container allow the system call in its seccomp profile";
    }
    return check;
}

Check check_move(const Facts& facts) {
    const UserfaultFacts& u = facts.userfault;
    Check check{.name = "userfaultfd-move"};
    if (!u.any()) {
        check.health = Health::kProblem;
        check.found = "unknown: userfaultfd is refused";
        check.advice = "see the userfaultfd check";
    } else if (u.has_move()) {
        check.found = "UFFDIO_MOVE is there: pages move without a copy";
    } else {
        check.health = Health::kWarning;
        check.found = "no UFFDIO_MOVE: the reference copies pages instead, which is slower";
        check.advice = "use Linux 6.8 or later";
    }
    return check;
}

Check check_events(const Facts& facts) {
    if (!facts.userfault.any() || facts.userfault.has_remove_events()) {
        return {.name = "userfaultfd-events",
                .found = facts.userfault.any() ? "unmap, remap and discard are reported"
                                               : "unknown: userfaultfd is refused"};
    }
    return {.name = "userfaultfd-events",
            .health = Health::kProblem,
            .found = "the kernel does not report unmap, remap or discard",
            .advice = "use Linux 4.11 or later with CONFIG_USERFAULTFD"};
}

}  // namespace

std::vector<Check> reference_checks(const Facts& facts) {
    return {check_driver(facts), check_permission(facts), check_move(facts), check_events(facts)};
}

}  // namespace faultline::runners
