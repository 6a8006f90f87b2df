// A Level Zero module and its build log.
//
// Thread safety: immutable after creation. Ownership: the compiled module is shared with kernels and with commands that
// launch them, so that destroying the handle early does not pull code from under the EUs.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reference/driver/context.h"
#include "reference/gpu/module.h"

namespace faultline::driver {

class Module : public ArenaObject {
public:
    Module(std::shared_ptr<Context> context, std::shared_ptr<const gpu::Module> code)
        : context_(std::move(context)), code_(std::move(code)), kernel_names_(code_->kernel_names()) {}

    const std::shared_ptr<const gpu::Module>& code() const { return code_; }
    /// Stable storage: zeModuleGetKernelNames hands out pointers into it.
    const std::vector<std::string>& kernel_names() const { return kernel_names_; }

private:
    std::shared_ptr<Context> context_;
    std::shared_ptr<const gpu::Module> code_;
    std::vector<std::string> kernel_names_;
};

/// Empty when the build succeeded.
class BuildLog : public ArenaObject {
public:
    explicit BuildLog(std::string text) : text_(std::move(text)) {}
    const std::string& text() const { return text_; }

private:
    std::string text_;
};

}  // namespace faultline::driver
