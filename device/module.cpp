#include "device/module.h"

#include <fmt/format.h>

#include <algorithm>

#include "device/ze_result.h"

namespace faultline::device {
namespace {

std::string read_log(ze_module_build_log_handle_t log) {
    std::size_t size = 0;
    if (log == nullptr || zeModuleBuildLogGetString(log, &size, nullptr) != ZE_RESULT_SUCCESS || size == 0) return {};
    std::string text(size, '\0');
    if (zeModuleBuildLogGetString(log, &size, text.data()) != ZE_RESULT_SUCCESS) return {};
    text.resize(std::min(text.find('\0'), text.size()));
    while (!text.empty() && text.back() == '\n') text.pop_back();
    std::replace(text.begin(), text.end(), '\n', ';');
    return text;
}

}  // namespace

Expected<Module> Module::create(const Context& context, std::span<const std::uint8_t> spirv) {
    ze_module_desc_t desc{};
    desc.stype = ZE_STRUCTURE_TYPE_MODULE_DESC;
    desc.format = ZE_MODULE_FORMAT_IL_SPIRV;
    desc.inputSize = spirv.size();
    desc.pInputModule = spirv.data();
    desc.pBuildFlags = "";
    ze_module_handle_t handle = nullptr;
    ze_module_build_log_handle_t raw_log = nullptr;
    const ze_result_t result = zeModuleCreate(context.get(), context.device().handle, &desc, &handle, &raw_log);
    const UniqueHandle<ze_module_build_log_handle_t, zeModuleBuildLogDestroy> log(raw_log);
    if (result != ZE_RESULT_SUCCESS) {
        const std::string text = read_log(raw_log);
        Error error = call_error("zeModuleCreate", result);
        if (!text.empty()) error.message += ": " + text;
        return error;
    }
    Module module;
    module.handle_ = UniqueHandle<ze_module_handle_t, zeModuleDestroy>(handle);
    return module;
}

Expected<Kernel> Module::kernel(const std::string& name) const {
    ze_kernel_desc_t desc{};
    desc.stype = ZE_STRUCTURE_TYPE_KERNEL_DESC;
    desc.pKernelName = name.c_str();
    ze_kernel_handle_t handle = nullptr;
    const ze_result_t result = zeKernelCreate(handle_.get(), &desc, &handle);
    if (result != ZE_RESULT_SUCCESS) return call_error(fmt::format("zeKernelCreate({})", name), result);
    Kernel kernel;
    kernel.handle_ = UniqueHandle<ze_kernel_handle_t, zeKernelDestroy>(handle);
    kernel.name_ = name;
    FL_RETURN_IF_ERROR(kernel.set_group_size(1));
    return kernel;
}

Status Kernel::set_argument(std::uint32_t index, std::size_t size, const void* value) {
    return check(fmt::format("zeKernelSetArgumentValue({}, argument {})", name_, index),
                 zeKernelSetArgumentValue(handle_.get(), index, size, value));
}

Status Kernel::set_group_size(std::uint32_t x) {
    return check(fmt::format("zeKernelSetGroupSize({}, {})", name_, x), zeKernelSetGroupSize(handle_.get(), x, 1, 1));
}

}  // namespace faultline::device
