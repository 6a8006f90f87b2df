// The body of each kernel: the kernel with everything that it calls in it, and parameters for where it runs.
#include <llvm/ADT/SmallVector.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/IPO/AlwaysInliner.h>
#include <llvm/Transforms/IPO/GlobalDCE.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include <algorithm>

#include "reference/gpu/jit.h"

namespace faultline::gpu::jit {
namespace {

constexpr unsigned kAddedParams = 5;

void reflect(const llvm::Function& kernel, Kernel& out, BuildLog& log) {
    const llvm::DataLayout& layout = kernel.getParent()->getDataLayout();
    std::uint64_t offset = 0;
    for (const llvm::Argument& a : kernel.args()) {
        KernelArg arg;
        llvm::Type* type = a.getType();
        std::uint64_t size = layout.getTypeAllocSize(type);
        std::uint64_t align = layout.getABITypeAlignment(type);
        if (auto* pointer = llvm::dyn_cast<llvm::PointerType>(type)) {
            llvm::Type* pointee = pointer->getPointerElementType();
            if (auto* opaque = llvm::dyn_cast<llvm::StructType>(pointee); opaque && opaque->isOpaque()) {
                log.unsupported(out.name + ": argument of type " + opaque->getName().str());
            }
            if (pointer->getAddressSpace() == kLocalSpace) {
                arg.kind = ArgKind::kLocalPointer;
            } else if (pointer->getAddressSpace() != kPrivateSpace) {
                arg.kind = ArgKind::kGlobalPointer;
            } else if (a.hasByValAttr()) {
                size = layout.getTypeAllocSize(a.getParamByValType());
                align = std::max<std::uint64_t>(a.getParamAlign().valueOrOne().value(), 8);
            } else {
                log.unsupported(out.name + ": private pointer as an argument");
            }
        }
        offset = llvm::alignTo(offset, align);
        arg.size = static_cast<std::uint32_t>(size);
        arg.offset = static_cast<std::uint32_t>(offset);
        offset += size;
        out.args.push_back(arg);
    }
    out.args_size = static_cast<std::uint32_t>(offset);
    if (llvm::MDNode* required = kernel.getMetadata("reqd_work_group_size"); required != nullptr) {
        for (unsigned d = 0; d < 3 && d < required->getNumOperands(); ++d) {
            out.required_group_size[d] = static_cast<std::uint32_t>(
                llvm::mdconst::extract<llvm::ConstantInt>(required->getOperand(d))->getZExtValue());
        }
    }
}

Candidate make_body(llvm::Function& kernel, BuildLog& log) {
    llvm::LLVMContext& context = kernel.getContext();
    Candidate c;
    c.name = kernel.getName().str();
    c.kernel.name = c.name;
    reflect(kernel, c.kernel, log);
    llvm::Type* pointer = llvm::Type::getInt8PtrTy(context);
    llvm::Type* i64 = llvm::Type::getInt64Ty(context);
    std::vector<llvm::Type*> params(kernel.getFunctionType()->params().begin(),
                                    kernel.getFunctionType()->params().end());
    params.insert(params.end(), {pointer, pointer, i64, i64, i64});
    auto* type = llvm::FunctionType::get(kernel.getReturnType(), params, false);
    c.body = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, c.name + ".body", kernel.getParent());
    llvm::ValueToValueMapTy map;
    for (llvm::Argument& a : kernel.args()) map[&a] = c.body->getArg(a.getArgNo());
    llvm::SmallVector<llvm::ReturnInst*, 4> returns;
    llvm::CloneFunctionInto(c.body, &kernel, map, llvm::CloneFunctionChangeType::LocalChangesOnly, returns);
    c.body->removeFnAttr(llvm::Attribute::AlwaysInline);
    return c;
}

void run_inliner(llvm::Module& module, llvm::TargetMachine& machine) {
    llvm::PassBuilder builder(&machine);
    llvm::ModulePassManager passes;
    passes.addPass(llvm::AlwaysInlinerPass(false));
    passes.addPass(llvm::GlobalDCEPass());
    run_passes(builder, passes, module);
}

}  // namespace

std::vector<Candidate> make_bodies(llvm::Module& module, llvm::TargetMachine& machine, BuildLog& log) {
    std::vector<llvm::Function*> kernels;
    for (llvm::Function& f : module) {
        if (f.isDeclaration()) {
            f.setCallingConv(llvm::CallingConv::C);
            continue;
        }
        if (f.getCallingConv() == llvm::CallingConv::SPIR_KERNEL) kernels.push_back(&f);
        f.setCallingConv(llvm::CallingConv::C);
        f.setLinkage(llvm::GlobalValue::InternalLinkage);
        f.removeFnAttr(llvm::Attribute::NoInline);
        f.removeFnAttr(llvm::Attribute::OptimizeNone);
        f.addFnAttr(llvm::Attribute::AlwaysInline);
        for (llvm::Instruction& i : llvm::instructions(f)) {
            if (auto* call = llvm::dyn_cast<llvm::CallBase>(&i)) call->setCallingConv(llvm::CallingConv::C);
        }
    }
    std::vector<Candidate> candidates;
    for (llvm::Function* f : kernels) candidates.push_back(make_body(*f, log));
    run_inliner(module, machine);
    for (llvm::Function& f : module) {
        if (!f.isDeclaration() && f.hasFnAttribute(llvm::Attribute::AlwaysInline) && !f.use_empty()) {
            log.unsupported("recursion or address of function " + f.getName().str());
        }
    }
    return candidates;
}

BodyParams body_params(llvm::Function& body) {
    std::size_t first = body.arg_size() - kAddedParams;
    BodyParams p;
    p.eu = body.getArg(static_cast<unsigned>(first));
    p.group = body.getArg(static_cast<unsigned>(first + 1));
    for (unsigned d = 0; d < 3; ++d) p.local_id[d] = body.getArg(static_cast<unsigned>(first + 2 + d));
    return p;
}

llvm::Value* group_field(llvm::IRBuilder<>& b, llvm::Value* group, std::size_t offset) {
    llvm::Value* at = b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), group, offset);
    auto* load =
        b.CreateAlignedLoad(b.getInt64Ty(), b.CreateBitCast(at, b.getInt64Ty()->getPointerTo()), llvm::Align(8));
    // Nothing writes it while the group runs.
    load->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(b.getContext(), {}));
    return load;
}

}  // namespace faultline::gpu::jit
