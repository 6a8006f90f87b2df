// The environment variables by which Faultline's programs, and those that they start, are told something: each name
// once. docs/ says what a person sets; `faultline` sets the rest for its children. Thread safety: constants.
#pragma once

namespace faultline::env {

// Which device the programs measure (device/selection.h).
inline constexpr const char* kDevice = "FAULTLINE_DEVICE";             ///< auto, xe or reference; absent: auto
inline constexpr const char* kDeviceIndex = "FAULTLINE_DEVICE_INDEX";  ///< among those of the kind; absent: 0

// What the reference's driver reads when it is initialised.
inline constexpr const char* kPolicy = "FAULTLINE_POLICY";     ///< "NAME[,knob=value...]"; absent: xe-7.0
inline constexpr const char* kModel = "FAULTLINE_MODEL";       ///< device model, a name or a .toml file; absent: native
inline constexpr const char* kDevices = "FAULTLINE_DEVICES";   ///< overrides the model's number of devices
inline constexpr const char* kVramMib = "FAULTLINE_VRAM_MIB";  ///< overrides the model's VRAM, MiB
inline constexpr const char* kEus = "FAULTLINE_EUS";           ///< overrides the model's EU count

// Where things are.
inline constexpr const char* kReferenceDriver = "FAULTLINE_REFERENCE_DRIVER";  ///< absent: beside the programs
inline constexpr const char* kDatabase = "FAULTLINE_DB";  ///< the store; absent: faultline-runs/faultline.db
inline constexpr const char* kLatencyDirectory = "FAULTLINE_LATENCY_DIR";  ///< absent or empty: no side files
inline constexpr const char* kLockDirectory = "FAULTLINE_LOCK_DIR";        ///< absent: /run/lock
inline constexpr const char* kBootRoot = "FAULTLINE_BOOT_ROOT";            ///< absent: /
inline constexpr const char* kGraph = "FAULTLINE_GRAPH";  ///< a Matrix Market file that the workloads search as well

// Of the Level Zero loader and of Intel's driver.
inline constexpr const char* kAltDrivers = "ZE_ENABLE_ALT_DRIVERS";              ///< the drivers that the loader loads
inline constexpr const char* kReadDebugKeys = "NEOReadDebugKeys";                ///< 1: the driver reads the keys below
inline constexpr const char* kSharedSystemUsm = "EnableSharedSystemUsmSupport";  ///< 0: none on malloc memory
inline constexpr const char* kRecoverableFaults = "EnableRecoverablePageFaults";  ///< 1: faults are served

}  // namespace faultline::env
