// Which behaviour of the kernel the core shows, as a value: a preset and single knobs.
//
// Thread safety: values. A preset is named for the kernel or series whose behaviour it reproduces. A value says what
// the software does; what the hardware is (VRAM, links, latencies) belongs to the device.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "reference/svm/core/types.h"

namespace faultline::svm {

/// How vm.lock is held while a fault is served.
enum class FaultLocking : std::uint8_t {
    kVmWrite,      ///< for writing: one fault of a VM at a time
    kFineGrained,  ///< for reading: one fault of a range or VMA at a time (series, patch 1)
};

/// Which queue a fault goes to.
enum class QueueChoice : std::uint8_t {
    kAsidHash,    ///< asid % queues, one worker each
    kRoundRobin,  ///< the next one, one worker each (series, patch 1)
    kSingle,      ///< one queue, several workers (series, patch 4)
};

enum class AckMode : std::uint8_t {
    kEach,     ///< published one by one
    kBatched,  ///< written under one hold of the channel, published at every 16th and at the end (series, patch 11)
};

enum class PrefetchMode : std::uint8_t {
    kWriteLock,  ///< range after range, vm.lock held for writing
    kReadLock,   ///< range after range, vm.lock held for reading (series, patch 2)
    kThreaded,   ///< ranges shared out to the prefetch workers, vm.lock held for reading (series, patch 3)
};

/// Whose copy engine moves pages from one device to another.
enum class MigrateSide : std::uint8_t { kSource, kDestination };

struct Policy {
    std::string preset = "xe-7.0";

    // Locking and queues.
    FaultLocking locking = FaultLocking::kVmWrite;
    QueueChoice queue_choice = QueueChoice::kAsidHash;
    unsigned queue_count = 4;  ///< XE_PAGEFAULT_QUEUE_COUNT; a single queue ignores it
    unsigned num_pf_work = 2;  ///< workers of a single queue (num_pf_work)
    bool chaining = false;     ///< faults of one 2 MiB window hang on to the one being served (series, patch 8)
    AckMode acks = AckMode::kEach;
    PrefetchMode prefetch = PrefetchMode::kWriteLock;

    // Geometry (fault_chunk_sizes, svm_notifier_size).
    std::array<std::uint64_t, 3> chunk_sizes = {kSize2M, kSize64K, kPageSize};
    unsigned chunk_count = 3;  ///< how many of chunk_sizes are in force, largest first
    Bytes notifier_size{512ull << 20};

    // Migration.
    bool migrate = true;                    ///< the default preferred location is the faulting tile, not system memory
    Bytes migrate_min{kSize64K};            ///< smaller ranges stay where they are
    Bytes check_pages_threshold{kSize64K};  ///< ranges up to this size need their CPU pages present already
    unsigned atomic_migrate_tries = 3;      ///< xe_svm: migrate_try_count when devmem_only, else 1
    Nanoseconds timeslice = std::chrono::milliseconds(5);  ///< atomic_svm_timeslice_ms, doubled per retry

    // Interconnect.
    bool interconnect = true;  ///< devices with a fast link share an owner: they map and migrate each other's pages
    MigrateSide migrate_side = MigrateSide::kSource;  ///< source_peer_migrates

    std::span<const std::uint64_t> chunks() const { return {chunk_sizes.data(), chunk_count}; }
    /// How many faults can be in service at once.
    unsigned workers() const { return queue_choice == QueueChoice::kSingle ? num_pf_work : queue_count; }
};

/// Parses "NAME[,knob=value...]": a preset and overrides. Unknown names and values are errors that list the valid ones.
Expected<Policy> parse_policy(std::string_view text);
/// The canonical text of a policy: the preset, and only those knobs that differ from it. parse_policy() takes it back.
std::string to_string(const Policy& policy);
/// One line a preset and a knob, with their values: what `faultline policies` and the errors print.
std::string describe_policies();

/// Names of all presets, and for each knob one alternative text "knob=value" a value worth comparing with xe-7.0's.
/// What bench/policy runs through.
std::span<const std::string_view> policy_presets();
std::span<const std::string_view> policy_variations();

}  // namespace faultline::svm
