#include "reference/gpu/module.h"

#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/ExecutionEngine/Orc/RTDyldObjectLinkingLayer.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>

#include "reference/gpu/code_memory.h"
#include "reference/gpu/compiler.h"
#include "reference/gpu/jit.h"
#include "reference/gpu/object_cache.h"

namespace faultline::gpu {

namespace orc = llvm::orc;

struct Module::Impl {
    std::unique_ptr<orc::LLJIT> jit;
    std::vector<Kernel> kernels;
    bool from_cache = false;
};

namespace {

Error internal(llvm::Error error) { return {ErrorKind::kInternal, "linking: " + llvm::toString(std::move(error))}; }

/// Compiled code sees the functions of jit::host_function() and nothing else of the process.
class HostFunctions final : public orc::DefinitionGenerator {
public:
    llvm::Error tryToGenerate(orc::LookupState&, orc::LookupKind, orc::JITDylib& library, orc::JITDylibLookupFlags,
                              const orc::SymbolLookupSet& symbols) override {
        orc::SymbolMap found;
        for (const auto& [symbol, flags] : symbols) {
            if (void* at = jit::host_function(*symbol)) {
                found[symbol] = {llvm::pointerToJITTargetAddress(at), llvm::JITSymbolFlags::Exported};
            }
        }
        return found.empty() ? llvm::Error::success() : library.define(orc::absoluteSymbols(std::move(found)));
    }
};

llvm::Error link(Module::Impl& module, const CompiledModule& compiled, svm::Interval* image) {
    static const bool kTargetReady = !llvm::InitializeNativeTarget() && !llvm::InitializeNativeTargetAsmPrinter();
    static_cast<void>(kTargetReady);
    CodeMemory* memory = nullptr;
    auto linking_layer = [&](orc::ExecutionSession& session, const llvm::Triple&) {
        return std::make_unique<orc::RTDyldObjectLinkingLayer>(session, [&] {
            auto m = std::make_unique<CodeMemory>();
            memory = m.get();
            return m;
        });
    };
    auto jit = orc::LLJITBuilder().setObjectLinkingLayerCreator(linking_layer).create();
    if (!jit) return jit.takeError();
    module.jit = std::move(*jit);
    // Failures are returned by lookup(), so nobody need print them.
    module.jit->getExecutionSession().setErrorReporter([](llvm::Error e) { llvm::consumeError(std::move(e)); });
    module.jit->getMainJITDylib().addGenerator(std::make_unique<HostFunctions>());
    auto object = llvm::MemoryBuffer::getMemBufferCopy(compiled.object, "kernels");
    if (auto error = module.jit->addObjectFile(std::move(object))) return error;
    for (std::size_t i = 0; i < compiled.kernels.size(); ++i) {
        Kernel kernel = compiled.kernels[i];
        auto symbol = module.jit->lookup(entry_symbol(kernel.name));
        if (!symbol) return symbol.takeError();
        if (compiled.has_barriers[i]) {
            kernel.item_entry = llvm::jitTargetAddressToFunction<KernelItemEntry>(symbol->getAddress());
        } else {
            kernel.entry = llvm::jitTargetAddressToFunction<KernelEntry>(symbol->getAddress());
        }
        module.kernels.push_back(std::move(kernel));
    }
    if (memory != nullptr) *image = memory->all();
    return llvm::Error::success();
}

}  // namespace

Module::Module(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Module::~Module() = default;

Expected<std::unique_ptr<Module>> Module::create(std::span<const std::uint8_t> spirv) {
    std::string key = cache_key(spirv);
    auto impl = std::make_unique<Impl>();
    svm::Interval image;
    std::optional<CompiledModule> compiled = load_cached(key);
    impl->from_cache = compiled.has_value();
    if (!compiled) {
        Expected<CompiledModule> fresh = compile(spirv);
        if (!fresh) return fresh.error();
        store_cached(key, *fresh);
        compiled = std::move(*fresh);
    }
    if (auto error = link(*impl, *compiled, &image)) return internal(std::move(error));
    for (Kernel& kernel : impl->kernels) {
        kernel.image_begin = image.start.value;
        kernel.image_end = image.end.value;
    }
    return std::unique_ptr<Module>(new Module(std::move(impl)));
}

const Kernel* Module::kernel(std::string_view name) const {
    for (const Kernel& k : impl_->kernels) {
        if (k.name == name) return &k;
    }
    return nullptr;
}

std::vector<std::string> Module::kernel_names() const {
    std::vector<std::string> names;
    for (const Kernel& k : impl_->kernels) names.push_back(k.name);
    return names;
}

bool Module::from_cache() const { return impl_->from_cache; }

}  // namespace faultline::gpu
