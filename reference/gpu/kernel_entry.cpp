// The entry of each kernel: what its arguments are made of, the loop over work-items, and what one takes on a stack.
#include <llvm/IR/InstIterator.h>

#include <cstddef>

#include "reference/gpu/compiler.h"
#include "reference/gpu/eu_context.h"
#include "reference/gpu/jit.h"

namespace faultline::gpu::jit {
namespace {

/// The work-item loop has a poll of its own: a work-item need not access anything.
void poll(llvm::IRBuilder<>& b, llvm::Value* eu) {
    llvm::Value* at = b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), eu, offsetof(EuContext, key));
    auto* key =
        b.CreateAlignedLoad(b.getInt64Ty(), b.CreateBitCast(at, b.getInt64Ty()->getPointerTo()), llvm::Align(8));
    key->setAtomic(llvm::AtomicOrdering::Monotonic);
    llvm::Function* entry = b.GetInsertBlock()->getParent();
    auto* then = llvm::BasicBlock::Create(b.getContext(), "", entry);
    auto* after = llvm::BasicBlock::Create(b.getContext(), "", entry);
    b.CreateCondBr(b.CreateICmpSLT(key, b.getInt64(0)), then, after);
    b.SetInsertPoint(then);
    b.CreateCall(entry->getParent()->getOrInsertFunction("fl_poll", b.getVoidTy(), b.getInt8PtrTy()), {eu});
    b.CreateBr(after);
    b.SetInsertPoint(after);
}

llvm::AttributeList call_attributes(const llvm::Function& body) { return body.getAttributes(); }

std::vector<llvm::Value*> load_arguments(llvm::IRBuilder<>& b, const Candidate& c, llvm::Value* block,
                                         llvm::Value* group) {
    std::vector<llvm::Value*> args;
    llvm::Value* local = nullptr;
    for (std::size_t k = 0; k < c.kernel.args.size(); ++k) {
        const KernelArg& arg = c.kernel.args[k];
        llvm::Type* type = c.body->getArg(static_cast<unsigned>(k))->getType();
        llvm::Value* at = b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), block, arg.offset);
        auto load = [&](llvm::Type* t) {
            return b.CreateAlignedLoad(t, b.CreateBitCast(at, t->getPointerTo()), llvm::Align(1));
        };
        if (arg.kind == ArgKind::kLocalPointer) {
            if (local == nullptr) {
                local = b.CreateAdd(group_field(b, group, offsetof(WorkGroupInfo, local_memory)),
                                    b.getInt64(c.kernel.local_size));
            }
            args.push_back(b.CreateIntToPtr(local, type));
            llvm::Value* rounded = b.CreateAnd(b.CreateAdd(load(b.getInt64Ty()), b.getInt64(kLocalAlignment - 1)),
                                               b.getInt64(~std::uint64_t{kLocalAlignment - 1}));
            local = b.CreateAdd(local, rounded);
        } else if (c.body->getArg(static_cast<unsigned>(k))->hasByValAttr()) {
            args.push_back(b.CreateBitCast(at, type));
        } else if (arg.kind == ArgKind::kGlobalPointer) {
            args.push_back(b.CreateIntToPtr(load(b.getInt64Ty()), type));
        } else {
            args.push_back(load(type));
        }
    }
    return args;
}

}  // namespace

void make_entry(Candidate& c) {
    llvm::LLVMContext& context = c.body->getContext();
    llvm::IRBuilder<> b(context);
    llvm::Type* i64 = b.getInt64Ty();
    std::vector<llvm::Type*> params(3, b.getInt8PtrTy());
    if (c.has_barriers) params.insert(params.end(), 3, i64);
    auto* entry = llvm::Function::Create(llvm::FunctionType::get(b.getVoidTy(), params, false),
                                         llvm::GlobalValue::ExternalLinkage, entry_symbol(c.name), c.body->getParent());
    entry->addFnAttr(llvm::Attribute::NoUnwind);
    llvm::Value* group = entry->getArg(2);
    auto* top = llvm::BasicBlock::Create(context, "", entry);
    b.SetInsertPoint(top);
    std::vector<llvm::Value*> args = load_arguments(b, c, entry->getArg(1), group);
    args.insert(args.end(), {entry->getArg(0), group});
    if (c.has_barriers) {
        args.insert(args.end(), {entry->getArg(3), entry->getArg(4), entry->getArg(5)});
        b.CreateCall(c.body, args)->setAttributes(call_attributes(*c.body));
        b.CreateRetVoid();
    } else {
        llvm::Value* id[3];
        llvm::BasicBlock* headers[3];
        for (int d = 2; d >= 0; --d) {
            headers[d] = llvm::BasicBlock::Create(context, "", entry);
            llvm::BasicBlock* before = b.GetInsertBlock();
            b.CreateBr(headers[d]);
            b.SetInsertPoint(headers[d]);
            auto* phi = b.CreatePHI(i64, 2);
            phi->addIncoming(b.getInt64(0), before);
            id[d] = phi;
        }
        poll(b, entry->getArg(0));
        args.insert(args.end(), {id[0], id[1], id[2]});
        b.CreateCall(c.body, args)->setAttributes(call_attributes(*c.body));
        for (unsigned d = 0; d < 3; ++d) {
            llvm::Value* next = b.CreateAdd(id[d], b.getInt64(1));
            llvm::Value* size = group_field(b, group, offsetof(WorkGroupInfo, local_size) + d * sizeof(std::uint64_t));
            auto* done = llvm::BasicBlock::Create(context, "", entry);
            llvm::cast<llvm::PHINode>(id[d])->addIncoming(next, b.GetInsertBlock());
            b.CreateCondBr(b.CreateICmpULT(next, size), headers[d], done);
            b.SetInsertPoint(done);
        }
        b.CreateRetVoid();
    }
    c.body->setLinkage(llvm::GlobalValue::InternalLinkage);
    c.body->addFnAttr(llvm::Attribute::AlwaysInline);
}

std::uint32_t private_size(const llvm::Function& entry, BuildLog& log) {
    std::uint64_t size = 0;
    for (const llvm::Instruction& i : llvm::instructions(entry)) {
        auto* variable = llvm::dyn_cast<llvm::AllocaInst>(&i);
        if (variable == nullptr) continue;
        auto bytes = variable->getAllocationSizeInBits(entry.getParent()->getDataLayout());
        if (!bytes) {
            log.unsupported("private array of variable size");
            continue;
        }
        size += bytes->getFixedSize() / 8;
    }
    constexpr std::uint64_t kMost = 48 << 10;
    if (size > kMost) log.unsupported("more than 48 KiB of private memory (" + entry.getName().str() + ")");
    return static_cast<std::uint32_t>(size);
}

}  // namespace faultline::gpu::jit
