#include "device/buffer.h"

#include "device/ze_result.h"

namespace faultline::device {
namespace {

constexpr std::size_t kAlignment = 4096;

}  // namespace

Expected<UsmBlock> UsmBlock::allocate(const Context& context, UsmKind kind, Bytes size) {
    ze_device_mem_alloc_desc_t device_desc{};
    device_desc.stype = ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC;
    ze_host_mem_alloc_desc_t host_desc{};
    host_desc.stype = ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC;
    ze_device_handle_t device = context.device().handle;

    UsmBlock block;
    ze_result_t result = ZE_RESULT_ERROR_UNKNOWN;
    const char* call = "";
    switch (kind) {
        case UsmKind::kDevice:
            call = "zeMemAllocDevice";
            result = zeMemAllocDevice(context.get(), &device_desc, size.count, kAlignment, device, &block.data_);
            break;
        case UsmKind::kHost:
            call = "zeMemAllocHost";
            result = zeMemAllocHost(context.get(), &host_desc, size.count, kAlignment, &block.data_);
            break;
        case UsmKind::kShared:
            call = "zeMemAllocShared";
            result =
                zeMemAllocShared(context.get(), &device_desc, &host_desc, size.count, kAlignment, device, &block.data_);
            break;
    }
    if (result != ZE_RESULT_SUCCESS) return call_error(call, result);
    block.context_ = context.get();
    return block;
}

Expected<UsmBlock> UsmBlock::allocate_on(const Context& context, const Device& device, Bytes size) {
    ze_device_mem_alloc_desc_t desc{};
    desc.stype = ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC;
    UsmBlock block;
    const ze_result_t result =
        zeMemAllocDevice(context.get(), &desc, size.count, kAlignment, device.handle, &block.data_);
    if (result != ZE_RESULT_SUCCESS) return call_error("zeMemAllocDevice", result);
    block.context_ = context.get();
    return block;
}

UsmBlock::~UsmBlock() {
    if (data_ != nullptr) (void)zeMemFree(context_, data_);
}

}  // namespace faultline::device
