// SPIR-V's built-in functions as IR: work-item numbers, atomics, vector loads, barriers, the clock; the rest is
// math.cpp and conversions.cpp.
//
// readSpirv names them _Z<length>__spirv_<Name><mangled types>; extended instructions __spirv_ocl_<name>.
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>

#include <array>
#include <cstddef>
#include <optional>

#include "reference/gpu/eu_context.h"
#include "reference/gpu/jit.h"

namespace faultline::gpu::jit {
namespace {

/// "_Z18__spirv_AtomicIAddPU3AS4iiii": "__spirv_AtomicIAdd".
llvm::StringRef name_of(llvm::StringRef symbol) {
    llvm::StringRef rest = symbol;
    unsigned length = 0;
    if (!rest.consume_front("_Z") || rest.consumeInteger(10, length) || length > rest.size()) return symbol;
    return rest.take_front(length);
}

class Lowering {
public:
    Lowering(llvm::Function& body, BuildLog& log) : params_(body_params(body)), log_(log), b_(body.getContext()) {
        for (llvm::Instruction& i : llvm::instructions(body)) {
            if (auto* call = llvm::dyn_cast<llvm::CallInst>(&i)) calls_.push_back(call);
        }
    }

    void run() {
        for (llvm::CallInst* call : calls_) lower(*call);
    }

private:
    void lower(llvm::CallInst& call) {
        llvm::Function* callee = call.getCalledFunction();
        if (callee == nullptr) {
            if (!call.isInlineAsm()) return log_.unsupported("call through a function pointer");
            return log_.unsupported("inline assembly");
        }
        if (callee->isIntrinsic() || !callee->isDeclaration()) return;
        b_.SetInsertPoint(&call);
        llvm::StringRef name = name_of(callee->getName());
        std::optional<llvm::Value*> value;
        if (name == "intel_get_cycle_counter" || name.startswith("__spirv_ReadClockKHR") ||
            name.startswith("clock_read_")) {
            value = clock(call);
        } else if (name.consume_front("__spirv_ocl_")) {
            value = vector_memory(call, name);
            if (!value) value = math(call, name);
        } else if (name.consume_front("__spirv_")) {
            value = work_item(call, name);
            if (!value) value = atomic(call, name);
            if (!value) value = synchronisation(call, name);
            if (!value) value = math(call, name);
        }
        if (!value) return log_.unsupported(callee->getName());
        if (!call.getType()->isVoidTy()) call.replaceAllUsesWith(*value);
        call.eraseFromParent();
    }

    std::optional<llvm::Value*> math(llvm::CallInst& call, llvm::StringRef name) {
        if (llvm::Value* v = lower_math(call, name)) return v;
        if (llvm::Value* v = lower_conversion(call, name)) return v;
        return std::nullopt;
    }

    std::optional<llvm::Value*> clock(llvm::CallInst& call) {
        if (!call.getType()->isIntegerTy(64)) return std::nullopt;
        llvm::FunctionCallee read = call.getModule()->getOrInsertFunction("fl_clock", b_.getInt64Ty());
        return b_.CreateCall(read, {});
    }

    // -- Work-items ---------------------------------------------------------------------------------------------------

    llvm::Value* field(std::size_t offset, unsigned dimension = 0) {
        return group_field(b_, params_.group, offset + dimension * sizeof(std::uint64_t));
    }
    llvm::Value* global_id(unsigned d) {
        llvm::Value* first =
            b_.CreateMul(field(offsetof(WorkGroupInfo, group_id), d), field(offsetof(WorkGroupInfo, local_size), d));
        return b_.CreateAdd(b_.CreateAdd(first, field(offsetof(WorkGroupInfo, global_offset), d)), params_.local_id[d]);
    }
    template <typename Id>
    llvm::Value* linear(Id id, std::size_t sizes) {
        llvm::Value* plane = b_.CreateAdd(b_.CreateMul(id(2), field(sizes, 1)), id(1));
        return b_.CreateAdd(b_.CreateMul(plane, field(sizes, 0)), id(0));
    }

    std::optional<llvm::Value*> work_item(llvm::CallInst& call, llvm::StringRef name) {
        if (!name.consume_front("BuiltIn")) return std::nullopt;
        llvm::Type* type = call.getType();
        auto cast = [&](llvm::Value* v) { return b_.CreateZExtOrTrunc(v, type); };
        if (!type->isIntegerTy()) return std::nullopt;
        if (name == "WorkDim") return cast(field(offsetof(WorkGroupInfo, work_dim)));
        if (name == "LocalInvocationIndex") {
            return cast(linear([&](unsigned d) -> llvm::Value* { return params_.local_id[d]; },
                               offsetof(WorkGroupInfo, local_size)));
        }
        if (name == "GlobalLinearId") {
            auto id = [&](unsigned d) {
                return b_.CreateSub(global_id(d), field(offsetof(WorkGroupInfo, global_offset), d));
            };
            return cast(linear(id, offsetof(WorkGroupInfo, global_size)));
        }
        if (call.arg_size() != 1) return std::nullopt;
        auto by_dimension = [&](auto value) { return cast(pick(call.getArgOperand(0), value)); };
        if (name == "GlobalInvocationId") return by_dimension([&](unsigned d) { return global_id(d); });
        if (name == "LocalInvocationId")
            return by_dimension([&](unsigned d) -> llvm::Value* { return params_.local_id[d]; });
        struct Field {
            llvm::StringLiteral name;
            std::size_t offset;
        };
        static constexpr std::array kFields = {
            Field{"GlobalSize", offsetof(WorkGroupInfo, global_size)},
            Field{"GlobalOffset", offsetof(WorkGroupInfo, global_offset)},
            Field{"WorkgroupId", offsetof(WorkGroupInfo, group_id)},
            Field{"WorkgroupSize", offsetof(WorkGroupInfo, local_size)},
            Field{"EnqueuedWorkgroupSize", offsetof(WorkGroupInfo, local_size)},
            Field{"NumWorkgroups", offsetof(WorkGroupInfo, num_groups)},
        };
        for (const Field& f : kFields) {
            if (name == f.name) return by_dimension([&](unsigned d) { return field(f.offset, d); });
        }
        return std::nullopt;
    }

    /// value(d) for a dimension that is mostly a constant.
    template <typename ValueOf>
    llvm::Value* pick(llvm::Value* dimension, ValueOf value) {
        if (auto* constant = llvm::dyn_cast<llvm::ConstantInt>(dimension)) {
            std::uint64_t d = constant->getZExtValue();
            return d < 3 ? value(static_cast<unsigned>(d)) : b_.getInt64(0);
        }
        llvm::Value* v = value(0);
        for (unsigned d = 1; d < 3; ++d) {
            llvm::Value* is_d = b_.CreateICmpEQ(dimension, llvm::ConstantInt::get(dimension->getType(), d));
            v = b_.CreateSelect(is_d, value(d), v);
        }
        return v;
    }

    // -- Atomics: every order and scope is taken as seq_cst of all threads --------------------------------------------

    std::optional<llvm::Value*> atomic(llvm::CallInst& call, llvm::StringRef name) {
        using Op = llvm::AtomicRMWInst;
        constexpr auto kOrder = llvm::AtomicOrdering::SequentiallyConsistent;
        if (!name.consume_front("Atomic") || call.arg_size() < 3) return std::nullopt;
        llvm::Value* pointer = call.getArgOperand(0);
        if (!pointer->getType()->isPointerTy()) return std::nullopt;
        llvm::Type* type = pointer->getType()->getPointerElementType();
        std::uint64_t bits = type->getPrimitiveSizeInBits();
        if (bits != 32 && bits != 64) return std::nullopt;
        llvm::Align align(bits / 8);
        if (name == "Load") {
            auto* load = b_.CreateAlignedLoad(type, pointer, align);
            load->setAtomic(kOrder);
            return load;
        }
        if (name == "Store") {
            auto* store = b_.CreateAlignedStore(call.getArgOperand(3), pointer, align);
            store->setAtomic(kOrder);
            return store;
        }
        if (name == "CompareExchange" || name == "CompareExchangeWeak") {
            // (pointer, scope, equal, unequal, value, comparator)
            llvm::Value* pair =
                b_.CreateAtomicCmpXchg(pointer, call.getArgOperand(5), call.getArgOperand(4), align, kOrder, kOrder);
            return b_.CreateExtractValue(pair, 0);
        }
        auto rmw = [&](Op::BinOp op, llvm::Value* operand) {
            return b_.CreateAtomicRMW(op, pointer, operand, align, kOrder);
        };
        if (type->isIntegerTy()) {
            if (name == "IIncrement") return rmw(Op::Add, llvm::ConstantInt::get(type, 1));
            if (name == "IDecrement") return rmw(Op::Sub, llvm::ConstantInt::get(type, 1));
            if (name == "FlagTestAndSet") {
                return b_.CreateICmpNE(rmw(Op::Xchg, llvm::ConstantInt::get(type, 1)), llvm::ConstantInt::get(type, 0));
            }
            if (name == "FlagClear") {
                auto* store = b_.CreateAlignedStore(llvm::ConstantInt::get(type, 0), pointer, align);
                store->setAtomic(kOrder);
                return store;
            }
        }
        if (call.arg_size() != 4) return std::nullopt;
        struct Entry {
            llvm::StringLiteral name;
            Op::BinOp op;
            bool floating;
        };
        static constexpr std::array kOps = {
            Entry{"IAdd", Op::Add, false},      Entry{"ISub", Op::Sub, false},     Entry{"SMin", Op::Min, false},
            Entry{"SMax", Op::Max, false},      Entry{"UMin", Op::UMin, false},    Entry{"UMax", Op::UMax, false},
            Entry{"And", Op::And, false},       Entry{"Or", Op::Or, false},        Entry{"Xor", Op::Xor, false},
            Entry{"Exchange", Op::Xchg, false}, Entry{"Exchange", Op::Xchg, true}, Entry{"FAddEXT", Op::FAdd, true},
        };
        for (const Entry& e : kOps) {
            if (name == e.name && e.floating == type->isFloatingPointTy()) return rmw(e.op, call.getArgOperand(3));
        }
        return std::nullopt;
    }

    // -- Vector loads and stores: aligned to their elements only ------------------------------------------------------

    std::optional<llvm::Value*> vector_memory(llvm::CallInst& call, llvm::StringRef name) {
        if (name.startswith("vloadn_") && call.getType()->isVectorTy()) {
            auto* type = llvm::cast<llvm::FixedVectorType>(call.getType());
            llvm::Value* pointer =
                element_pointer(call.getArgOperand(0), call.getArgOperand(1), type->getNumElements());
            return load_elements(pointer, type);
        }
        if (name.startswith("vstoren") && call.arg_size() == 3 && !name.contains("half")) {
            llvm::Value* value = call.getArgOperand(0);
            auto* type = llvm::cast<llvm::FixedVectorType>(value->getType());
            store_elements(value,
                           element_pointer(call.getArgOperand(1), call.getArgOperand(2), type->getNumElements()));
            return nullptr;
        }
        if (name == "prefetch") return nullptr;
        return std::nullopt;
    }

    llvm::Value* element_pointer(llvm::Value* index, llvm::Value* base, unsigned elements) {
        llvm::Type* element = base->getType()->getPointerElementType();
        llvm::Value* first = b_.CreateMul(index, llvm::ConstantInt::get(index->getType(), elements));
        return b_.CreateGEP(element, base, first);
    }
    /// Three elements are three loads: a vector of three would be read as four.
    llvm::Value* load_elements(llvm::Value* pointer, llvm::FixedVectorType* type) {
        llvm::Type* element = type->getElementType();
        llvm::Align align = element_align(element);
        if (type->getNumElements() != 3) {
            return b_.CreateAlignedLoad(type, b_.CreateBitCast(pointer, pointer_to(type, pointer)), align);
        }
        llvm::Value* v = llvm::UndefValue::get(type);
        for (unsigned i = 0; i < 3; ++i) {
            llvm::Value* e = b_.CreateAlignedLoad(element, b_.CreateConstGEP1_32(element, pointer, i), align);
            v = b_.CreateInsertElement(v, e, i);
        }
        return v;
    }
    void store_elements(llvm::Value* value, llvm::Value* pointer) {
        auto* type = llvm::cast<llvm::FixedVectorType>(value->getType());
        llvm::Align align = element_align(type->getElementType());
        if (type->getNumElements() != 3) {
            b_.CreateAlignedStore(value, b_.CreateBitCast(pointer, pointer_to(type, pointer)), align);
            return;
        }
        for (unsigned i = 0; i < 3; ++i) {
            b_.CreateAlignedStore(b_.CreateExtractElement(value, i),
                                  b_.CreateConstGEP1_32(type->getElementType(), pointer, i), align);
        }
    }
    static llvm::Align element_align(llvm::Type* element) { return llvm::Align(element->getPrimitiveSizeInBits() / 8); }
    static llvm::Type* pointer_to(llvm::Type* type, llvm::Value* like) {
        return type->getPointerTo(like->getType()->getPointerAddressSpace());
    }

    // -- Barriers ---------------------------------------------------------------------------------------------------

    std::optional<llvm::Value*> synchronisation(llvm::CallInst& call, llvm::StringRef name) {
        if (name == "MemoryBarrier") return b_.CreateFence(llvm::AtomicOrdering::SequentiallyConsistent);
        constexpr std::uint64_t kWorkgroupScope = 2;
        auto* scope = name == "ControlBarrier" ? llvm::dyn_cast<llvm::ConstantInt>(call.getArgOperand(0)) : nullptr;
        if (scope == nullptr || scope->getZExtValue() != kWorkgroupScope) return std::nullopt;
        llvm::FunctionCallee barrier =
            call.getModule()->getOrInsertFunction("fl_barrier", b_.getVoidTy(), b_.getInt8PtrTy());
        auto* function = llvm::cast<llvm::Function>(barrier.getCallee());
        function->addFnAttr(llvm::Attribute::Convergent);
        function->addFnAttr(llvm::Attribute::NoUnwind);
        auto* wait = b_.CreateCall(barrier, {params_.eu});
        wait->setConvergent();
        return wait;
    }

    BodyParams params_;
    BuildLog& log_;
    llvm::IRBuilder<> b_;
    std::vector<llvm::CallInst*> calls_;
};

}  // namespace

void lower_builtins(llvm::Function& body, BuildLog& log) { Lowering(body, log).run(); }

}  // namespace faultline::gpu::jit
