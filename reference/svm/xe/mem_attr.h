// What a program advised about a stretch of address space (xe_vma_mem_attr, DRM_XE_MADVISE).
//
// Thread safety: values.
#pragma once

#include <cstdint>
#include <variant>

namespace faultline::svm {

class Device;
class Pagemap;

/// DRM_XE_MEM_RANGE_ATTR_PREFERRED_LOC: where faults migrate to.
struct PreferredLocation {
    enum class Where : std::uint8_t {
        kFaultingTile,  ///< devmem_fd 0
        kSystem,        ///< devmem_fd -1
        kDevice,        ///< devmem_fd > 0: `device` and `region_instance`
    };
    enum class MigrationPolicy : std::uint8_t { kAllPages, kOnlySystemPages };  ///< stored; steers nothing, as in 7.0

    Where where = Where::kFaultingTile;
    Device* device = nullptr;
    unsigned region_instance = 0;  ///< which tile's VRAM
    MigrationPolicy migration_policy = MigrationPolicy::kAllPages;

    friend bool operator==(const PreferredLocation&, const PreferredLocation&) = default;
};

/// DRM_XE_MEM_RANGE_ATTR_ATOMIC: who does atomics.
enum class AtomicAccess : std::uint8_t {
    kUndefined,  ///< as kGlobal
    kDevice,     ///< the GPU alone: where the hardware can, without migration
    kGlobal,     ///< CPU and GPU in turns: the GPU's need device memory
    kCpu,        ///< the CPU alone: the GPU's fail
};

struct MemAttr {
    PreferredLocation preferred_loc;
    AtomicAccess atomic_access = AtomicAccess::kUndefined;

    bool is_default() const { return *this == MemAttr(); }
    friend bool operator==(const MemAttr&, const MemAttr&) = default;
};

/// One call of madvise sets one attribute.
using Madvise = std::variant<PreferredLocation, AtomicAccess>;

}  // namespace faultline::svm
