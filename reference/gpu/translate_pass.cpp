// The TLB in front of each access: the hit path is inlined, everything else calls the runtime (eu_context.h).
//
// Why a host pointer cannot outlive its translation: LLVM may reuse a TLB load only as long as nothing in between can
// write memory, and an acknowledgement happens only inside calls. So between a hit and its access there is none, and
// whatever was translated before a call is looked up again after it.
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#include "reference/gpu/eu_context.h"
#include "reference/gpu/jit.h"
#include "reference/svm/core/types.h"

namespace faultline::gpu::jit {
namespace {

using svm::Access;

bool is_user_space(unsigned space) {
    return space == kGlobalSpace || space == kConstantSpace || space == kGenericSpace;
}

/// Memory of the kernel itself, whatever the address space says: constant tables, and private variables by a cast.
bool is_own_memory(const llvm::Value* pointer) {
    const llvm::Value* object = llvm::getUnderlyingObject(pointer, 0);
    unsigned space = object->getType()->getPointerAddressSpace();
    return llvm::isa<llvm::GlobalVariable>(object) || space == kPrivateSpace || space == kLocalSpace;
}

bool needs_translation(const llvm::Value* pointer) {
    return is_user_space(pointer->getType()->getPointerAddressSpace()) && !is_own_memory(pointer);
}

class Router {
public:
    Router(llvm::Function& body, BuildLog& log) : body_(body), log_(log), b_(body.getContext()) {
        llvm::Type* none = b_.getVoidTy();
        llvm::Type* eu = b_.getInt8PtrTy();
        llvm::Type* i64 = b_.getInt64Ty();
        llvm::Type* i32 = b_.getInt32Ty();
        llvm::Module& m = *body.getParent();
        translate_ = m.getOrInsertFunction("fl_translate", i64, eu, i64, i32, i32);
        store_crossing_ = m.getOrInsertFunction("fl_store_crossing", none, eu, i64, i32, i32);
        memmove_ = m.getOrInsertFunction("fl_memmove", none, eu, i64, i32, i64, i32, i64);
        memset_ = m.getOrInsertFunction("fl_memset", none, eu, i64, i32, b_.getInt8Ty(), i64);
        poll_ = m.getOrInsertFunction("fl_poll", none, eu);
        for (llvm::FunctionCallee f : {translate_, store_crossing_, memmove_, memset_, poll_}) {
            llvm::cast<llvm::Function>(f.getCallee())->addFnAttr(llvm::Attribute::NoUnwind);
        }
        eu_ = body_params(body).eu;
    }

    void run() {
        collect();
        poll_loops();
        for (llvm::Instruction* i : accesses_) route(i);
    }

private:
    void collect() {
        for (llvm::Instruction& i : llvm::instructions(body_)) {
            if (auto* load = llvm::dyn_cast<llvm::LoadInst>(&i)) {
                if (needs_translation(load->getPointerOperand())) accesses_.push_back(&i);
            } else if (auto* store = llvm::dyn_cast<llvm::StoreInst>(&i)) {
                if (needs_translation(store->getPointerOperand())) accesses_.push_back(&i);
            } else if (auto* rmw = llvm::dyn_cast<llvm::AtomicRMWInst>(&i)) {
                if (needs_translation(rmw->getPointerOperand())) accesses_.push_back(&i);
            } else if (auto* cas = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&i)) {
                if (needs_translation(cas->getPointerOperand())) accesses_.push_back(&i);
            } else if (auto* call = llvm::dyn_cast<llvm::CallBase>(&i)) {
                collect_call(*call);
            }
        }
    }

    void collect_call(llvm::CallBase& call) {
        if (auto* intrinsic = llvm::dyn_cast<llvm::MemIntrinsic>(&call)) {
            auto* transfer = llvm::dyn_cast<llvm::MemTransferInst>(intrinsic);
            if (needs_translation(intrinsic->getRawDest()) ||
                (transfer && needs_translation(transfer->getRawSource()))) {
                accesses_.push_back(&call);
            }
            return;
        }
        if (llvm::isa<llvm::DbgInfoIntrinsic>(call) || call.isLifetimeStartOrEnd()) return;
        if (llvm::isa<llvm::AssumeInst>(call)) return;
        for (llvm::Value* operand : call.args()) {
            if (operand->getType()->isPointerTy() && needs_translation(operand)) {
                llvm::Function* callee = call.getCalledFunction();
                log_.unsupported(callee ? callee->getName().str() : "indirect call with a pointer argument");
                return;
            }
        }
    }

    /// A loop that might go round without an access would keep an invalidator waiting.
    void poll_loops() {
        llvm::DominatorTree tree(body_);
        llvm::LoopInfo loops(tree);
        std::set<llvm::BasicBlock*> polled;
        for (llvm::Instruction* i : accesses_) {
            if (!llvm::isa<llvm::MemIntrinsic>(i)) polled.insert(i->getParent());
        }
        std::vector<llvm::BasicBlock*> headers;
        for (llvm::Loop* loop : loops.getLoopsInPreorder()) {
            llvm::BasicBlock* latch = loop->getLoopLatch();
            if (polled.count(loop->getHeader()) || (latch && polled.count(latch))) continue;
            headers.push_back(loop->getHeader());
        }
        for (llvm::BasicBlock* header : headers) insert_poll(&*header->getFirstInsertionPt());
    }

    void insert_poll(llvm::Instruction* before) {
        b_.SetInsertPoint(before);
        llvm::Value* pending = b_.CreateICmpSLT(load_key(), b_.getInt64(0));
        llvm::Instruction* then = llvm::SplitBlockAndInsertIfThen(pending, before, false, unlikely());
        b_.SetInsertPoint(then);
        b_.CreateCall(poll_, {eu_});
    }

    llvm::MDNode* unlikely() { return llvm::MDBuilder(body_.getContext()).createBranchWeights(1, 1 << 20); }

    llvm::Value* load_key() {
        static_assert(kKeyPending == 1ull << 63);
        llvm::Value* at = b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), eu_, offsetof(EuContext, key));
        auto* load = b_.CreateAlignedLoad(b_.getInt64Ty(), b_.CreateBitCast(at, b_.getInt64Ty()->getPointerTo()),
                                          llvm::Align(8));
        load->setAtomic(llvm::AtomicOrdering::Monotonic);
        return load;
    }

    void route(llvm::Instruction* i) {
        if (auto* load = llvm::dyn_cast<llvm::LoadInst>(i)) return route_load(load);
        if (auto* store = llvm::dyn_cast<llvm::StoreInst>(i)) return route_store(store);
        if (auto* rmw = llvm::dyn_cast<llvm::AtomicRMWInst>(i)) {
            return redirect(i, rmw->getPointerOperand(), rmw->getValOperand()->getType());
        }
        if (auto* cas = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(i)) {
            return redirect(i, cas->getPointerOperand(), cas->getCompareOperand()->getType());
        }
        route_block(llvm::cast<llvm::MemIntrinsic>(i));
    }

    std::uint64_t store_size(llvm::Type* type) { return body_.getParent()->getDataLayout().getTypeStoreSize(type); }

    bool fits(llvm::Type* type) {
        if (store_size(type) <= sizeof(EuContext::bounce)) return true;
        log_.unsupported("access to " + std::to_string(store_size(type)) + " bytes at once");
        return false;
    }

    /// Scalars are taken to be as aligned as they say; vectors may be anywhere, as GPUs let them.
    static bool may_cross(llvm::Align align, std::uint64_t size) {
        constexpr std::uint64_t kLargestScalar = 8;
        return align.value() < size || size > kLargestScalar;
    }

    void route_load(llvm::LoadInst* load) {
        if (load->isAtomic()) return redirect(load, load->getPointerOperand(), load->getType(), Access::kRead);
        if (!fits(load->getType())) return;
        b_.SetInsertPoint(load);
        llvm::Value* va = address(load->getPointerOperand());
        std::uint64_t size = store_size(load->getType());
        llvm::Value* host =
            lookup(va, size, may_cross(load->getAlign(), size), Access::kRead, how(load->getPointerOperand()), load);
        b_.SetInsertPoint(load);
        auto* replacement =
            b_.CreateAlignedLoad(load->getType(), b_.CreateIntToPtr(host, load->getType()->getPointerTo()),
                                 llvm::Align(1), load->isVolatile());
        load->replaceAllUsesWith(replacement);
        load->eraseFromParent();
    }

    void route_store(llvm::StoreInst* store) {
        llvm::Value* value = store->getValueOperand();
        if (store->isAtomic()) return redirect(store, store->getPointerOperand(), value->getType(), Access::kWrite);
        if (!fits(value->getType())) return;
        b_.SetInsertPoint(store);
        llvm::Value* va = address(store->getPointerOperand());
        std::uint64_t size = store_size(value->getType());
        bool crosses = may_cross(store->getAlign(), size);
        std::uint32_t flags = how(store->getPointerOperand());
        llvm::Value* host = lookup(va, size, crosses, Access::kWrite, flags, store);
        b_.SetInsertPoint(store);
        b_.CreateAlignedStore(value, b_.CreateIntToPtr(host, value->getType()->getPointerTo()), llvm::Align(1),
                              store->isVolatile());
        if (crosses) {
            llvm::Value* bounce = b_.CreatePtrToInt(
                b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), eu_, offsetof(EuContext, bounce)), b_.getInt64Ty());
            llvm::Instruction* then =
                llvm::SplitBlockAndInsertIfThen(b_.CreateICmpEQ(host, bounce), store, false, unlikely());
            b_.SetInsertPoint(then);
            b_.CreateCall(store_crossing_, {eu_, va, b_.getInt32(static_cast<std::uint32_t>(size)),
                                            b_.getInt32(flags | static_cast<std::uint32_t>(Access::kWrite))});
        }
        store->eraseFromParent();
    }

    /// An atomic: its address is aligned by the language, and is made so, that no host page beyond is ever reached.
    void redirect(llvm::Instruction* i, llvm::Value* pointer, llvm::Type* type, Access access = Access::kAtomic) {
        b_.SetInsertPoint(i);
        std::uint64_t size = store_size(type);
        llvm::Value* va = b_.CreateAnd(address(pointer), b_.getInt64(~(size - 1)));
        llvm::Value* host = lookup(va, size, false, access, how(pointer), i);
        b_.SetInsertPoint(i);
        i->replaceUsesOfWith(pointer, b_.CreateIntToPtr(host, type->getPointerTo()));
    }

    void route_block(llvm::MemIntrinsic* block) {
        b_.SetInsertPoint(block);
        auto flags = [&](llvm::Value* p) { return b_.getInt32(needs_translation(p) ? how(p) : kFlDirect); };
        llvm::Value* dst = block->getRawDest();
        llvm::Value* size = b_.CreateZExtOrTrunc(block->getLength(), b_.getInt64Ty());
        if (auto* transfer = llvm::dyn_cast<llvm::MemTransferInst>(block)) {
            llvm::Value* src = transfer->getRawSource();
            b_.CreateCall(memmove_, {eu_, address(dst), flags(dst), address(src), flags(src), size});
        } else {
            b_.CreateCall(memset_,
                          {eu_, address(dst), flags(dst), llvm::cast<llvm::MemSetInst>(block)->getValue(), size});
        }
        block->eraseFromParent();
    }

    llvm::Value* address(llvm::Value* pointer) { return b_.CreatePtrToInt(pointer, b_.getInt64Ty()); }

    static std::uint32_t how(llvm::Value* pointer) {
        return pointer->getType()->getPointerAddressSpace() == kGlobalSpace ? 0 : kAccessGeneric;
    }

    /// Splits before `at`; returns the host address there.
    llvm::Value* lookup(llvm::Value* va, std::uint64_t size, bool may_cross, Access access, std::uint32_t flags,
                        llvm::Instruction* at) {
        static_assert(sizeof(TlbEntry) == 32 && (kTlbEntries & (kTlbEntries - 1)) == 0);
        constexpr unsigned kEntryShift = 5;
        llvm::Type* i64 = b_.getInt64Ty();
        // An access that reaches into the next page is looked up under that page's number, and so never hits.
        llvm::Value* last = may_cross ? b_.CreateAdd(va, b_.getInt64(size - 1)) : va;
        llvm::Value* wanted = b_.CreateXor(b_.CreateLShr(last, svm::kPageShift), load_key());
        llvm::Value* hash = b_.CreateMul(b_.CreateLShr(va, svm::kPageShift), b_.getInt64(kTlbHash));
        llvm::Value* slot = b_.CreateAnd(b_.CreateLShr(hash, kTlbHashShift - kEntryShift),
                                         b_.getInt64((kTlbEntries - 1) << kEntryShift));
        auto field = [&](std::size_t offset) {
            llvm::Value* at_field = b_.CreateInBoundsGEP(
                b_.getInt8Ty(), eu_, b_.CreateAdd(slot, b_.getInt64(offsetof(EuContext, tlb) + offset)));
            return b_.CreateAlignedLoad(i64, b_.CreateBitCast(at_field, i64->getPointerTo()), llvm::Align(8));
        };
        auto kind = static_cast<std::uint32_t>(access);
        llvm::Value* hit = b_.CreateICmpEQ(field(offsetof(TlbEntry, tag) + kind * sizeof(std::uint64_t)), wanted);
        llvm::Instruction* then = nullptr;
        llvm::Instruction* otherwise = nullptr;
        llvm::SplitBlockAndInsertIfThenElse(hit, at, &then, &otherwise,
                                            llvm::MDBuilder(body_.getContext()).createBranchWeights(1 << 20, 1));
        b_.SetInsertPoint(then);
        llvm::Value* fast = b_.CreateAdd(va, field(offsetof(TlbEntry, addend)));
        b_.SetInsertPoint(otherwise);
        llvm::Value* slow = b_.CreateCall(
            translate_, {eu_, va, b_.getInt32(static_cast<std::uint32_t>(size)), b_.getInt32(kind | flags)});
        b_.SetInsertPoint(at);
        llvm::PHINode* host = b_.CreatePHI(i64, 2);
        host->addIncoming(fast, then->getParent());
        host->addIncoming(slow, otherwise->getParent());
        return host;
    }

    llvm::Function& body_;
    BuildLog& log_;
    llvm::IRBuilder<> b_;
    llvm::Value* eu_ = nullptr;
    llvm::FunctionCallee translate_, store_crossing_, memmove_, memset_, poll_;
    std::vector<llvm::Instruction*> accesses_;
};

}  // namespace

void route_through_tlb(llvm::Function& body, BuildLog& log) { Router(body, log).run(); }

}  // namespace faultline::gpu::jit
