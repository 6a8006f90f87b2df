#include "reference/gpu/fiber.h"

#include <cstring>

namespace faultline::gpu {

StackPool::~StackPool() {
    while (free_ != nullptr) {
        std::byte* next = nullptr;
        std::memcpy(&next, free_ + kStackSize.count - sizeof(next), sizeof(next));
        svm::arena_unmap(free_, kStackSize, /*guard_below=*/true);
        free_ = next;
    }
}

Stack StackPool::get() {
    if (free_ == nullptr) return {static_cast<std::byte*>(svm::arena_map(kStackSize, /*guard_below=*/true))};
    Stack stack{free_};
    std::memcpy(&free_, stack.top() - sizeof(free_), sizeof(free_));
    return stack;
}

void StackPool::put(Stack stack) {
    std::memcpy(stack.top() - sizeof(free_), &free_, sizeof(free_));
    free_ = stack.low;
}

}  // namespace faultline::gpu
