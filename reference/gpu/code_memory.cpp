#include "reference/gpu/code_memory.h"

#include <sys/mman.h>

#include "reference/svm/core/arena.h"

namespace faultline::gpu {
namespace {

std::size_t round_up(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

}  // namespace

CodeMemory::~CodeMemory() {
    if (base_ == nullptr) return;
    mprotect(base_, size_, PROT_READ | PROT_WRITE);  // as the arena gave it
    svm::arena_unmap(base_, Bytes{size_});
}

void CodeMemory::reserveAllocationSpace(uintptr_t code_size, std::uint32_t code_align, uintptr_t ro_size,
                                        std::uint32_t ro_align, uintptr_t rw_size, std::uint32_t rw_align) {
    std::size_t code_end = round_up(code_size + code_align, svm::kPageSize);
    std::size_t ro_end = code_end + round_up(ro_size + ro_align, svm::kPageSize);
    size_ = ro_end + round_up(rw_size + rw_align, svm::kPageSize);
    base_ = static_cast<std::byte*>(svm::arena_map(Bytes{size_}));
    if (base_ == nullptr) return;
    code_ = {0, code_end};
    read_only_ = {code_end, ro_end};
    writable_ = {ro_end, size_};
}

std::uint8_t* CodeMemory::take(Part& part, std::size_t size, std::size_t alignment) {
    std::size_t at = round_up(part.next, std::max<std::size_t>(alignment, 1));
    if (base_ == nullptr || at + size > part.end) return nullptr;
    part.next = at + size;
    return reinterpret_cast<std::uint8_t*>(base_ + at);
}

std::uint8_t* CodeMemory::allocateCodeSection(uintptr_t size, unsigned alignment, unsigned, llvm::StringRef) {
    return take(code_, size, alignment);
}

std::uint8_t* CodeMemory::allocateDataSection(uintptr_t size, unsigned alignment, unsigned, llvm::StringRef,
                                              bool read_only) {
    return take(read_only ? read_only_ : writable_, size, alignment);
}

bool CodeMemory::finalizeMemory(std::string* error) {
    bool failed = base_ == nullptr || mprotect(base_, code_.end, PROT_READ | PROT_EXEC) != 0 ||
                  mprotect(base_ + code_.end, read_only_.end - code_.end, PROT_READ) != 0;
    if (failed && error != nullptr) *error = "memory for code cannot be had";
    return failed;
}

}  // namespace faultline::gpu
