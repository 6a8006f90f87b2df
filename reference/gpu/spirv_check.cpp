// SPIR-V is checked by SPIRV-Tools' validator, and for opcodes that the translator does not know: LLVMSPIRVLib 14
// asserts or exits on both.
#include <spirv-tools/libspirv.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "reference/gpu/compiler.h"

namespace faultline::gpu {
namespace {

constexpr std::uint32_t kMagic = 0x07230203;
constexpr std::size_t kHeaderWords = 5;
constexpr std::uint16_t kAtomicCompareExchange = 230;
constexpr std::uint16_t kAtomicCompareExchangeWeak = 231;

struct Range {
    std::uint16_t first, last;
};
// Opcodes of kernels that the translator turns into IR; what is absent is named in the build log.
constexpr std::array kKnownOpcodes = {
    Range{0, 8},        // OpNop .. OpLine
    Range{10, 12},      // OpExtension, OpExtInstImport, OpExtInst
    Range{14, 17},      // OpMemoryModel .. OpCapability
    Range{19, 38},      // types: Void .. Pipe
    Range{41, 46},      // constants
    Range{48, 52},      // specialisation constants
    Range{54, 57},      // functions and calls
    Range{59, 59},      // OpVariable
    Range{61, 71},      // memory: Load .. InBoundsPtrAccessChain without ImageTexelPointer
    Range{71, 75},      // decorations
    Range{77, 84},      // vectors and composites
    Range{86, 107},     // sampled images .. image queries: rejected by name when lowered
    Range{109, 124},    // conversions and casts
    Range{126, 152},    // arithmetic
    Range{154, 205},    // relations, logic, bits
    Range{224, 225},    // barriers
    Range{227, 242},    // atomics
    Range{245, 257},    // control flow
    Range{259, 271},    // group instructions: rejected by name when lowered
    Range{317, 319},    // OpNoLine, OpAtomicFlag*
    Range{321, 321},    // OpSizeOf
    Range{330, 332},    // OpModuleProcessed, OpExecutionModeId, OpDecorateId
    Range{400, 403},    // OpCopyLogical, OpPtr*
    Range{6035, 6035},  // OpAtomicFAddEXT
};

bool is_known(std::uint16_t opcode) {
    return std::any_of(kKnownOpcodes.begin(), kKnownOpcodes.end(),
                       [&](Range r) { return r.first <= opcode && opcode <= r.last; });
}

spv_target_env environment(std::uint32_t version) {
    switch (version >> 8) {
        case 0x100:
            return SPV_ENV_UNIVERSAL_1_0;
        case 0x101:
            return SPV_ENV_UNIVERSAL_1_1;
        case 0x102:
            return SPV_ENV_UNIVERSAL_1_2;
        case 0x103:
            return SPV_ENV_UNIVERSAL_1_3;
        default:
            return SPV_ENV_UNIVERSAL_1_4;
    }
}

/// Empty when valid.
std::string diagnose(std::vector<std::uint32_t> words) {
    std::unique_ptr<spv_context_t, void (*)(spv_context)> context(spvContextCreate(environment(words[1])),
                                                                  spvContextDestroy);
    spv_diagnostic diagnostic = nullptr;
    spv_const_binary_t binary{words.data(), words.size()};
    std::string text;
    if (spvValidate(context.get(), &binary, &diagnostic) != SPV_SUCCESS) {
        text = diagnostic != nullptr && diagnostic->error != nullptr ? diagnostic->error : "not valid SPIR-V";
    }
    spvDiagnosticDestroy(diagnostic);
    return text;
}

Error bad(const std::string& message) { return {ErrorKind::kBadInput, "SPIR-V: " + message}; }

}  // namespace

Status check_spirv(std::span<const std::uint8_t> spirv) {
    if (spirv.size() % sizeof(std::uint32_t) != 0 || spirv.size() < kHeaderWords * sizeof(std::uint32_t)) {
        return bad(std::to_string(spirv.size()) + " bytes are not a binary");
    }
    std::vector<std::uint32_t> words(spirv.size() / sizeof(std::uint32_t));
    std::memcpy(words.data(), spirv.data(), spirv.size());
    if (words[0] != kMagic) return bad("no magic number at the start");
    constexpr std::uint32_t kVersion10 = 0x10000;
    constexpr std::uint32_t kVersion14 = 0x10400;
    if (words[1] < kVersion10 || words[1] > kVersion14) return bad("version is not 1.0 to 1.4");
    std::string unknown;
    for (std::size_t at = kHeaderWords; at < words.size();) {
        std::uint32_t count = words[at] >> 16;
        auto opcode = static_cast<std::uint16_t>(words[at] & 0xffff);
        if (count == 0 || at + count > words.size())
            return bad("instruction at word " + std::to_string(at) + " is cut");
        if (!is_known(opcode)) {
            unknown += std::string(unknown.empty() ? "" : ", ") + "Op" + spvOpcodeString(opcode);
        }
        // LLVM 14's writer marks as SPIR-V 1.4 what 1.4 has dropped; the strong form is the same to the validator.
        if (opcode == kAtomicCompareExchangeWeak) words[at] = count << 16 | kAtomicCompareExchange;
        at += count;
    }
    if (!unknown.empty()) return bad("unsupported instructions: " + unknown);
    std::string problem = diagnose(std::move(words));
    return problem.empty() ? Status() : bad(problem);
}

}  // namespace faultline::gpu
