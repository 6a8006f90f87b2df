// Conversions between OpenCL's types as IR: between integers and floating point, saturating and rounding as asked.
//
// ConvertFToS_Rint_sat, ConvertFToS_Rint_rte, ...: <op>_R<type>[_sat][_<mode>].
#include <llvm/IR/IntrinsicInst.h>

#include <algorithm>

#include "reference/gpu/jit.h"

namespace faultline::gpu::jit {
namespace {

namespace in = llvm::Intrinsic;

llvm::Value* saturating_integer(llvm::IRBuilder<>& b, llvm::StringRef op, llvm::Value* v, llvm::Type* type) {
    bool from_signed = op == "SConvert" || op == "SatConvertSToU";
    bool to_signed = op == "SConvert" || op == "SatConvertUToS";
    if (op != "SConvert" && op != "UConvert" && op != "SatConvertSToU" && op != "SatConvertUToS") return nullptr;
    unsigned from = v->getType()->getScalarSizeInBits();
    unsigned to = type->getScalarSizeInBits();
    // Clamped in a type that holds both.
    llvm::Type* wide = v->getType()->getWithNewBitWidth(std::max(from, to) + 1);
    llvm::Value* x = from_signed ? b.CreateSExt(v, wide) : b.CreateZExt(v, wide);
    unsigned bits = std::max(from, to) + 1;
    llvm::APInt low = to_signed ? llvm::APInt::getSignedMinValue(to).sext(bits) : llvm::APInt(bits, 0);
    llvm::APInt high =
        to_signed ? llvm::APInt::getSignedMaxValue(to).sext(bits) : llvm::APInt::getMaxValue(to).zext(bits);
    x = b.CreateIntrinsic(in::smax, {wide}, {x, llvm::ConstantInt::get(wide, low)});
    x = b.CreateIntrinsic(in::smin, {wide}, {x, llvm::ConstantInt::get(wide, high)});
    return b.CreateTrunc(x, type);
}

}  // namespace

llvm::Value* lower_conversion(llvm::CallInst& call, llvm::StringRef name) {
    if (call.arg_empty()) return nullptr;
    llvm::IRBuilder<> b(&call);
    llvm::Type* type = call.getType();
    llvm::StringRef op = name.split("_R").first;
    llvm::StringRef full = call.getCalledFunction()->getName();
    bool saturate = full.contains("_sat");
    llvm::Value* v = call.getArgOperand(0);
    if (op == "ConvertFToS" || op == "ConvertFToU") {
        if (full.contains("_rte")) v = b.CreateIntrinsic(in::rint, {v->getType()}, {v});
        if (full.contains("_rtp")) v = b.CreateIntrinsic(in::ceil, {v->getType()}, {v});
        if (full.contains("_rtn")) v = b.CreateIntrinsic(in::floor, {v->getType()}, {v});
        bool to_signed = op.endswith("S");
        if (saturate) {
            return b.CreateIntrinsic(to_signed ? in::fptosi_sat : in::fptoui_sat, {type, v->getType()}, {v});
        }
        return to_signed ? b.CreateFPToSI(v, type) : b.CreateFPToUI(v, type);
    }
    bool rounds_other_than_even = full.contains("_rtz") || full.contains("_rtp") || full.contains("_rtn");
    if (rounds_other_than_even) return nullptr;
    if (op == "ConvertSToF") return b.CreateSIToFP(v, type);
    if (op == "ConvertUToF") return b.CreateUIToFP(v, type);
    if (op == "FConvert") return b.CreateFPCast(v, type);
    if (saturate || op == "SatConvertSToU" || op == "SatConvertUToS") return saturating_integer(b, op, v, type);
    if (op == "SConvert") return b.CreateSExtOrTrunc(v, type);
    if (op == "UConvert") return b.CreateZExtOrTrunc(v, type);
    return nullptr;
}

}  // namespace faultline::gpu::jit
