#include "reference/driver/command_list.h"

#include <bit>
#include <cstring>
#include <iterator>

#include "reference/driver/ddi.h"
#include "reference/driver/entry.h"

namespace faultline::driver {

ze_result_t CommandList::append(CommandSequence commands) {
    if (context_->lost()) return ZE_RESULT_ERROR_DEVICE_LOST;
    if (!immediate()) {
        if (closed_) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
        std::move(commands.begin(), commands.end(), std::back_inserter(*commands_));
        return ZE_RESULT_SUCCESS;
    }
    queue_->executor().submit({std::make_shared<const CommandSequence>(std::move(commands))}, nullptr);
    return queue_->synchronous() ? queue_->executor().synchronize(kForever) : ZE_RESULT_SUCCESS;
}

ze_result_t CommandList::close() {
    if (immediate()) return ZE_RESULT_ERROR_INVALID_COMMAND_LIST_TYPE;
    closed_ = true;
    return ZE_RESULT_SUCCESS;
}

ze_result_t CommandList::reset() {
    if (immediate()) return ZE_RESULT_ERROR_INVALID_COMMAND_LIST_TYPE;
    commands_ = std::make_shared<CommandSequence>();
    closed_ = false;
    return ZE_RESULT_SUCCESS;
}

ze_result_t read_events(ze_event_handle_t signal, std::uint32_t count, ze_event_handle_t* waits, Command* command) {
    if (count != 0 && waits == nullptr) return ZE_RESULT_ERROR_INVALID_SIZE;
    for (std::uint32_t i = 0; i < count; ++i) {
        if (waits[i] == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
        command->waits.push_back(from(waits[i]));
    }
    command->signal = from(signal);
    return ZE_RESULT_SUCCESS;
}

ze_result_t append(CommandList& list, Action action, ze_event_handle_t signal, std::uint32_t count,
                   ze_event_handle_t* waits) {
    Command command;
    command.action = std::move(action);
    const ze_result_t result = read_events(signal, count, waits, &command);
    return result == ZE_RESULT_SUCCESS ? list.append(std::move(command)) : result;
}

namespace {

ze_result_t list_create(ze_context_handle_t context, ze_device_handle_t device, const ze_command_list_desc_t* desc,
                        ze_command_list_handle_t* out) {
    if (device == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
    if (desc == nullptr || out == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    if (desc->commandQueueGroupOrdinal >= kQueueGroups) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    const auto group = static_cast<QueueGroup>(desc->commandQueueGroupOrdinal);
    *out = to_handle(new CommandList(from(context)->shared_from_this(), group));
    return ZE_RESULT_SUCCESS;
}

ze_result_t list_create_immediate(ze_context_handle_t context, ze_device_handle_t device,
                                  const ze_command_queue_desc_t* desc, ze_command_list_handle_t* out) {
    if (device == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
    if (desc == nullptr || out == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    std::unique_ptr<CommandQueue> queue;
    const ze_result_t result = open_queue(*from(context), *from(device), *desc, &queue);
    if (result == ZE_RESULT_SUCCESS) *out = to_handle(new CommandList(std::move(queue)));
    return result;
}

ze_result_t list_destroy(ze_command_list_handle_t list) {
    delete from(list);
    return ZE_RESULT_SUCCESS;
}

ze_result_t list_close(ze_command_list_handle_t list) { return from(list)->close(); }

ze_result_t list_reset(ze_command_list_handle_t list) { return from(list)->reset(); }

ze_result_t append_write_global_timestamp(ze_command_list_handle_t list, std::uint64_t* dst, ze_event_handle_t signal,
                                          std::uint32_t count, ze_event_handle_t* waits) {
    if (dst == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    return append(*from(list), WriteGlobalTimestamp{dst}, signal, count, waits);
}

ze_result_t append_barrier(ze_command_list_handle_t list, ze_event_handle_t signal, std::uint32_t count,
                           ze_event_handle_t* waits) {
    return append(*from(list), Barrier{}, signal, count, waits);
}

// Memory is coherent, so a barrier of ranges is one of execution.
ze_result_t append_memory_ranges_barrier(ze_command_list_handle_t list, std::uint32_t ranges, const std::size_t* sizes,
                                         const void** starts, ze_event_handle_t signal, std::uint32_t count,
                                         ze_event_handle_t* waits) {
    if (ranges != 0 && (sizes == nullptr || starts == nullptr)) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    return append(*from(list), Barrier{}, signal, count, waits);
}

ze_result_t append_memory_copy_from_context(ze_command_list_handle_t list, void* dst, ze_context_handle_t src_context,
                                            const void* src, std::size_t size, ze_event_handle_t signal,
                                            std::uint32_t count, ze_event_handle_t* waits) {
    if (dst == nullptr || src == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    if (src_context == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
    return append(*from(list), CopyMemory{dst, src, Bytes{size}, from(src_context)->shared_from_this()}, signal, count,
                  waits);
}

ze_result_t append_memory_copy(ze_command_list_handle_t list, void* dst, const void* src, std::size_t size,
                               ze_event_handle_t signal, std::uint32_t count, ze_event_handle_t* waits) {
    return append_memory_copy_from_context(list, dst, to_handle(&from(list)->context()), src, size, signal, count,
                                           waits);
}

ze_result_t append_memory_fill(ze_command_list_handle_t list, void* dst, const void* pattern, std::size_t pattern_size,
                               std::size_t size, ze_event_handle_t signal, std::uint32_t count,
                               ze_event_handle_t* waits) {
    if (dst == nullptr || pattern == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    if (!std::has_single_bit(pattern_size)) return ZE_RESULT_ERROR_INVALID_SIZE;
    if (pattern_size > svm::kPageSize) return ZE_RESULT_ERROR_UNSUPPORTED_SIZE;
    std::vector<std::byte> bytes(pattern_size);
    std::memcpy(bytes.data(), pattern, pattern_size);
    return append(*from(list), FillMemory{dst, std::move(bytes), Bytes{size}}, signal, count, waits);
}

ze_result_t append_memory_copy_region(ze_command_list_handle_t list, void* dst, const ze_copy_region_t* dst_region,
                                      std::uint32_t dst_pitch, std::uint32_t dst_slice_pitch, const void* src,
                                      const ze_copy_region_t* src_region, std::uint32_t src_pitch,
                                      std::uint32_t src_slice_pitch, ze_event_handle_t signal, std::uint32_t count,
                                      ze_event_handle_t* waits) {
    if (dst == nullptr || src == nullptr || dst_region == nullptr || src_region == nullptr) {
        return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    }
    if (dst_region->width != src_region->width || dst_region->height != src_region->height ||
        dst_region->depth != src_region->depth) {
        return ZE_RESULT_ERROR_INVALID_SIZE;
    }
    return append(*from(list),
                  CopyRegion{.dst = static_cast<std::byte*>(dst),
                             .dst_region = *dst_region,
                             .dst_pitch = dst_pitch,
                             .dst_slice_pitch = dst_slice_pitch,
                             .src = static_cast<const std::byte*>(src),
                             .src_region = *src_region,
                             .src_pitch = src_pitch,
                             .src_slice_pitch = src_slice_pitch},
                  signal, count, waits);
}

ze_result_t append_memory_prefetch(ze_command_list_handle_t list, const void* start, std::size_t size) {
    if (start == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    if (size == 0) return ZE_RESULT_ERROR_INVALID_SIZE;
    return append(*from(list), PrefetchMemory{start, Bytes{size}}, nullptr, 0, nullptr);
}

// ZE_MEMORY_ADVICE_SET_ and _CLEAR_SYSTEM_MEMORY_PREFERRED_LOCATION of headers later than the loader's.
constexpr int kSetSystemMemoryPreferred = 8;
constexpr int kClearSystemMemoryPreferred = 9;

// Advice about placement is what the driver's madvise has; the rest is refused rather than taken and forgotten. It is
// given to the VM of the list's device, as Intel's driver sends it to that device's file: so a device may be told to
// leave memory with a peer.
ze_result_t append_mem_advise(ze_command_list_handle_t list, ze_device_handle_t device, const void* start,
                              std::size_t size, ze_memory_advice_t advice) {
    if (device == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
    if (start == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    if (size == 0) return ZE_RESULT_ERROR_INVALID_SIZE;
    svm::PreferredLocation where;
    switch (static_cast<int>(advice)) {
        case ZE_MEMORY_ADVICE_SET_PREFERRED_LOCATION:
            where.where = svm::PreferredLocation::Where::kDevice;
            where.device = &from(device)->core();
            where.region_instance = from(device)->home();
            break;
        case kSetSystemMemoryPreferred:
            where.where = svm::PreferredLocation::Where::kSystem;
            break;
        case ZE_MEMORY_ADVICE_CLEAR_PREFERRED_LOCATION:
        case kClearSystemMemoryPreferred:
            break;
        default:
            return ZE_RESULT_ERROR_UNSUPPORTED_FEATURE;
    }
    return append(*from(list), AdviseMemory{start, Bytes{size}, where}, nullptr, 0, nullptr);
}

ze_result_t append_signal_event(ze_command_list_handle_t list, ze_event_handle_t event) {
    if (event == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
    return append(*from(list), Barrier{}, event, 0, nullptr);
}

ze_result_t append_wait_on_events(ze_command_list_handle_t list, std::uint32_t count, ze_event_handle_t* waits) {
    if (waits == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    return append(*from(list), Barrier{}, nullptr, count, waits);
}

ze_result_t append_event_reset(ze_command_list_handle_t list, ze_event_handle_t event) {
    if (event == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
    return append(*from(list), ResetEvent{from(event)}, nullptr, 0, nullptr);
}

ze_result_t append_query_kernel_timestamps(ze_command_list_handle_t list, std::uint32_t events,
                                           ze_event_handle_t* handles, void* dst, const std::size_t* offsets,
                                           ze_event_handle_t signal, std::uint32_t count, ze_event_handle_t* waits) {
    if (handles == nullptr || dst == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    QueryKernelTimestamps query;
    query.dst = static_cast<std::byte*>(dst);
    for (std::uint32_t i = 0; i < events; ++i) {
        if (handles[i] == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
        query.events.push_back(from(handles[i]));
    }
    if (offsets != nullptr) query.offsets.assign(offsets, offsets + events);
    return append(*from(list), std::move(query), signal, count, waits);
}

}  // namespace

void fill(ze_command_list_dditable_t& table) {
    table.pfnCreate = entry<list_create>;
    table.pfnCreateImmediate = entry<list_create_immediate>;
    table.pfnDestroy = entry<list_destroy>;
    table.pfnClose = entry<list_close>;
    table.pfnReset = entry<list_reset>;
    table.pfnAppendWriteGlobalTimestamp = entry<append_write_global_timestamp>;
    table.pfnAppendBarrier = entry<append_barrier>;
    table.pfnAppendMemoryRangesBarrier = entry<append_memory_ranges_barrier>;
    table.pfnAppendMemoryCopy = entry<append_memory_copy>;
    table.pfnAppendMemoryFill = entry<append_memory_fill>;
    table.pfnAppendMemoryCopyRegion = entry<append_memory_copy_region>;
    table.pfnAppendMemoryCopyFromContext = entry<append_memory_copy_from_context>;
    table.pfnAppendMemoryPrefetch = entry<append_memory_prefetch>;
    table.pfnAppendMemAdvise = entry<append_mem_advise>;
    table.pfnAppendSignalEvent = entry<append_signal_event>;
    table.pfnAppendWaitOnEvents = entry<append_wait_on_events>;
    table.pfnAppendEventReset = entry<append_event_reset>;
    table.pfnAppendQueryKernelTimestamps = entry<append_query_kernel_timestamps>;
    fill_launches(table);
}

}  // namespace faultline::driver
