#include "reference/driver/kernel.h"

#include <fmt/format.h>

#include <string>

#include "reference/driver/ddi.h"
#include "reference/driver/entry.h"
#include "reference/driver/module.h"

namespace faultline::driver {
namespace {

constexpr std::uint32_t kPreferredGroupSize = 256;

std::uint32_t largest_divisor_up_to(std::uint32_t n, std::uint32_t limit) {
    std::uint32_t d = std::min(n, limit);
    while (n % d != 0) --d;
    return d;
}

}  // namespace

Kernel::Kernel(std::shared_ptr<const gpu::Module> code, const gpu::Kernel& function) {
    state_.code = std::move(code);
    state_.function = &function;
    state_.args.resize(function.args_size);
    const std::uint32_t* required = function.required_group_size;
    if (required[0] != 0) state_.group_size = {required[0], required[1], required[2]};
}

ze_result_t Kernel::set_group_size(gpu::Dim3 size) {
    if (size.count() == 0 || size.x > gpu::kMaxGroupSize || size.y > gpu::kMaxGroupSize ||
        size.z > gpu::kMaxGroupSize || size.count() > gpu::kMaxGroupSize) {
        return ZE_RESULT_ERROR_INVALID_GROUP_SIZE_DIMENSION;
    }
    const std::uint32_t* required = function().required_group_size;
    if (required[0] != 0 && (size.x != required[0] || size.y != required[1] || size.z != required[2])) {
        return ZE_RESULT_ERROR_INVALID_GROUP_SIZE_DIMENSION;
    }
    state_.group_size = size;
    return ZE_RESULT_SUCCESS;
}

ze_result_t Kernel::set_argument(std::uint32_t index, std::size_t size, const void* value) {
    if (index >= function().args.size()) return ZE_RESULT_ERROR_INVALID_KERNEL_ARGUMENT_INDEX;
    const gpu::KernelArg& arg = function().args[index];
    std::byte* slot = state_.args.data() + arg.offset;
    if (arg.kind == gpu::ArgKind::kLocalPointer) {
        // Local memory has a size and no value; the argument block carries the size.
        if (value != nullptr) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
        const std::uint64_t bytes = size;
        std::memcpy(slot, &bytes, sizeof(bytes));
        return ZE_RESULT_SUCCESS;
    }
    if (size != arg.size) return ZE_RESULT_ERROR_INVALID_KERNEL_ARGUMENT_SIZE;
    if (value != nullptr) {
        std::memcpy(slot, value, size);
    } else if (arg.kind == gpu::ArgKind::kGlobalPointer) {
        std::memset(slot, 0, size);
    } else {
        return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    }
    return ZE_RESULT_SUCCESS;
}

bool Kernel::local_memory_fits() const {
    const auto aligned = [](std::uint64_t n) {
        return (n + gpu::kLocalAlignment - 1) / gpu::kLocalAlignment * gpu::kLocalAlignment;
    };
    std::uint64_t total = aligned(function().local_size);
    for (const gpu::KernelArg& arg : function().args) {
        if (arg.kind != gpu::ArgKind::kLocalPointer) continue;
        std::uint64_t bytes = 0;
        std::memcpy(&bytes, state_.args.data() + arg.offset, sizeof(bytes));
        if (bytes > gpu::kMaxLocalMemory.count) return false;
        total += aligned(bytes);
    }
    return total <= gpu::kMaxLocalMemory.count;
}

gpu::Dim3 Kernel::suggest_group_size(gpu::Dim3 global) const {
    const std::uint32_t* required = function().required_group_size;
    if (required[0] != 0) return {required[0], required[1], required[2]};
    const std::uint32_t x = largest_divisor_up_to(global.x, kPreferredGroupSize);
    const std::uint32_t y = largest_divisor_up_to(global.y, kPreferredGroupSize / x);
    const std::uint32_t z = largest_divisor_up_to(global.z, kPreferredGroupSize / x / y);
    return {x, y, z};
}

namespace {

ze_result_t kernel_create(ze_module_handle_t module, const ze_kernel_desc_t* desc, ze_kernel_handle_t* out) {
    if (desc == nullptr || out == nullptr || desc->pKernelName == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    const gpu::Kernel* function = from(module)->code()->kernel(desc->pKernelName);
    if (function == nullptr) return ZE_RESULT_ERROR_INVALID_KERNEL_NAME;
    *out = to_handle(new Kernel(from(module)->code(), *function));
    return ZE_RESULT_SUCCESS;
}

ze_result_t kernel_destroy(ze_kernel_handle_t kernel) {
    delete from(kernel);
    return ZE_RESULT_SUCCESS;
}

ze_result_t set_cache_config(ze_kernel_handle_t, ze_cache_config_flags_t) {
    return ZE_RESULT_SUCCESS;  // a hint; there is no cache to split
}

ze_result_t set_group_size(ze_kernel_handle_t kernel, std::uint32_t x, std::uint32_t y, std::uint32_t z) {
    return from(kernel)->set_group_size({x, y, z});
}

ze_result_t suggest_group_size(ze_kernel_handle_t kernel, std::uint32_t global_x, std::uint32_t global_y,
                               std::uint32_t global_z, std::uint32_t* x, std::uint32_t* y, std::uint32_t* z) {
    if (x == nullptr || y == nullptr || z == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    if (global_x == 0 || global_y == 0 || global_z == 0) return ZE_RESULT_ERROR_INVALID_GLOBAL_WIDTH_DIMENSION;
    const gpu::Dim3 size = from(kernel)->suggest_group_size({global_x, global_y, global_z});
    *x = size.x;
    *y = size.y;
    *z = size.z;
    return ZE_RESULT_SUCCESS;
}

// Groups are not preempted while they spin, so no number of groups above one is certain to run at the same time.
ze_result_t suggest_max_cooperative_group_count(ze_kernel_handle_t, std::uint32_t* count) {
    if (count == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    *count = 1;
    return ZE_RESULT_SUCCESS;
}

ze_result_t set_argument_value(ze_kernel_handle_t kernel, std::uint32_t index, std::size_t size, const void* value) {
    return from(kernel)->set_argument(index, size, value);
}

ze_result_t set_indirect_access(ze_kernel_handle_t kernel, ze_kernel_indirect_access_flags_t flags) {
    from(kernel)->indirect_access = flags;  // every allocation is reachable anyway
    return ZE_RESULT_SUCCESS;
}

ze_result_t get_indirect_access(ze_kernel_handle_t kernel, ze_kernel_indirect_access_flags_t* flags) {
    if (flags == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    *flags = from(kernel)->indirect_access;
    return ZE_RESULT_SUCCESS;
}

// The attributes of the source that reach the binary: the required group size, in its OpenCL C spelling.
ze_result_t get_source_attributes(ze_kernel_handle_t kernel, std::uint32_t* size, char** text) {
    if (size == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    const std::uint32_t* required = from(kernel)->function().required_group_size;
    std::string attributes;
    if (required[0] != 0) {
        attributes = fmt::format("reqd_work_group_size({},{},{})", required[0], required[1], required[2]);
    }
    std::size_t bytes = *size;
    const ze_result_t result = copy_text(attributes, &bytes, text == nullptr ? nullptr : *text);
    *size = static_cast<std::uint32_t>(bytes);
    return result;
}

ze_result_t get_properties(ze_kernel_handle_t kernel, ze_kernel_properties_t* p) {
    if (p == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    const gpu::Kernel& function = from(kernel)->function();
    p->numKernelArgs = static_cast<std::uint32_t>(function.args.size());
    p->requiredGroupSizeX = function.required_group_size[0];
    p->requiredGroupSizeY = function.required_group_size[1];
    p->requiredGroupSizeZ = function.required_group_size[2];
    p->requiredNumSubGroups = 0;
    p->requiredSubgroupSize = 0;
    p->maxSubgroupSize = 1;
    p->maxNumSubgroups = gpu::kMaxGroupSize;
    p->localMemSize = function.local_size;
    p->privateMemSize = function.private_size;
    p->spillMemSize = 0;
    std::memset(&p->uuid, 0, sizeof(p->uuid));
    return ZE_RESULT_SUCCESS;
}

ze_result_t set_global_offset(ze_kernel_handle_t kernel, std::uint32_t x, std::uint32_t y, std::uint32_t z) {
    from(kernel)->set_global_offset(x, y, z);
    return ZE_RESULT_SUCCESS;
}

ze_result_t get_name(ze_kernel_handle_t kernel, std::size_t* size, char* name) {
    return copy_text(from(kernel)->function().name, size, name);
}

}  // namespace

void fill(ze_kernel_dditable_t& table) {
    table.pfnCreate = entry<kernel_create>;
    table.pfnDestroy = entry<kernel_destroy>;
    table.pfnSetCacheConfig = entry<set_cache_config>;
    table.pfnSetGroupSize = entry<set_group_size>;
    table.pfnSuggestGroupSize = entry<suggest_group_size>;
    table.pfnSuggestMaxCooperativeGroupCount = entry<suggest_max_cooperative_group_count>;
    table.pfnSetArgumentValue = entry<set_argument_value>;
    table.pfnSetIndirectAccess = entry<set_indirect_access>;
    table.pfnGetIndirectAccess = entry<get_indirect_access>;
    table.pfnGetSourceAttributes = entry<get_source_attributes>;
    table.pfnGetProperties = entry<get_properties>;
    table.pfnGetName = entry<get_name>;
}

void fill(ze_kernel_exp_dditable_t& table) { table.pfnSetGlobalOffsetExp = entry<set_global_offset>; }

}  // namespace faultline::driver
