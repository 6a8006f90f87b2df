// OpenCL's mathematics as LLVM intrinsics, plain IR, or libm.
//
// Precision is libm's, which is at least what OpenCL asks for; native_ and half_ variants are the full ones.
#include <llvm/ADT/StringMap.h>
#include <llvm/IR/IntrinsicInst.h>

#include <cstdlib>

#include "reference/gpu/jit.h"

namespace faultline::gpu::jit {
namespace {

namespace in = llvm::Intrinsic;

class Math {
public:
    Math(llvm::CallInst& call, llvm::StringRef name) : call_(call), name_(name), b_(&call) {
        for (llvm::Value* a : call.args()) a_.push_back(a);
    }

    llvm::Value* lower() {
        if (a_.empty()) return nullptr;
        for (auto step :
             {&Math::intrinsic, &Math::integer, &Math::floating, &Math::relational, &Math::geometric, &Math::libm}) {
            if (llvm::Value* v = (this->*step)()) return v;
        }
        return nullptr;
    }

private:
    llvm::Type* type() const { return call_.getType(); }
    bool is_float() const { return a_[0]->getType()->isFPOrFPVectorTy(); }
    llvm::Value* constant(double v) const { return llvm::ConstantFP::get(a_[0]->getType(), v); }
    llvm::Value* integer_constant(std::uint64_t v) const { return llvm::ConstantInt::get(a_[0]->getType(), v); }
    llvm::Value* call(in::ID id, llvm::ArrayRef<llvm::Value*> args) {
        return b_.CreateIntrinsic(id, {args[0]->getType()}, args);
    }
    /// A scalar second operand of a vector function counts for every element.
    llvm::Value* widen(llvm::Value* v, llvm::Type* like) {
        auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(like);
        return vector && !v->getType()->isVectorTy() ? b_.CreateVectorSplat(vector->getNumElements(), v) : v;
    }

    llvm::Value* intrinsic() {
        static const llvm::StringMap<in::ID> kSame = {
            {"sqrt", in::sqrt},
            {"fabs", in::fabs},
            {"floor", in::floor},
            {"ceil", in::ceil},
            {"trunc", in::trunc},
            {"rint", in::rint},
            {"round", in::round},
            {"fma", in::fma},
            {"exp", in::exp},
            {"exp2", in::exp2},
            {"log", in::log},
            {"log2", in::log2},
            {"log10", in::log10},
            {"pow", in::pow},
            {"powr", in::pow},
            {"sin", in::sin},
            {"cos", in::cos},
            {"fmax", in::maxnum},
            {"fmin", in::minnum},
            {"copysign", in::copysign},
            {"native_sqrt", in::sqrt},
            {"native_exp", in::exp},
            {"native_exp2", in::exp2},
            {"native_log", in::log},
            {"native_log2", in::log2},
            {"native_log10", in::log10},
            {"native_sin", in::sin},
            {"native_cos", in::cos},
            {"native_powr", in::pow},
            {"half_sqrt", in::sqrt},
            {"half_exp", in::exp},
            {"half_log", in::log},
            {"half_sin", in::sin},
            {"half_cos", in::cos},
            {"half_powr", in::pow},
            {"fmax_common", in::maxnum},
            {"fmin_common", in::minnum},
        };
        auto found = kSame.find(name_);
        if (found == kSame.end() || !is_float()) return nullptr;
        for (llvm::Value*& a : a_) a = widen(a, type());
        return call(found->second, a_);
    }

    llvm::Value* integer() {
        if (is_float()) return nullptr;
        using Predicate = llvm::CmpInst::Predicate;
        auto choose = [&](Predicate p, llvm::Value* x, llvm::Value* y) {
            return b_.CreateSelect(b_.CreateICmp(p, x, y), x, y);
        };
        bool is_signed = name_.startswith("s_");
        llvm::StringRef n = name_;
        if (n == "clz") return b_.CreateIntrinsic(in::ctlz, {type()}, {a_[0], b_.getFalse()});
        if (n == "ctz") return b_.CreateIntrinsic(in::cttz, {type()}, {a_[0], b_.getFalse()});
        if (n == "popcount") return call(in::ctpop, {a_[0]});
        if (n == "BitCount") return b_.CreateZExtOrTrunc(call(in::ctpop, {a_[0]}), type());
        if (n == "rotate") return call(in::fshl, {a_[0], a_[0], a_[1]});
        if (n == "bitselect") return bitselect();
        if (n == "select") return select();
        if (!n.consume_front("s_") && !n.consume_front("u_")) return nullptr;
        Predicate less = is_signed ? Predicate::ICMP_SLT : Predicate::ICMP_ULT;
        Predicate greater = is_signed ? Predicate::ICMP_SGT : Predicate::ICMP_UGT;
        for (std::size_t i = 1; i < a_.size(); ++i) a_[i] = widen(a_[i], a_[0]->getType());
        if (n == "abs") return is_signed ? b_.CreateIntrinsic(in::abs, {type()}, {a_[0], b_.getFalse()}) : a_[0];
        if (n == "max") return choose(greater, a_[0], a_[1]);
        if (n == "min") return choose(less, a_[0], a_[1]);
        if (n == "clamp") return choose(less, choose(greater, a_[0], a_[1]), a_[2]);
        if (n == "abs_diff") {
            return b_.CreateSelect(b_.CreateICmp(greater, a_[0], a_[1]), b_.CreateSub(a_[0], a_[1]),
                                   b_.CreateSub(a_[1], a_[0]));
        }
        if (n == "add_sat") return call(is_signed ? in::sadd_sat : in::uadd_sat, a_);
        if (n == "sub_sat") return call(is_signed ? in::ssub_sat : in::usub_sat, a_);
        if (n == "mul24") return b_.CreateMul(low24(a_[0], is_signed), low24(a_[1], is_signed));
        if (n == "mad24") return b_.CreateAdd(b_.CreateMul(low24(a_[0], is_signed), low24(a_[1], is_signed)), a_[2]);
        if (n == "mul_hi") return mul_hi(is_signed);
        if (n == "mad_hi") return b_.CreateAdd(mul_hi(is_signed), a_[2]);
        auto shift = [&](llvm::Value* v) {
            return is_signed ? b_.CreateAShr(v, integer_constant(1)) : b_.CreateLShr(v, integer_constant(1));
        };
        if (n == "hadd") return b_.CreateAdd(b_.CreateAnd(a_[0], a_[1]), shift(b_.CreateXor(a_[0], a_[1])));
        if (n == "rhadd") return b_.CreateSub(b_.CreateOr(a_[0], a_[1]), shift(b_.CreateXor(a_[0], a_[1])));
        return nullptr;
    }

    llvm::Value* low24(llvm::Value* v, bool is_signed) {
        llvm::Value* eight = integer_constant(8);
        llvm::Value* up = b_.CreateShl(v, eight);
        return is_signed ? b_.CreateAShr(up, eight) : b_.CreateLShr(up, eight);
    }
    llvm::Value* mul_hi(bool is_signed) {
        unsigned bits = type()->getScalarSizeInBits();
        llvm::Type* wide = type()->getExtendedType();
        auto extend = [&](llvm::Value* v) { return is_signed ? b_.CreateSExt(v, wide) : b_.CreateZExt(v, wide); };
        llvm::Value* product = b_.CreateMul(extend(a_[0]), extend(a_[1]));
        return b_.CreateTrunc(b_.CreateLShr(product, llvm::ConstantInt::get(wide, bits)), type());
    }
    llvm::Value* bitselect() {
        llvm::Type* bits = b_.getIntNTy(type()->getScalarSizeInBits());
        if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type())) {
            bits = llvm::FixedVectorType::get(bits, vector->getNumElements());
        }
        llvm::Value* mask = b_.CreateBitCast(a_[2], bits);
        llvm::Value* v = b_.CreateOr(b_.CreateAnd(b_.CreateBitCast(a_[1], bits), mask),
                                     b_.CreateAnd(b_.CreateBitCast(a_[0], bits), b_.CreateNot(mask)));
        return b_.CreateBitCast(v, type());
    }
    /// Scalars choose by non-zero, vectors by the top bit.
    llvm::Value* select() {
        llvm::Value* zero = llvm::Constant::getNullValue(a_[2]->getType());
        llvm::Value* second = type()->isVectorTy() ? b_.CreateICmpSLT(a_[2], zero) : b_.CreateICmpNE(a_[2], zero);
        return b_.CreateSelect(second, a_[1], a_[0]);
    }

    llvm::Value* floating() {
        if (!is_float()) return nullptr;
        for (std::size_t i = 1; i < a_.size(); ++i) {
            if (a_[i]->getType()->isFPOrFPVectorTy()) a_[i] = widen(a_[i], a_[0]->getType());
        }
        if (name_ == "bitselect") return bitselect();
        if (name_ == "select") return select();
        if (name_ == "mad") return call(in::fmuladd, a_);
        if (name_ == "rsqrt" || name_ == "native_rsqrt" || name_ == "half_rsqrt") {
            return b_.CreateFDiv(constant(1.0), call(in::sqrt, {a_[0]}));
        }
        if (name_ == "native_recip" || name_ == "half_recip") return b_.CreateFDiv(constant(1.0), a_[0]);
        if (name_ == "native_divide" || name_ == "half_divide") return b_.CreateFDiv(a_[0], a_[1]);
        if (name_ == "fclamp") return call(in::minnum, {call(in::maxnum, {a_[0], a_[1]}), a_[2]});
        if (name_ == "degrees") return b_.CreateFMul(a_[0], constant(57.295779513082320877));
        if (name_ == "radians") return b_.CreateFMul(a_[0], constant(0.017453292519943295769));
        if (name_ == "mix") return b_.CreateFAdd(a_[0], b_.CreateFMul(b_.CreateFSub(a_[1], a_[0]), a_[2]));
        if (name_ == "step") return b_.CreateSelect(b_.CreateFCmpOLT(a_[1], a_[0]), constant(0.0), constant(1.0));
        if (name_ == "sign") {
            llvm::Value* one = call(in::copysign, {constant(1.0), a_[0]});
            llvm::Value* v = b_.CreateSelect(b_.CreateFCmpOEQ(a_[0], constant(0.0)), a_[0], one);
            return b_.CreateSelect(b_.CreateFCmpUNO(a_[0], a_[0]), constant(0.0), v);
        }
        return nullptr;
    }

    llvm::Value* relational() {
        if (name_ == "Any" || name_ == "All") {
            llvm::Value* v = a_[0];
            if (!v->getType()->isVectorTy()) return v;
            return name_ == "Any" ? b_.CreateOrReduce(v) : b_.CreateAndReduce(v);
        }
        if (!is_float()) return nullptr;
        llvm::Value* result = nullptr;
        llvm::Value* size = call(in::fabs, {a_[0]});
        llvm::Value* infinity = llvm::ConstantFP::getInfinity(a_[0]->getType());
        if (name_ == "IsNan") result = b_.CreateFCmpUNO(a_[0], a_[0]);
        if (name_ == "IsInf") result = b_.CreateFCmpOEQ(size, infinity);
        if (name_ == "IsFinite") result = b_.CreateFCmpOLT(size, infinity);
        if (name_ == "LessOrGreater") result = b_.CreateFCmpONE(a_[0], a_[1]);
        if (name_ == "Ordered") result = b_.CreateFCmpORD(a_[0], a_[1]);
        if (name_ == "Unordered") result = b_.CreateFCmpUNO(a_[0], a_[1]);
        if (name_ == "SignBitSet") {
            llvm::Value* one = call(in::copysign, {constant(1.0), a_[0]});
            result = b_.CreateFCmpOLT(one, constant(0.0));
        }
        if (result == nullptr || result->getType() == type()) return result;
        return type()->isVectorTy() ? b_.CreateSExt(result, type()) : b_.CreateZExt(result, type());
    }

    llvm::Value* dot(llvm::Value* x, llvm::Value* y) {
        llvm::Value* products = b_.CreateFMul(x, y);
        auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(products->getType());
        if (vector == nullptr) return products;
        llvm::Value* sum = b_.CreateExtractElement(products, std::uint64_t{0});
        for (unsigned i = 1; i < vector->getNumElements(); ++i) {
            sum = b_.CreateFAdd(sum, b_.CreateExtractElement(products, i));
        }
        return sum;
    }
    llvm::Value* length(llvm::Value* v) { return call(in::sqrt, {dot(v, v)}); }
    llvm::Value* geometric() {
        if (!is_float()) return nullptr;
        if (name_ == "Dot") return dot(a_[0], a_[1]);
        llvm::StringRef n = name_;
        n.consume_front("fast_");
        if (n == "length") return length(a_[0]);
        if (n == "distance") return length(b_.CreateFSub(a_[0], a_[1]));
        if (n == "normalize") return b_.CreateFDiv(a_[0], widen(length(a_[0]), type()));
        return nullptr;
    }

    /// One call an element of the host's float or double function.
    llvm::Value* libm() {
        static const llvm::StringMap<int> kArity = {
            {"tan", 1},   {"asin", 1},   {"acos", 1},      {"atan", 1},      {"sinh", 1},   {"cosh", 1},  {"tanh", 1},
            {"asinh", 1}, {"acosh", 1},  {"atanh", 1},     {"cbrt", 1},      {"expm1", 1},  {"log1p", 1}, {"erf", 1},
            {"erfc", 1},  {"tgamma", 1}, {"lgamma", 1},    {"logb", 1},      {"exp10", 1},  {"atan2", 2}, {"hypot", 2},
            {"fmod", 2},  {"fdim", 2},   {"nextafter", 2}, {"remainder", 2}, {"ldexp", -2}, {"pown", -2},
        };
        llvm::StringRef n = name_;
        if (n.startswith("native_") || n.startswith("half_")) n = n.split('_').second;
        auto found = kArity.find(n);
        if (found == kArity.end() || !is_float()) return nullptr;
        llvm::Type* element = type()->getScalarType();
        if (!element->isFloatTy() && !element->isDoubleTy()) return nullptr;
        bool integer_second = found->second < 0;
        if (n == "pown") return pown();
        std::string symbol = n.str() + (element->isFloatTy() ? "f" : "");
        std::vector<llvm::Type*> params(static_cast<std::size_t>(std::abs(found->second)), element);
        if (integer_second) params[1] = b_.getInt32Ty();
        if (params.size() != a_.size()) return nullptr;
        llvm::FunctionCallee function =
            call_.getModule()->getOrInsertFunction(symbol, llvm::FunctionType::get(element, params, false));
        auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type());
        if (vector == nullptr) return b_.CreateCall(function, a_);
        llvm::Value* result = llvm::UndefValue::get(type());
        for (unsigned i = 0; i < vector->getNumElements(); ++i) {
            std::vector<llvm::Value*> args;
            for (llvm::Value* a : a_) args.push_back(a->getType()->isVectorTy() ? b_.CreateExtractElement(a, i) : a);
            result = b_.CreateInsertElement(result, b_.CreateCall(function, args), i);
        }
        return result;
    }
    llvm::Value* pown() { return call(in::pow, {a_[0], b_.CreateSIToFP(a_[1], type())}); }

    llvm::CallInst& call_;
    llvm::StringRef name_;
    llvm::IRBuilder<> b_;
    std::vector<llvm::Value*> a_;
};

}  // namespace

llvm::Value* lower_math(llvm::CallInst& call, llvm::StringRef name) { return Math(call, name).lower(); }

}  // namespace faultline::gpu::jit
