// A Gpu over this process's memory, a VM that mirrors all of it, and kernels run by name.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "reference/gpu/gpu.h"

namespace faultline::gpu::test {

/// Packs arguments as Kernel::args says.
class ArgBlock {
public:
    explicit ArgBlock(const Kernel& kernel) : kernel_(kernel), bytes_(kernel.args_size) {}
    template <typename T>
    ArgBlock& add(const T& value) {
        EXPECT_LT(next_, kernel_.args.size());
        const KernelArg& arg = kernel_.args.at(next_++);
        EXPECT_EQ(sizeof(T), arg.size);
        std::memcpy(bytes_.data() + arg.offset, &value, sizeof(T));
        return *this;
    }
    const void* data() const {
        EXPECT_EQ(kernel_.args.size(), next_) << "not every argument was set";
        return bytes_.data();
    }

private:
    const Kernel& kernel_;
    std::size_t next_ = 0;
    std::vector<std::byte> bytes_;
};

/// Anonymous pages of their own, unmapped at the end: whole 2 MiB blocks, since atomics need VRAM and under xe-7.0 what
/// is smaller than 64 KiB does not migrate there.
template <typename T>
class Pages {
public:
    explicit Pages(std::size_t count) : count_(count) {
        constexpr std::size_t kGap = 4 << 20;  // keeps VMAs apart, and ranges of neighbours
        base_ = static_cast<std::byte*>(
            mmap(nullptr, bytes() + 2 * kGap, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
        length_ = bytes() + 2 * kGap;
        constexpr std::uint64_t kAlign = 2 << 20;
        auto at = (reinterpret_cast<std::uint64_t>(base_) + kGap + kAlign - 1) & ~(kAlign - 1);
        data_ = reinterpret_cast<T*>(at);
        EXPECT_EQ(0, mprotect(data_, bytes(), PROT_READ | PROT_WRITE));
    }
    ~Pages() { munmap(base_, length_); }
    Pages(const Pages&) = delete;
    Pages& operator=(const Pages&) = delete;

    T* data() const { return data_; }
    T& operator[](std::size_t i) const { return data_[i]; }
    std::size_t count() const { return count_; }
    std::size_t bytes() const { return (count_ * sizeof(T) + svm::kSize2M - 1) / svm::kSize2M * svm::kSize2M; }

private:
    std::size_t count_;
    std::byte* base_ = nullptr;
    std::size_t length_ = 0;
    T* data_ = nullptr;
};

class GpuTest : public ::testing::Test {
protected:
    void start(const std::string& policy = "xe-7.0", unsigned eus = 3, unsigned threads_per_eu = 4) {
        int err = 0;
        mm = svm::Mm::create({}, &err);
        if (mm == nullptr && err == -EPERM) mm = svm::Mm::create({.user_mode_only = true}, &err);
        ASSERT_NE(nullptr, mm) << "userfaultfd: error " << err;
        DeviceModel model;
        model.vram = Bytes{128ull << 20};
        model.eus = eus;
        model.threads_per_eu = threads_per_eu;
        auto created = Gpu::create(model, *svm::parse_policy(policy), *mm);
        ASSERT_TRUE(created.ok()) << created.error().message;
        gpu = std::move(*created);
        vm = new_vm();
    }

    svm::Vm* new_vm() {
        int err = 0;
        svm::Vm* fresh = svm::Vm::create(gpu->core(), &err);
        EXPECT_NE(nullptr, fresh);
        EXPECT_EQ(0, fresh->bind_cpu_addr_mirror({{svm::kSize64K}, {1ull << 47}}));
        return fresh;
    }

    void load(std::span<const std::uint8_t> spirv) {
        auto created = Module::create(spirv);
        ASSERT_TRUE(created.ok()) << created.error().message;
        module = std::move(*created);
    }

    template <typename... Args>
    DispatchResult run_on(svm::Vm* where, const char* name, Dim3 groups, Dim3 size, const Args&... args) {
        const Kernel* kernel = module->kernel(name);
        if (kernel == nullptr) {
            ADD_FAILURE() << "no kernel " << name;
            return {};
        }
        ArgBlock block(*kernel);
        (block.add(args), ...);
        return gpu->execute({kernel, block.data(), groups, size, where});
    }
    template <typename... Args>
    DispatchResult run(const char* name, Dim3 groups, Dim3 size, const Args&... args) {
        return run_on(vm, name, groups, size, args...);
    }

    void TearDown() override {
        module.reset();
        if (vm != nullptr) {
            vm->close();
            vm->put();
        }
        gpu.reset();
        mm.reset();
    }

    svm::ArenaPtr<svm::Mm> mm;
    std::unique_ptr<Gpu> gpu;
    svm::Vm* vm = nullptr;
    std::unique_ptr<Module> module;
};

}  // namespace faultline::gpu::test
