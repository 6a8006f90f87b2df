// Local variables of a kernel: module-scope globals in SPIR-V, offsets in the work-group's local memory here.
#include <llvm/IR/Constants.h>
#include <llvm/IR/InstIterator.h>

#include "reference/gpu/eu_context.h"
#include "reference/gpu/jit.h"

namespace faultline::gpu::jit {
namespace {

bool refers_to(const llvm::Constant* c, const llvm::GlobalVariable* variable) {
    if (c == variable) return true;
    if (!llvm::isa<llvm::ConstantExpr>(c)) return false;
    for (const llvm::Use& u : c->operands()) {
        if (refers_to(llvm::cast<llvm::Constant>(u.get()), variable)) return true;
    }
    return false;
}

/// `c` with `variable` replaced by `value`, as instructions before `at`.
llvm::Value* materialise(llvm::Constant* c, llvm::GlobalVariable* variable, llvm::Value* value, llvm::Instruction* at) {
    if (c == variable) return value;
    llvm::Instruction* i = llvm::cast<llvm::ConstantExpr>(c)->getAsInstruction(at);
    for (llvm::Use& u : i->operands()) {
        auto* operand = llvm::cast<llvm::Constant>(u.get());
        if (refers_to(operand, variable)) u.set(materialise(operand, variable, value, i));
    }
    return i;
}

/// Replaces the variable inside `body`. Returns whether it was used there.
bool replace_in(llvm::Function& body, llvm::GlobalVariable* variable, std::uint64_t offset) {
    struct Use {
        llvm::Instruction* user;
        unsigned operand;
    };
    std::vector<Use> uses;
    for (llvm::Instruction& i : llvm::instructions(body)) {
        for (unsigned k = 0; k < i.getNumOperands(); ++k) {
            auto* c = llvm::dyn_cast<llvm::Constant>(i.getOperand(k));
            if (c != nullptr && refers_to(c, variable)) uses.push_back({&i, k});
        }
    }
    if (uses.empty()) return false;
    llvm::IRBuilder<> b(&*body.getEntryBlock().getFirstInsertionPt());
    llvm::Value* base = group_field(b, body_params(body).group, offsetof(WorkGroupInfo, local_memory));
    llvm::Value* address = b.CreateIntToPtr(b.CreateAdd(base, b.getInt64(offset)), variable->getType());
    for (const Use& use : uses) {
        llvm::Instruction* at = use.user;
        if (auto* phi = llvm::dyn_cast<llvm::PHINode>(use.user))
            at = phi->getIncomingBlock(use.operand)->getTerminator();
        auto* c = llvm::cast<llvm::Constant>(use.user->getOperand(use.operand));
        use.user->setOperand(use.operand, materialise(c, variable, address, at));
    }
    return true;
}

}  // namespace

std::uint32_t lower_local_variables(llvm::Function& body, BuildLog& log) {
    const llvm::DataLayout& layout = body.getParent()->getDataLayout();
    std::uint64_t offset = 0;
    for (llvm::GlobalVariable& variable : body.getParent()->globals()) {
        if (variable.getAddressSpace() != kLocalSpace) continue;
        if (!replace_in(body, &variable, offset)) continue;
        offset += llvm::alignTo(layout.getTypeAllocSize(variable.getValueType()), kLocalAlignment);
    }
    constexpr std::uint64_t kMost = 64 << 10;
    if (offset > kMost) log.error(body.getName().str() + ": more than 64 KiB of local variables");
    return static_cast<std::uint32_t>(offset);
}

}  // namespace faultline::gpu::jit
