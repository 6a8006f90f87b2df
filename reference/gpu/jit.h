// The compiler's passes, in the order in which they run (compiler.cpp): SPIR-V's LLVM IR in, host IR out.
//
// Private to reference/gpu. Thread safety: one LLVM context a thread. A pass that meets something it cannot do appends
// a line to the build log that names it, and leaves the module as it likes: nothing is run after a log is not empty.
#pragma once

#include <llvm/IR/Function.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/PassManager.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reference/gpu/module.h"

namespace llvm {
class PassBuilder;
class TargetMachine;
}  // namespace llvm

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

/// Runs passes of that builder with all of its analyses (compiler.cpp).
void run_passes(llvm::PassBuilder& builder, llvm::ModulePassManager& passes, llvm::Module& module);

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
/// The parameters of a function that make_bodies() made (kernel_body.cpp).
BodyParams body_params(llvm::Function& body);
/// Loads field [index] of the group's WorkGroupInfo (kernel_body.cpp).
llvm::Value* group_field(llvm::IRBuilder<>& b, llvm::Value* group, std::size_t offset);

/// One kernel on its way from SPIR-V to an entry.
struct Candidate {
    std::string name;
    llvm::Function* body = nullptr;  ///< the kernel with BodyParams behind its own parameters
    Kernel kernel;
    bool has_barriers = false;
};

/// Kernels get bodies with added parameters; everything else is inlined into them (kernel_body.cpp).
std::vector<Candidate> make_bodies(llvm::Module& module, llvm::TargetMachine& machine, BuildLog& log);

/// Replaces __spirv_* and clock calls of `body` by IR (builtins.cpp).
void lower_builtins(llvm::Function& body, BuildLog& log);
/// Mathematics by name, without the __spirv_ or __spirv_ocl_ prefix; null when unknown (math.cpp).
llvm::Value* lower_math(llvm::CallInst& call, llvm::StringRef name);
/// Conversions, by name without the prefix; null when not one of them (conversions.cpp).
llvm::Value* lower_conversion(llvm::CallInst& call, llvm::StringRef name);
/// Host functions that compiled code may call: libm and the runtime. Null when not one of them (host_functions.cpp).
void* host_function(llvm::StringRef name);

/// Lays out the local variables of `body`; returns their bytes (local_memory.cpp).
std::uint32_t lower_local_variables(llvm::Function& body, BuildLog& log);

/// Routes every access of `body` to user memory through the TLB, and polls in loops without one (translate_pass.cpp).
void route_through_tlb(llvm::Function& body, BuildLog& log);

/// entry(eu, args, group[, x, y, z]): loads the arguments and runs all work-items, or the one (kernel_entry.cpp).
void make_entry(Candidate& c);
/// Bytes of private variables that a work-item of the entry takes, once it is optimised (kernel_entry.cpp).
std::uint32_t private_size(const llvm::Function& entry, BuildLog& log);

}  // namespace faultline::gpu::jit
