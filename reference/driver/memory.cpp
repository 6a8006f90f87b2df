// Unified shared memory: the memory half of Context, and the memory table.
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <bit>
#include <cerrno>

#include "reference/driver/context.h"
#include "reference/driver/ddi.h"
#include "reference/driver/driver.h"
#include "reference/driver/entry.h"

namespace faultline::driver {
namespace {

std::atomic<std::uint64_t> next_id{1};

// Large memory is aligned to the largest GPU page, so that it can be mapped and migrated in one piece.
std::size_t alignment_of(std::size_t size, std::size_t wanted) {
    const std::size_t natural = size >= svm::kSize2M ? svm::kSize2M : svm::kPageSize;
    return std::max(natural, wanted);
}

std::size_t whole_pages(std::size_t size) { return (size + svm::kPageSize - 1) & ~(svm::kPageSize - 1); }

// An anonymous mapping, MAP_PRIVATE or MAP_SHARED; empty when the kernel refuses.
svm::Interval map(std::size_t size, std::size_t alignment, int protection, int sharing) {
    const std::size_t room = size + alignment - svm::kPageSize;
    void* p = mmap(nullptr, room, protection, sharing | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return {};
    const svm::Interval whole{svm::VirtAddr::of(p), svm::VirtAddr::of(p) + room};
    const svm::VirtAddr start = whole.start.align_up(alignment);
    const svm::Interval kept{start, start + size};
    if (kept.start - whole.start != 0) munmap(whole.start.ptr(), kept.start - whole.start);
    if (whole.end - kept.end != 0) munmap(kept.end.ptr(), whole.end - kept.end);
    return kept;
}

void unmap(svm::Interval interval) { munmap(interval.start.ptr(), interval.size()); }

void drop(svm::Bo& bo) {
    bo.unpin();
    bo.put();
}

// A root device's memory is that of all its tiles.
svm::Bo* create_bo(Device& device, Bytes size, int* err) {
    for (unsigned i = 0;; ++i) {
        svm::Bo* bo = svm::Bo::create(device.core().tile(device.home() + i), size, err);
        if (*err != -ENOMEM || i + 1 == device.tile_count()) return bo;
    }
}

ze_result_t check_request(std::size_t size, std::size_t alignment, const void* out) {
    if (out == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    if (size == 0) return ZE_RESULT_ERROR_INVALID_SIZE;
    if (size > (std::size_t{1} << 46)) return ZE_RESULT_ERROR_UNSUPPORTED_SIZE;
    if (alignment != 0 && !std::has_single_bit(alignment)) return ZE_RESULT_ERROR_UNSUPPORTED_ALIGNMENT;
    if (alignment > (std::size_t{1} << 30)) return ZE_RESULT_ERROR_UNSUPPORTED_ALIGNMENT;
    return ZE_RESULT_SUCCESS;
}

}  // namespace

// Reserves an address range for the block and binds it. The kernel hands out addresses as soon as they are free, which
// is before userfaultfd tells of it: while another thread is inside that munmap, the SVM ranges that were there are
// still in the way (-EBUSY). Then another address range is taken.
int Context::place(Allocation& a, std::size_t alignment) {
    constexpr int kTries = 4;
    std::array<svm::Interval, kTries> refused{};
    int err = -EBUSY;
    for (int i = 0; i < kTries && err == -EBUSY; ++i) {
        a.interval = map(whole_pages(a.size), alignment, PROT_NONE, MAP_PRIVATE);
        if (a.interval.empty()) {
            err = -ENOMEM;
            break;
        }
        err = vm(*a.device).bind_bo(a.interval, *a.bo);
        if (err != 0) refused[i] = a.interval;
    }
    for (const svm::Interval& interval : refused) {
        if (!interval.empty()) unmap(interval);
    }
    return err;
}

ze_result_t Context::alloc_device(Device& device, std::size_t size, std::size_t alignment, void** out) {
    Allocation a{.type = ZE_MEMORY_TYPE_DEVICE, .context = this, .device = &device, .size = size, .id = next_id++};
    int err = 0;
    a.bo = create_bo(device, Bytes{whole_pages(size)}, &err);
    if (err == -ENOMEM) {
        // Once more after the events so far: memory that was unmapped just before may still be in VRAM.
        driver_.mm().sync();
        a.bo = create_bo(device, Bytes{whole_pages(size)}, &err);
    }
    if (err == -EINVAL) return ZE_RESULT_ERROR_UNSUPPORTED_SIZE;
    if (err != 0) return ZE_RESULT_ERROR_OUT_OF_DEVICE_MEMORY;
    a.vram = a.bo->pin(&err);
    err = place(a, alignment_of(size, alignment));
    if (err != 0) {
        drop(*a.bo);
        return err == -ENOMEM ? ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY : ZE_RESULT_ERROR_UNKNOWN;
    }
    driver_.allocations().insert(a);
    *out = a.interval.start.ptr();
    return ZE_RESULT_SUCCESS;
}

ze_result_t Context::alloc_shared(Device* device, std::size_t size, std::size_t alignment, void** out) {
    Allocation a{.type = ZE_MEMORY_TYPE_SHARED, .context = this, .device = device, .size = size, .id = next_id++};
    a.interval = map(whole_pages(size), alignment_of(size, alignment), PROT_READ | PROT_WRITE, MAP_PRIVATE);
    if (a.interval.empty()) return ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY;
    driver_.allocations().insert(a);
    *out = a.interval.start.ptr();
    return ZE_RESULT_SUCCESS;
}

ze_result_t Context::alloc_host(std::size_t size, std::size_t alignment, void** out) {
    Allocation a{.type = ZE_MEMORY_TYPE_HOST, .context = this, .size = size, .id = next_id++};
    // Shared mappings never migrate, as in the kernel; and no list of excluded memory grows with each allocation.
    a.interval = map(whole_pages(size), alignment_of(size, alignment), PROT_READ | PROT_WRITE, MAP_SHARED);
    if (a.interval.empty()) return ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY;
    // As the kernel binds a buffer whose only place is system memory, where the device does atomics there
    // (xe_atomic_for_system): without this they would fault for a migration that cannot be.
    if (!advise_atomics(a.interval, svm::AtomicAccess::kDevice)) {
        advise_atomics(a.interval, svm::AtomicAccess::kUndefined);
        unmap(a.interval);
        return ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY;
    }
    driver_.allocations().insert(a);
    *out = a.interval.start.ptr();
    return ZE_RESULT_SUCCESS;
}

/// Who does atomics there, to every device. False: there is no memory to note it.
bool Context::advise_atomics(svm::Interval interval, svm::AtomicAccess access) {
    bool noted = true;
    for (svm::Vm* vm : vms_) noted &= vm->madvise(interval, access) == 0;
    return noted;
}

void Context::release(const Allocation& a) {
    if (a.type == ZE_MEMORY_TYPE_DEVICE) {
        vm(*a.device).unbind(a.interval);
        drop(*a.bo);
    }
    // Whatever is mapped here next has not been advised.
    if (a.type == ZE_MEMORY_TYPE_HOST) advise_atomics(a.interval, svm::AtomicAccess::kUndefined);
    unmap(a.interval);
}

ze_result_t Context::free(void* p) {
    const auto allocation = driver_.allocations().take(*this, p);
    if (!allocation) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    release(*allocation);
    return ZE_RESULT_SUCCESS;
}

std::optional<Allocation> Context::find(const void* p) const {
    auto found = driver_.allocations().find(p);
    if (found && found->context != this) return std::nullopt;
    return found;
}

void* Context::reach(const void* p) const {
    const auto found = find(p);
    if (!found || found->type != ZE_MEMORY_TYPE_DEVICE) return const_cast<void*>(p);
    return found->vram + (svm::VirtAddr::of(p) - found->interval.start);
}

namespace {

ze_result_t alloc_device(ze_context_handle_t context, const ze_device_mem_alloc_desc_t* desc, std::size_t size,
                         std::size_t alignment, ze_device_handle_t device, void** out) {
    if (device == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
    if (desc == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    const ze_result_t checked = check_request(size, alignment, out);
    if (checked != ZE_RESULT_SUCCESS) return checked;
    return from(context)->alloc_device(*from(device), size, alignment, out);
}

ze_result_t alloc_shared(ze_context_handle_t context, const ze_device_mem_alloc_desc_t* device_desc,
                         const ze_host_mem_alloc_desc_t* host_desc, std::size_t size, std::size_t alignment,
                         ze_device_handle_t device, void** out) {
    if (device_desc == nullptr || host_desc == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    const ze_result_t checked = check_request(size, alignment, out);
    if (checked != ZE_RESULT_SUCCESS) return checked;
    return from(context)->alloc_shared(from(device), size, alignment, out);
}

ze_result_t alloc_host(ze_context_handle_t context, const ze_host_mem_alloc_desc_t* desc, std::size_t size,
                       std::size_t alignment, void** out) {
    if (desc == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    const ze_result_t checked = check_request(size, alignment, out);
    if (checked != ZE_RESULT_SUCCESS) return checked;
    return from(context)->alloc_host(size, alignment, out);
}

ze_result_t mem_free(ze_context_handle_t context, void* p) {
    if (p == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    return from(context)->free(p);
}

// Memory that was not allocated here, such as malloc's, is of unknown type; that is an answer, not an error.
ze_result_t get_alloc_properties(ze_context_handle_t context, const void* p, ze_memory_allocation_properties_t* out,
                                 ze_device_handle_t* device) {
    if (p == nullptr || out == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    const Allocation a = from(context)->find(p).value_or(Allocation{});
    out->type = a.type;
    out->id = a.id;
    out->pageSize = a.type == ZE_MEMORY_TYPE_UNKNOWN ? 0 : svm::kPageSize;
    if (device != nullptr) *device = to_handle(a.device);
    return ZE_RESULT_SUCCESS;
}

ze_result_t get_address_range(ze_context_handle_t context, const void* p, void** base, std::size_t* size) {
    if (p == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    const auto allocation = from(context)->find(p);
    if (!allocation) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    if (base != nullptr) *base = allocation->interval.start.ptr();
    if (size != nullptr) *size = allocation->size;
    return ZE_RESULT_SUCCESS;
}

}  // namespace

void fill(ze_mem_dditable_t& table) {
    table.pfnAllocDevice = entry<alloc_device>;
    table.pfnAllocShared = entry<alloc_shared>;
    table.pfnAllocHost = entry<alloc_host>;
    table.pfnFree = entry<mem_free>;
    table.pfnGetAllocProperties = entry<get_alloc_properties>;
    table.pfnGetAddressRange = entry<get_address_range>;
}

}  // namespace faultline::driver
