#include "reference/driver/context.h"

#include <sys/mman.h>

#include <cerrno>

#include "reference/driver/ddi.h"
#include "reference/driver/driver.h"
#include "reference/driver/entry.h"
#include "reference/svm/drm/pagemap.h"

namespace faultline::driver {
namespace {

// What the CPU address mirror covers: user addresses of a 4-level page table, without those that mmap_min_addr
// protects.
constexpr svm::Interval kMirror{{64u << 10}, {1ull << 47}};

ze_result_t result_of(int err) {
    return err == 0 ? ZE_RESULT_SUCCESS : err == -ENOMEM ? ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY : ZE_RESULT_ERROR_UNKNOWN;
}

}  // namespace

ze_result_t Context::create(Driver& driver, Context** out) {
    auto context = std::shared_ptr<Context>(new Context(driver));
    const ze_result_t result = context->open();
    if (result != ZE_RESULT_SUCCESS) return result;
    context->self_ = context;
    *out = context.get();
    return ZE_RESULT_SUCCESS;
}

ze_result_t Context::open() {
    vms_.reserve(driver_.devices().size());
    for (const auto& device : driver_.devices()) {
        int err = 0;
        svm::Vm* vm = svm::Vm::create(device->core(), &err);
        if (vm == nullptr) return result_of(err);
        vms_.push_back(vm);
        err = vm->bind_cpu_addr_mirror(kMirror);
        if (err != 0) return result_of(err);
    }
    return ZE_RESULT_SUCCESS;
}

void Context::destroy() {
    for (const Allocation& allocation : driver_.allocations().take_all(*this)) release(allocation);
    for (svm::Vm* vm : vms_) vm->close();
    if (Device* device = lost_on_.load()) device->lost_context_gone();
    const std::shared_ptr<Context> last = std::move(self_);
}

Context::~Context() {
    for (svm::Vm* vm : vms_) {
        vm->close();
        vm->put();
    }
}

svm::Vm& Context::vm(const Device& device) { return *vms_[device.index()]; }

void Context::lose(Device& device, std::string why) {
    Device* none = nullptr;
    if (!lost_on_.compare_exchange_strong(none, &device)) return;  // the first error is the reason
    // The reason before the flag: who sees the context lost finds it.
    device.context_lost(std::move(why));
    lost_.store(true, std::memory_order_release);
    progressed();
}

void Context::progressed() {
    // Taken and dropped so that a waiter is either before its check or asleep, never between.
    { const std::lock_guard lock(progress_mutex_); }
    progress_.notify_all();
}

namespace {

ze_result_t context_create(ze_driver_handle_t driver, const ze_context_desc_t* desc, ze_context_handle_t* out) {
    if (desc == nullptr || out == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    Context* context = nullptr;
    const ze_result_t result = Context::create(*from(driver), &context);
    if (result == ZE_RESULT_SUCCESS) *out = to_handle(context);
    return result;
}

// A context is visible to every device of the driver; one restricted to some of them is a subset of that.
ze_result_t context_create_ex(ze_driver_handle_t driver, const ze_context_desc_t* desc, std::uint32_t,
                              ze_device_handle_t*, ze_context_handle_t* out) {
    return context_create(driver, desc, out);
}

ze_result_t context_destroy(ze_context_handle_t context) {
    from(context)->destroy();
    return ZE_RESULT_SUCCESS;
}

ze_result_t get_status(ze_context_handle_t context) { return from(context)->status(); }

// Stores of the CPU and of the software GPU reach the same coherent memory.
ze_result_t system_barrier(ze_context_handle_t, ze_device_handle_t device) {
    if (device == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return ZE_RESULT_SUCCESS;
}

svm::Interval pages_of(const void* p, std::size_t size) {
    const svm::VirtAddr start = svm::VirtAddr::of(p);
    return {start.align_down(svm::kPageSize), (start + size).align_up(svm::kPageSize)};
}

// Device and host memory always are where they were allocated. Shared memory is migrated, in the chunks of a fault.
ze_result_t make_memory_resident(ze_context_handle_t handle, ze_device_handle_t device, void* p, std::size_t size) {
    if (device == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
    if (p == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    if (size == 0) return ZE_RESULT_ERROR_INVALID_SIZE;
    const auto allocation = from(handle)->find(p);
    if (!allocation) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    if (allocation->type != ZE_MEMORY_TYPE_SHARED) return ZE_RESULT_SUCCESS;
    const svm::Interval wanted = pages_of(p, size).intersect(allocation->interval);
    for (svm::VirtAddr at = wanted.start; at < wanted.end;) {
        const svm::VirtAddr next = std::min(wanted.end, (at + 1).align_up(svm::kSize2M));
        const int err = from(device)->home_tile().pagemap().populate_mm({at, next}, Nanoseconds(0));
        if (err == -ENOMEM) return ZE_RESULT_ERROR_OUT_OF_DEVICE_MEMORY;
        if (err != 0) return ZE_RESULT_ERROR_NOT_AVAILABLE;
        at = next;
    }
    return ZE_RESULT_SUCCESS;
}

ze_result_t evict_memory(ze_context_handle_t handle, ze_device_handle_t device, void* p, std::size_t size) {
    if (device == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
    if (p == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    if (size == 0) return ZE_RESULT_ERROR_INVALID_SIZE;
    Context& context = *from(handle);
    const auto allocation = context.find(p);
    if (!allocation) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    if (allocation->type != ZE_MEMORY_TYPE_SHARED) return ZE_RESULT_SUCCESS;
    const int err = context.driver().mm().evict(pages_of(p, size).intersect(allocation->interval));
    return err == -EBUSY ? ZE_RESULT_ERROR_NOT_AVAILABLE : result_of(err);
}

}  // namespace

void fill(ze_context_dditable_t& table) {
    table.pfnCreate = entry<context_create>;
    table.pfnCreateEx = entry<context_create_ex>;
    table.pfnDestroy = entry<context_destroy>;
    table.pfnGetStatus = entry<get_status>;
    table.pfnSystemBarrier = entry<system_barrier>;
    table.pfnMakeMemoryResident = entry<make_memory_resident>;
    table.pfnEvictMemory = entry<evict_memory>;
}

}  // namespace faultline::driver
