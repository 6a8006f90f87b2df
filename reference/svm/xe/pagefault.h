// One GPU page fault as the producer hands it in (struct xe_pagefault).
//
// Thread safety: values.
#pragma once

#include <cstdint>

#include "reference/svm/core/types.h"

namespace faultline::svm {

class Faulter;

/// enum xe_engine_class, as far as a device has them.
enum class EngineClass : std::uint8_t { kRender = 0, kCopy = 3, kCompute = 4 };

/// Class and instance in one byte (series, patch 6). REQUIRES: instance < 32.
constexpr std::uint8_t pack_engine(EngineClass engine_class, unsigned instance) {
    return static_cast<std::uint8_t>(static_cast<unsigned>(engine_class) << 5 | (instance & 0x1f));
}
constexpr EngineClass engine_class(std::uint8_t engine) { return static_cast<EngineClass>(engine >> 5); }
constexpr unsigned engine_instance(std::uint8_t engine) { return engine & 0x1f; }

inline constexpr std::uint8_t kFaultLevelNack = 0xff;  ///< XE_PAGEFAULT_LEVEL_NACK: the producer wants it refused

struct Pagefault {
    // consumer: for the service
    VirtAddr page_addr;  ///< page that faulted, 4 KiB aligned
    std::uint32_t asid = 0;
    Access access = Access::kRead;
    std::uint8_t fault_level = 0;
    std::uint8_t engine = 0;  ///< see pack_engine()
    std::uint8_t tile = 0;    ///< whose GT faulted
    // producer: for the ack
    Faulter* faulter = nullptr;  ///< whom to ack
    std::uint64_t cookie = 0;    ///< which of its faults
    // the queue's
    Nanoseconds arrived{0};  ///< when it was handed in
};

}  // namespace faultline::svm
