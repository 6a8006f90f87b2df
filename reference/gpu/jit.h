// The compiler's passes, in the order in which they run (jit.cpp): SPIR-V's LLVM IR in, host IR out.
//
// Private to reference/gpu. Thread safety: one LLVM context a thread. A pass that meets something it cannot do appends
// a line to the build log that names it, and leaves the module as it likes: nothing is run after a log is not empty.
#pragma once

#include <llvm/IR/Function.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reference/gpu/module.h"

namespace faultline::gpu::jit {

/// Lines of the build log; each once.
class BuildLog {
public:
    void unsupported(std::string_view what);
    void error(std::string_view line);
    bool empty() const { return text_.empty(); }
    const std::string& text() const { return text_; }

private:
    std::set<std::string> seen_;
    std::string text_;
};

// OpenCL's address spaces in SPIR-V's IR.
inline constexpr unsigned kPrivateSpace = 0;
inline constexpr unsigned kGlobalSpace = 1;
inline constexpr unsigned kConstantSpace = 2;
inline constexpr unsigned kLocalSpace = 3;
inline constexpr unsigned kGenericSpace = 4;

/// Where the body of a kernel finds its surroundings: parameters added behind the kernel's own.
struct BodyParams {
    llvm::Argument* eu = nullptr;
    llvm::Argument* group = nullptr;
    llvm::Argument* local_id[3] = {};
};
/// The parameters of a function that make_body() made.
BodyParams body_params(llvm::Function& body);
/// Loads field [index] of the group's WorkGroupInfo.
llvm::Value* group_field(llvm::IRBuilder<>& b, llvm::Value* group, std::size_t offset);

/// Replaces __spirv_* and clock calls of `body` by IR (builtins.cpp).
void lower_builtins(llvm::Function& body, BuildLog& log);
/// Mathematics by name, without the __spirv_ or __spirv_ocl_ prefix; null when unknown (math.cpp).
llvm::Value* lower_math(llvm::CallInst& call, llvm::StringRef name, llvm::StringRef suffix);
/// Host functions that compiled code may call: libm and the runtime. Null when not one of them (math.cpp).
void* host_function(llvm::StringRef name);

/// Lays out the local variables of `body`; returns their bytes (local_memory.cpp).
std::uint32_t lower_local_variables(llvm::Function& body, BuildLog& log);

/// Routes every access of `body` to user memory through the TLB, and polls in loops without one (translate_pass.cpp).
void route_through_tlb(llvm::Function& body, BuildLog& log);

}  // namespace faultline::gpu::jit
