// Stacks of suspended work: arena memory with a guard page, pooled, and the switch between them (Boost.Context).
//
// Switches use Boost.Context's plain contexts, not boost::context::fiber: a fiber's destructor unwinds its stack by an
// exception, and compiled kernels have no unwind tables. A context that is not wanted any more is simply forgotten;
// what runs on such a stack holds nothing that would need a destructor. Thread safety: none; a pool belongs to one EU.
#pragma once

#include <boost/context/detail/fcontext.hpp>

#include "reference/svm/core/arena.h"

namespace faultline::gpu {

using Context = boost::context::detail::fcontext_t;
using Transfer = boost::context::detail::transfer_t;
using boost::context::detail::jump_fcontext;

/// Private variables (kernel_entry.cpp allows 48 KiB), the runtime's frames, and a signal frame.
inline constexpr Bytes kStackSize{128 << 10};

struct Stack {
    std::byte* low = nullptr;

    explicit operator bool() const { return low != nullptr; }
    std::byte* top() const { return low + kStackSize.count; }
    bool contains(std::uint64_t address) const {
        return address - reinterpret_cast<std::uint64_t>(low) < kStackSize.count;
    }
    Context context(void (*body)(Transfer)) const {
        return boost::context::detail::make_fcontext(top(), kStackSize.count, body);
    }
};

class StackPool {
public:
    StackPool() = default;
    ~StackPool();
    StackPool(const StackPool&) = delete;
    StackPool& operator=(const StackPool&) = delete;

    /// Empty when the kernel refuses memory.
    Stack get();
    void put(Stack stack);

private:
    // A free stack's uppermost bytes, which are touched anyway, hold the link.
    std::byte* free_ = nullptr;
};

}  // namespace faultline::gpu
