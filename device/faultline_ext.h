/* The Level Zero extension of Faultline's reference driver: GT counters, policy and model in force, page residency.
 *
 * A driver that offers it lists FAULTLINE_EXTENSION_NAME in zeDriverGetExtensionProperties and returns the functions
 * below from zeDriverGetExtensionFunctionAddress under their own names. Thread safety: all functions may be called from
 * any thread. No other file of device/ may be included by a driver.
 */
#ifndef FAULTLINE_EXT_H
#define FAULTLINE_EXT_H

#include <level_zero/ze_api.h>

#if defined(__cplusplus)
extern "C" {
#endif

#define FAULTLINE_EXTENSION_NAME "ZE_FAULTLINE_extension_reference"
#define FAULTLINE_EXTENSION_VERSION 2u

/* debugfs `stats` of the device's GTs, summed: "name: value" a line. Call with *size == 0 to learn the size, which
 * includes the terminating zero; text longer than *size is cut and ZE_RESULT_ERROR_INVALID_SIZE returned. */
typedef ze_result_t(ZE_APICALL* faultline_pfnDeviceGetGtStats_t)(ze_device_handle_t device, size_t* size, char* text);
#define FAULTLINE_GET_GT_STATS "faultlineDeviceGetGtStats"

/* Text, one line where nothing else is said: what the driver runs, not what was asked for. Same size rules. */
typedef enum _faultline_text_t {
    FAULTLINE_TEXT_POLICY = 0,     /* canonical policy text */
    FAULTLINE_TEXT_MODEL = 1,      /* name of the device model */
    FAULTLINE_TEXT_LAST_ERROR = 2, /* why the context was lost: address, access and error; empty when it was not */
    FAULTLINE_TEXT_MONITOR = 3,    /* how the address space is watched: "uffd+move", with ", user-mode-only" where so */
    FAULTLINE_TEXT_POLICIES = 4,   /* every preset and knob with its values, a line each */
    FAULTLINE_TEXT_PRESETS = 5,    /* names of the presets, a line each */
    FAULTLINE_TEXT_VARIATIONS = 6, /* "knob=value", a line each: what differs from the first preset, for comparison */
    FAULTLINE_TEXT_PAGEFAULT_INFO = 7, /* debugfs `pagefault_info`, of every fault queue of the device */
    FAULTLINE_TEXT_MODEL_FIGURES = 8   /* "key=value" words: the model's figures in force, overrides included; what is
                                        * as fast as the host is absent */
} faultline_text_t;
typedef ze_result_t(ZE_APICALL* faultline_pfnDeviceGetText_t)(ze_device_handle_t device, faultline_text_t which,
                                                              size_t* size, char* text);
#define FAULTLINE_GET_TEXT "faultlineDeviceGetText"

/* Another policy, "NAME[,knob=value...]", for every device and the contexts made from now on; contexts that exist keep
 * theirs, but share the fault queues, which change. ZE_RESULT_ERROR_HANDLE_OBJECT_IN_USE while a kernel runs.
 * ZE_RESULT_ERROR_INVALID_ARGUMENT: `text` then holds why, cut to *size; both may be null. */
typedef ze_result_t(ZE_APICALL* faultline_pfnDriverSetPolicy_t)(ze_driver_handle_t driver, const char* policy,
                                                                size_t* size, char* text);
#define FAULTLINE_SET_POLICY "faultlineDriverSetPolicy"

/* Where the newest bytes of each 4 KiB page of [ptr, ptr + count * 4096) are: FAULTLINE_RESIDENCY_SYSTEM, or the index
 * of the device in zeDeviceGet order. ptr is rounded down to a page. */
#define FAULTLINE_RESIDENCY_SYSTEM (-1)
typedef ze_result_t(ZE_APICALL* faultline_pfnDriverGetResidency_t)(ze_driver_handle_t driver, const void* ptr,
                                                                   size_t count, int32_t* residency);
#define FAULTLINE_GET_RESIDENCY "faultlineDriverGetResidency"

/* Exported by the driver's library itself, because a driver that cannot be initialised has no extension functions: one
 * line that says why zeInit fails, empty when it does not. Same size rules. */
typedef ze_result_t(ZE_APICALL* faultline_pfnGetInitFailure_t)(size_t* size, char* text);
#define FAULTLINE_GET_INIT_FAILURE "faultlineGetInitFailure"

#if defined(__cplusplus)
}
#endif

#endif
