// Every choice that the seeds discuss, as a value: which behaviour of the kernel the core shows.
//
// Thread safety: values. A preset is named for the kernel or series whose behaviour it reproduces.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "reference/svm/types.h"

namespace faultline::svm {

struct Policy {
    std::string preset = "xe-7.0";

    // Geometry (fault_chunk_sizes, svm_notifier_size).
    std::array<std::uint64_t, 3> chunk_sizes = {kSize2M, kSize64K, kPageSize};
    unsigned chunk_count = 3;  ///< how many of chunk_sizes are in force, largest first
    Bytes notifier_size{512ull << 20};

    // Migration.
    bool migrate = true;                    ///< to the faulting tile's VRAM by default
    Bytes migrate_min{kSize64K};            ///< smaller ranges stay where they are
    Bytes check_pages_threshold{kSize64K};  ///< ranges up to this size need their CPU pages present already
    unsigned atomic_migrate_tries = 3;      ///< xe_svm: migrate_try_count when devmem_only, else 1
    Nanoseconds timeslice = std::chrono::milliseconds(5);  ///< atomic_svm_timeslice_ms, doubled per retry

    // Queues: XE_PAGEFAULT_QUEUE_COUNT, chosen by asid % count.
    unsigned queue_count = 4;
};

/// Parses "NAME[,knob=value...]": a preset and overrides. Unknown names and values are errors that list the valid ones.
Expected<Policy> parse_policy(std::string_view text);
/// The canonical text of a policy: the preset, and only those knobs that differ from it. parse_policy() takes it back.
std::string to_string(const Policy& policy);
/// One line a preset and a knob, with their values: what `faultline policies` and the errors print.
std::string describe_policies();

}  // namespace faultline::svm
