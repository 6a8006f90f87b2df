// Where compiled code lives: one block of arena memory a module, so that an EU that runs it touches nothing migratable.
//
// Private to reference/gpu. Thread safety: none; used while a module is linked, and freed with it. The block is
// writable until finalizeMemory(), then its code is executable and its constants read-only.
#pragma once

#include <llvm/ExecutionEngine/RuntimeDyld.h>

#include "base/units.h"
#include "reference/svm/core/types.h"

namespace faultline::gpu {

class CodeMemory final : public llvm::RuntimeDyld::MemoryManager {
public:
    ~CodeMemory() override;

    bool needsToReserveAllocationSpace() override { return true; }
    void reserveAllocationSpace(uintptr_t code_size, std::uint32_t code_align, uintptr_t ro_size,
                                std::uint32_t ro_align, uintptr_t rw_size, std::uint32_t rw_align) override;
    std::uint8_t* allocateCodeSection(uintptr_t size, unsigned alignment, unsigned id, llvm::StringRef name) override;
    std::uint8_t* allocateDataSection(uintptr_t size, unsigned alignment, unsigned id, llvm::StringRef name,
                                      bool read_only) override;
    bool finalizeMemory(std::string* error) override;
    // Nothing unwinds through compiled code.
    void registerEHFrames(std::uint8_t*, std::uint64_t, std::size_t) override {}
    void deregisterEHFrames() override {}

    svm::Interval code() const { return {svm::VirtAddr::of(base_), svm::VirtAddr::of(base_) + code_.end}; }
    svm::Interval all() const { return {svm::VirtAddr::of(base_), svm::VirtAddr::of(base_) + size_}; }

private:
    struct Part {
        std::size_t next = 0;  ///< offsets from base_
        std::size_t end = 0;
    };
    std::uint8_t* take(Part& part, std::size_t size, std::size_t alignment);

    std::byte* base_ = nullptr;
    std::size_t size_ = 0;
    Part code_, read_only_, writable_;
};

}  // namespace faultline::gpu
