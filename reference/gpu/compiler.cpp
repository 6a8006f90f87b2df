#include "reference/gpu/compiler.h"

#include <LLVMSPIRVLib/LLVMSPIRVLib.h>
#include <LLVMSPIRVLib/LLVMSPIRVOpts.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/Host.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/IPO/AlwaysInliner.h>
#include <llvm/Transforms/Scalar/InferAddressSpaces.h>
#include <llvm/Transforms/Scalar/SROA.h>

#include <mutex>
#include <optional>
#include <sstream>

#include "reference/gpu/jit.h"
#include "reference/gpu/signals.h"

namespace faultline::gpu {
namespace jit {

void BuildLog::unsupported(std::string_view what) { error("unsupported: " + std::string(what)); }
void BuildLog::error(std::string_view line) {
    if (!seen_.insert(std::string(line)).second) return;
    if (!text_.empty()) text_ += '\n';
    text_ += line;
}

void run_passes(llvm::PassBuilder& builder, llvm::ModulePassManager& passes, llvm::Module& module) {
    llvm::LoopAnalysisManager loops;
    llvm::FunctionAnalysisManager functions;
    llvm::CGSCCAnalysisManager sccs;
    llvm::ModuleAnalysisManager modules;
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(sccs);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, sccs, modules);
    passes.run(module, modules);
}

}  // namespace jit

namespace {

using jit::BuildLog;
using jit::Candidate;

void initialise_llvm() {
    static const bool done = [] {
        llvm::InitializeNativeTarget();
        llvm::InitializeNativeTargetAsmPrinter();
        return true;
    }();
    static_cast<void>(done);
}

std::unique_ptr<llvm::TargetMachine> host_machine() {
    auto builder = llvm::orc::JITTargetMachineBuilder::detectHost();
    if (!builder) {
        llvm::consumeError(builder.takeError());
        return nullptr;
    }
    builder->setRelocationModel(llvm::Reloc::PIC_);
    builder->setCodeGenOptLevel(llvm::CodeGenOpt::Default);
    auto machine = builder->createTargetMachine();
    if (!machine) {
        llvm::consumeError(machine.takeError());
        return nullptr;
    }
    return std::move(*machine);
}

/// Errors of LLVM end up here instead of on stderr; the first one counts.
class Diagnostics : public llvm::DiagnosticHandler {
public:
    explicit Diagnostics(BuildLog& log) : log_(log) {}
    bool handleDiagnostics(const llvm::DiagnosticInfo& info) override {
        if (info.getSeverity() != llvm::DS_Error) return true;
        std::string text;
        llvm::raw_string_ostream stream(text);
        llvm::DiagnosticPrinterRawOStream printer(stream);
        info.print(printer);
        log_.error(stream.str());
        return true;
    }

private:
    BuildLog& log_;
};

void optimise(llvm::Module& module, llvm::TargetMachine& machine, llvm::OptimizationLevel level) {
    llvm::PipelineTuningOptions tuning;
    // Accesses become branches: vectors and unrolled loops would only multiply them.
    tuning.LoopVectorization = tuning.SLPVectorization = tuning.LoopUnrolling = tuning.LoopInterleaving = false;
    llvm::PassBuilder builder(&machine, tuning);
    llvm::ModulePassManager passes;
    passes.addPass(llvm::AlwaysInlinerPass(false));
    auto infer = [&] {
        llvm::FunctionPassManager per_function;
        per_function.addPass(llvm::SROAPass());
        per_function.addPass(llvm::InferAddressSpacesPass(jit::kGenericSpace));
        passes.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(per_function)));
    };
    infer();
    passes.addPass(builder.buildPerModuleDefaultPipeline(level));
    infer();
    jit::run_passes(builder, passes, module);
}

class Compilation {
public:
    Compilation(std::span<const std::uint8_t> spirv, llvm::TargetMachine& machine) : spirv_(spirv), machine_(machine) {
        context_.setDiagnosticHandler(std::make_unique<Diagnostics>(log_));
    }

    Expected<CompiledModule> run() {
        for (auto step : {&Compilation::translate, &Compilation::make_bodies, &Compilation::lower, &Compilation::route,
                          &Compilation::make_entries, &Compilation::check_externals}) {
            (this->*step)();
            if (!log_.empty()) return Error{ErrorKind::kBadInput, log_.text()};
        }
        return emit();
    }

private:
    void translate() {
        std::istringstream stream(std::string(spirv_.begin(), spirv_.end()));
        SPIRV::TranslatorOpts options;
        options.enableAllExtensions();
        options.setDesiredBIsRepresentation(SPIRV::BIsRepresentation::SPIRVFriendlyIR);
        llvm::Module* module = nullptr;
        std::string error;
        if (!llvm::readSpirv(context_, options, stream, module, error) || module == nullptr) {
            return log_.error("SPIR-V: " + (error.empty() ? "cannot be translated" : error));
        }
        module_.reset(module);
        module_->setTargetTriple(machine_.getTargetTriple().str());
        module_->setDataLayout(machine_.createDataLayout());
        for (llvm::GlobalVariable& g : module_->globals()) {
            if (g.getAddressSpace() == jit::kGlobalSpace) {
                log_.unsupported("program-scope global variable " + g.getName().str());
            }
        }
    }

    void make_bodies() { candidates_ = jit::make_bodies(*module_, machine_, log_); }

    void lower() {
        for (Candidate& c : candidates_) {
            jit::lower_builtins(*c.body, log_);
            c.kernel.local_size = jit::lower_local_variables(*c.body, log_);
        }
        if (log_.empty()) verify("lowering");
        if (!log_.empty()) return;
        drop_unused_declarations();
        optimise(*module_, machine_, llvm::OptimizationLevel::O2);
    }

    void route() {
        for (Candidate& c : candidates_) {
            if (llvm::Function* barrier = module_->getFunction("fl_barrier")) {
                for (llvm::User* user : barrier->users()) {
                    auto* call = llvm::dyn_cast<llvm::CallInst>(user);
                    if (call != nullptr && call->getFunction() == c.body) c.has_barriers = true;
                }
            }
            jit::route_through_tlb(*c.body, log_);
            // What was known of the body's effects does not hold for the calls that are in it now.
            llvm::AttributeList kept;
            for (llvm::Argument& a : c.body->args()) {
                if (!a.hasByValAttr()) continue;
                llvm::AttrBuilder by_value(context_);
                by_value.addByValAttr(a.getParamByValType());
                by_value.addAlignmentAttr(a.getParamAlign());
                kept = kept.addParamAttributes(context_, a.getArgNo(), by_value);
            }
            c.body->setAttributes(kept);
            c.body->addFnAttr(llvm::Attribute::NoUnwind);
        }
        if (log_.empty()) verify("routing");
    }

    void make_entries() {
        for (Candidate& c : candidates_) jit::make_entry(c);
        if (!log_.empty()) return;
        optimise(*module_, machine_, llvm::OptimizationLevel::O2);
        for (Candidate& c : candidates_)
            c.kernel.private_size = jit::private_size(*module_->getFunction(entry_symbol(c.name)), log_);
    }

    void check_externals() {
        drop_unused_declarations();
        for (llvm::Function& f : *module_) {
            if (!f.isDeclaration() || f.isIntrinsic()) continue;
            if (jit::host_function(f.getName()) == nullptr) log_.unsupported(f.getName());
        }
        for (llvm::GlobalVariable& g : module_->globals()) {
            if (g.isDeclaration() && !g.use_empty()) log_.unsupported("imported variable " + g.getName().str());
        }
        if (log_.empty()) verify("the work-item loop");
    }

    void drop_unused_declarations() {
        for (llvm::Function& f : llvm::make_early_inc_range(*module_)) {
            if (f.isDeclaration() && f.use_empty()) f.eraseFromParent();
        }
    }

    void verify(const char* after) {
        std::string text;
        llvm::raw_string_ostream stream(text);
        if (llvm::verifyModule(*module_, &stream))
            log_.error(std::string("invalid code after ") + after + ": " + stream.str());
    }

    Expected<CompiledModule> emit() {
        llvm::SmallVector<char, 0> buffer;
        llvm::raw_svector_ostream stream(buffer);
        llvm::legacy::PassManager passes;
        if (machine_.addPassesToEmitFile(passes, stream, nullptr, llvm::CGFT_ObjectFile)) {
            return Error{ErrorKind::kInternal, "this host's code cannot be emitted"};
        }
        passes.run(*module_);
        if (!log_.empty()) return Error{ErrorKind::kBadInput, log_.text()};
        CompiledModule out;
        out.object.assign(buffer.begin(), buffer.end());
        for (Candidate& c : candidates_) {
            out.kernels.push_back(std::move(c.kernel));
            out.has_barriers.push_back(c.has_barriers);
        }
        return out;
    }

    std::span<const std::uint8_t> spirv_;
    llvm::TargetMachine& machine_;
    BuildLog log_;
    llvm::LLVMContext context_;
    std::unique_ptr<llvm::Module> module_;
    std::vector<Candidate> candidates_;
};

}  // namespace

std::string entry_symbol(std::string_view kernel) { return "faultline.entry." + std::string(kernel); }

Expected<CompiledModule> compile(std::span<const std::uint8_t> spirv) {
    static std::mutex one_at_a_time;  // survives() takes over SIGABRT of the whole process
    std::lock_guard lock(one_at_a_time);
    if (Status status = check_spirv(spirv); !status) return status.error();
    initialise_llvm();
    std::unique_ptr<llvm::TargetMachine> machine = host_machine();
    if (machine == nullptr) return Error{ErrorKind::kInternal, "LLVM has no code generator for this host"};
    // LLVM and its SPIR-V reader abort on some of what the validator lets pass. What they held then is not freed.
    struct Job {
        std::unique_ptr<Compilation> compilation;
        std::optional<Expected<CompiledModule>> result;
    };
    auto job = std::make_unique<Job>();
    job->compilation = std::make_unique<Compilation>(spirv, *machine);
    const auto run = [](void* argument) {
        auto& j = *static_cast<Job*>(argument);
        j.result = j.compilation->run();
    };
    if (!survives(run, job.get())) {
        static_cast<void>(job.release());
        static_cast<void>(machine.release());
        return Error{ErrorKind::kBadInput, "SPIR-V: an internal check of the translator failed"};
    }
    return std::move(*job->result);
}

}  // namespace faultline::gpu
