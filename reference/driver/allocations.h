// The USM allocations of the process, by address.
//
// Device memory is a reserved, inaccessible address range that the context's VM maps to a VRAM block: a CPU that
// touches it gets SIGSEGV, as on a card without a mapped BAR. Host memory is ordinary memory that never migrates.
// Shared memory is ordinary memory that migrates by faults, as malloc memory does.
//
// Thread safety: every function may be called from any thread. Ownership: an entry is a description; context.cpp makes
// and frees what it describes.
#pragma once

#include <level_zero/ze_api.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "reference/svm/core/types.h"
#include "reference/svm/xe/bo.h"

namespace faultline::driver {

class Context;
class Device;

struct Allocation {
    ze_memory_type_t type = ZE_MEMORY_TYPE_UNKNOWN;
    const Context* context = nullptr;
    Device* device = nullptr;  ///< null for host memory, and for shared memory of no device
    svm::Interval interval{};  ///< whole pages
    std::size_t size = 0;      ///< as asked for
    std::uint64_t id = 0;
    svm::Bo* bo = nullptr;      ///< device memory only, pinned
    std::byte* vram = nullptr;  ///< and where it is
};

class Allocations {
public:
    void insert(const Allocation& allocation);
    std::optional<Allocation> find(const void* p) const;
    /// Removes the allocation that starts at `p` in `context`; nothing when there is none.
    std::optional<Allocation> take(const Context& context, const void* p);
    std::vector<Allocation> take_all(const Context& context);

private:
    mutable std::mutex mutex_;
    std::map<std::uint64_t, Allocation> by_start_;
};

}  // namespace faultline::driver
