#include "reference/gpu/compiler.h"

#include <LLVMSPIRVLib/LLVMSPIRVLib.h>
#include <LLVMSPIRVLib/LLVMSPIRVOpts.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/Host.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/IPO/AlwaysInliner.h>
#include <llvm/Transforms/IPO/GlobalDCE.h>
#include <llvm/Transforms/Scalar/InferAddressSpaces.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include <mutex>
#include <optional>
#include <sstream>

#include "reference/gpu/eu_context.h"
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

constexpr unsigned kAddedParams = 5;

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

}  // namespace jit

namespace {

using jit::BuildLog;

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
    llvm::LoopAnalysisManager loops;
    llvm::FunctionAnalysisManager functions;
    llvm::CGSCCAnalysisManager sccs;
    llvm::ModuleAnalysisManager modules;
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(sccs);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, sccs, modules);
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
    passes.run(module, modules);
}

/// One kernel on its way from SPIR-V to an entry.
struct Candidate {
    std::string name;
    llvm::Function* body = nullptr;  ///< the kernel with BodyParams behind its own parameters
    Kernel kernel;
    bool has_barriers = false;
};

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

    /// Kernels get bodies with added parameters; everything else is inlined into them.
    void make_bodies() {
        std::vector<llvm::Function*> kernels;
        for (llvm::Function& f : *module_) {
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
        for (llvm::Function* f : kernels) make_body(*f);
        run_inliner();
        for (llvm::Function& f : *module_) {
            if (!f.isDeclaration() && f.hasFnAttribute(llvm::Attribute::AlwaysInline) && !f.use_empty()) {
                log_.unsupported("recursion or address of function " + f.getName().str());
            }
        }
    }

    void run_inliner() {
        llvm::PassBuilder builder(&machine_);
        llvm::LoopAnalysisManager loops;
        llvm::FunctionAnalysisManager functions;
        llvm::CGSCCAnalysisManager sccs;
        llvm::ModuleAnalysisManager modules;
        builder.registerModuleAnalyses(modules);
        builder.registerCGSCCAnalyses(sccs);
        builder.registerFunctionAnalyses(functions);
        builder.registerLoopAnalyses(loops);
        builder.crossRegisterProxies(loops, functions, sccs, modules);
        llvm::ModulePassManager passes;
        passes.addPass(llvm::AlwaysInlinerPass(false));
        passes.addPass(llvm::GlobalDCEPass());
        passes.run(*module_, modules);
    }

    void make_body(llvm::Function& kernel) {
        Candidate c;
        c.name = kernel.getName().str();
        c.kernel.name = c.name;
        reflect(kernel, c.kernel);
        llvm::Type* pointer = llvm::Type::getInt8PtrTy(context_);
        llvm::Type* i64 = llvm::Type::getInt64Ty(context_);
        std::vector<llvm::Type*> params(kernel.getFunctionType()->params().begin(),
                                        kernel.getFunctionType()->params().end());
        params.insert(params.end(), {pointer, pointer, i64, i64, i64});
        auto* type = llvm::FunctionType::get(kernel.getReturnType(), params, false);
        c.body = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, c.name + ".body", module_.get());
        llvm::ValueToValueMapTy map;
        for (llvm::Argument& a : kernel.args()) map[&a] = c.body->getArg(a.getArgNo());
        llvm::SmallVector<llvm::ReturnInst*, 4> returns;
        llvm::CloneFunctionInto(c.body, &kernel, map, llvm::CloneFunctionChangeType::LocalChangesOnly, returns);
        c.body->removeFnAttr(llvm::Attribute::AlwaysInline);
        candidates_.push_back(std::move(c));
    }

    void reflect(const llvm::Function& kernel, Kernel& out) {
        const llvm::DataLayout& layout = module_->getDataLayout();
        std::uint64_t offset = 0;
        for (const llvm::Argument& a : kernel.args()) {
            KernelArg arg;
            llvm::Type* type = a.getType();
            std::uint64_t size = layout.getTypeAllocSize(type);
            std::uint64_t align = layout.getABITypeAlignment(type);
            if (auto* pointer = llvm::dyn_cast<llvm::PointerType>(type)) {
                llvm::Type* pointee = pointer->getPointerElementType();
                if (auto* opaque = llvm::dyn_cast<llvm::StructType>(pointee); opaque && opaque->isOpaque()) {
                    log_.unsupported(out.name + ": argument of type " + opaque->getName().str());
                }
                if (pointer->getAddressSpace() == jit::kLocalSpace) {
                    arg.kind = ArgKind::kLocalPointer;
                } else if (pointer->getAddressSpace() != jit::kPrivateSpace) {
                    arg.kind = ArgKind::kGlobalPointer;
                } else if (a.hasByValAttr()) {
                    size = layout.getTypeAllocSize(a.getParamByValType());
                    align = std::max<std::uint64_t>(a.getParamAlign().valueOrOne().value(), 8);
                } else {
                    log_.unsupported(out.name + ": private pointer as an argument");
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

    /// entry(eu, args, group[, x, y, z]): loads the arguments and runs all work-items, or the one.
    void make_entries() {
        for (Candidate& c : candidates_) make_entry(c);
        if (!log_.empty()) return;
        optimise(*module_, machine_, llvm::OptimizationLevel::O2);
        for (Candidate& c : candidates_)
            c.kernel.private_size = private_size(*module_->getFunction(entry_symbol(c.name)));
    }

    void make_entry(Candidate& c) {
        llvm::IRBuilder<> b(context_);
        llvm::Type* i64 = b.getInt64Ty();
        std::vector<llvm::Type*> params(3, b.getInt8PtrTy());
        if (c.has_barriers) params.insert(params.end(), 3, i64);
        auto* entry = llvm::Function::Create(llvm::FunctionType::get(b.getVoidTy(), params, false),
                                             llvm::GlobalValue::ExternalLinkage, entry_symbol(c.name), module_.get());
        entry->addFnAttr(llvm::Attribute::NoUnwind);
        llvm::Value* group = entry->getArg(2);
        auto* top = llvm::BasicBlock::Create(context_, "", entry);
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
                headers[d] = llvm::BasicBlock::Create(context_, "", entry);
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
                llvm::Value* size =
                    jit::group_field(b, group, offsetof(WorkGroupInfo, local_size) + d * sizeof(std::uint64_t));
                auto* done = llvm::BasicBlock::Create(context_, "", entry);
                llvm::cast<llvm::PHINode>(id[d])->addIncoming(next, b.GetInsertBlock());
                b.CreateCondBr(b.CreateICmpULT(next, size), headers[d], done);
                b.SetInsertPoint(done);
            }
            b.CreateRetVoid();
        }
        c.body->setLinkage(llvm::GlobalValue::InternalLinkage);
        c.body->addFnAttr(llvm::Attribute::AlwaysInline);
    }

    /// The work-item loop has a poll of its own: a work-item need not access anything.
    void poll(llvm::IRBuilder<>& b, llvm::Value* eu) {
        llvm::Value* at = b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), eu, offsetof(EuContext, key));
        auto* key =
            b.CreateAlignedLoad(b.getInt64Ty(), b.CreateBitCast(at, b.getInt64Ty()->getPointerTo()), llvm::Align(8));
        key->setAtomic(llvm::AtomicOrdering::Monotonic);
        llvm::Function* entry = b.GetInsertBlock()->getParent();
        auto* then = llvm::BasicBlock::Create(context_, "", entry);
        auto* after = llvm::BasicBlock::Create(context_, "", entry);
        b.CreateCondBr(b.CreateICmpSLT(key, b.getInt64(0)), then, after);
        b.SetInsertPoint(then);
        b.CreateCall(module_->getOrInsertFunction("fl_poll", b.getVoidTy(), b.getInt8PtrTy()), {eu});
        b.CreateBr(after);
        b.SetInsertPoint(after);
    }

    static llvm::AttributeList call_attributes(const llvm::Function& body) { return body.getAttributes(); }

    std::vector<llvm::Value*> load_arguments(llvm::IRBuilder<>& b, Candidate& c, llvm::Value* block,
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
                    local = b.CreateAdd(jit::group_field(b, group, offsetof(WorkGroupInfo, local_memory)),
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

    std::uint32_t private_size(const llvm::Function& entry) {
        std::uint64_t size = 0;
        for (const llvm::Instruction& i : llvm::instructions(entry)) {
            auto* variable = llvm::dyn_cast<llvm::AllocaInst>(&i);
            if (variable == nullptr) continue;
            auto bytes = variable->getAllocationSizeInBits(module_->getDataLayout());
            if (!bytes) {
                log_.unsupported("private array of variable size");
                continue;
            }
            size += bytes->getFixedSize() / 8;
        }
        constexpr std::uint64_t kMost = 48 << 10;
        if (size > kMost) log_.unsupported("more than 48 KiB of private memory (" + entry.getName().str() + ")");
        return static_cast<std::uint32_t>(size);
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
    static std::mutex one_at_a_time;
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
