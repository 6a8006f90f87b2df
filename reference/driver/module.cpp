#include "reference/driver/module.h"

#include "reference/driver/ddi.h"
#include "reference/driver/entry.h"

namespace faultline::driver {
namespace {

ze_result_t module_create(ze_context_handle_t context, ze_device_handle_t device, const ze_module_desc_t* desc,
                          ze_module_handle_t* out, ze_module_build_log_handle_t* log) {
    if (device == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
    if (desc == nullptr || out == nullptr || desc->pInputModule == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    if (desc->inputSize == 0) return ZE_RESULT_ERROR_INVALID_SIZE;
    if (desc->format == ZE_MODULE_FORMAT_NATIVE) return ZE_RESULT_ERROR_INVALID_NATIVE_BINARY;
    if (desc->format != ZE_MODULE_FORMAT_IL_SPIRV) return ZE_RESULT_ERROR_INVALID_ENUMERATION;
    if (desc->pNext != nullptr) return ZE_RESULT_ERROR_UNSUPPORTED_FEATURE;  // several inputs linked into one module
    if (desc->pConstants != nullptr && desc->pConstants->numConstants != 0) return ZE_RESULT_ERROR_UNSUPPORTED_FEATURE;

    Expected<std::unique_ptr<gpu::Module>> code = gpu::Module::create({desc->pInputModule, desc->inputSize});
    if (log != nullptr) *log = to_handle(new BuildLog(code.ok() ? std::string() : code.error().message));
    if (!code.ok()) return ZE_RESULT_ERROR_MODULE_BUILD_FAILURE;
    *out = to_handle(new Module(from(context)->shared_from_this(), *std::move(code)));
    return ZE_RESULT_SUCCESS;
}

ze_result_t module_destroy(ze_module_handle_t module) {
    delete from(module);
    return ZE_RESULT_SUCCESS;
}

ze_result_t get_kernel_names(ze_module_handle_t module, std::uint32_t* count, const char** names) {
    const auto& all = from(module)->kernel_names();
    return enumerate(static_cast<std::uint32_t>(all.size()), count, names,
                     [&](std::uint32_t i, const char*& name) { name = all[i].c_str(); });
}

ze_result_t get_properties(ze_module_handle_t, ze_module_properties_t* properties) {
    if (properties == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    properties->flags = 0;  // nothing is imported: a module with imports fails to build
    return ZE_RESULT_SUCCESS;
}

ze_result_t log_destroy(ze_module_build_log_handle_t log) {
    delete from(log);
    return ZE_RESULT_SUCCESS;
}

ze_result_t log_get_string(ze_module_build_log_handle_t log, std::size_t* size, char* text) {
    return copy_text(from(log)->text(), size, text);
}

}  // namespace

void fill(ze_module_dditable_t& table) {
    table.pfnCreate = entry<module_create>;
    table.pfnDestroy = entry<module_destroy>;
    table.pfnGetKernelNames = entry<get_kernel_names>;
    table.pfnGetProperties = entry<get_properties>;
}

void fill(ze_module_build_log_dditable_t& table) {
    table.pfnDestroy = entry<log_destroy>;
    table.pfnGetString = entry<log_get_string>;
}

}  // namespace faultline::driver
