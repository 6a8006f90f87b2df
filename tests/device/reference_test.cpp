// The device layer on the reference, under the real loader: everything a benchmark builds on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "device/buffer.h"
#include "device/cold_buffer.h"
#include "device/selection.h"
#include "device/session.h"
#include "kernels/device_clock.h"
#include "kernels/touch.h"

namespace faultline::device {
namespace {

using testing::Each;
using testing::HasSubstr;

template <typename T>
T value(Expected<T> expected) {
    if (!expected) {
        ADD_FAILURE() << expected.error().message;
        std::abort();
    }
    return *std::move(expected);
}

class ReferenceDevice : public testing::Test {
protected:
    void SetUp() override {
        Expected<Device> device = select_device();
        ASSERT_TRUE(device.ok()) << device.error().message;
        ASSERT_EQ(device->kind, DeviceKind::kReference);
        Expected<std::unique_ptr<Session>> session = Session::open(*device);
        ASSERT_TRUE(session.ok()) << session.error().message;
        session_ = *std::move(session);
    }

    /// Launches, waits, and returns the first failure.
    Status run(const Kernel& kernel, std::uint32_t groups) {
        if (Status s = session_->queue().launch(kernel, groups, &session_->event()); !s) return s;
        if (Status s = session_->event().wait(); !s) return s;
        return session_->event().reset();
    }

    std::unique_ptr<Session> session_;
};

TEST_F(ReferenceDevice, SaysWhatItIs) {
    const Device& device = session_->device();
    EXPECT_TRUE(device.can_fault_on_malloc());
    EXPECT_GT(device.hardware_threads(), 0u);
    EXPECT_GT(device.vram.count, 0u);
    EXPECT_EQ(device.uuid.size(), 32u);
    EXPECT_EQ(session_->label(), "reference policy=" + session_->policy() + " model=" + session_->model());
    EXPECT_THAT(session_->policy(), HasSubstr("xe-7.0"));
    EXPECT_THAT(session_->monitor(), HasSubstr("uffd"));
}

TEST_F(ReferenceDevice, ClockOfAKernelAgreesWithTheHosts) {
    const Module module = value(Module::create(session_->context(), kernel_device_clock()));
    Kernel kernel = value(module.kernel("clock_spin"));
    const auto spent = value(HostBuffer<std::uint64_t>::create(session_->context(), 1));
    constexpr double kSpinNs = 20e6;
    const auto cycles = static_cast<std::uint64_t>(kSpinNs / session_->clock().ns_per_cycle());
    ASSERT_TRUE(kernel.set_arguments(cycles, spent.data()).ok());
    const auto start = std::chrono::steady_clock::now();
    ASSERT_TRUE(run(kernel, 1).ok());
    const double host_ns = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
    // The host waits longer than the kernel spins, never shorter.
    EXPECT_GT(spent[0], 0u);
    EXPECT_GE(host_ns, 0.98 * static_cast<double>(session_->clock().to_ns(spent[0])));
}

TEST_F(ReferenceDevice, CopiesBothWays) {
    const std::size_t count = 5000;
    const auto up = value(HostBuffer<std::uint32_t>::create(session_->context(), count));
    const auto down = value(HostBuffer<std::uint32_t>::create(session_->context(), count));
    const auto there = value(DeviceBuffer<std::uint32_t>::create(session_->context(), count));
    for (std::size_t i = 0; i < count; ++i) up[i] = static_cast<std::uint32_t>(i * 7);
    std::fill_n(down.data(), count, 0u);
    const Bytes size{count * sizeof(std::uint32_t)};
    ASSERT_TRUE(session_->queue().copy(there.data(), up.data(), size).ok());
    ASSERT_TRUE(session_->queue().barrier().ok());
    ASSERT_TRUE(session_->queue().copy(down.data(), there.data(), size, &session_->event()).ok());
    ASSERT_TRUE(session_->event().wait().ok());
    EXPECT_TRUE(std::equal(up.span().begin(), up.span().end(), down.span().begin()));
}

TEST_F(ReferenceDevice, MemoryMovesToTheDeviceWhenItFaultsAndBackWhenTheCpuTouchesIt) {
    const ColdBuffer buffer = value(ColdBuffer::create(Bytes{4u << 20}, Touch::kCpuTouched, HugePages::kHuge));
    const std::size_t pages = buffer.size().count / 4096;
    const Extension& extension = *session_->device().extension;
    EXPECT_THAT(value(extension.residency(buffer.data(), pages)), Each(FAULTLINE_RESIDENCY_SYSTEM));

    const Module module = value(Module::create(session_->context(), kernel_touch()));
    Kernel kernel = value(module.kernel("touch_read"));
    const auto cycles = value(DeviceBuffer<std::uint64_t>::create(session_->context(), 2));
    const auto seen = value(DeviceBuffer<std::uint32_t>::create(session_->context(), 2));
    const auto seen_copy = value(HostBuffer<std::uint32_t>::create(session_->context(), 2));
    const GtCounters before = value(session_->gt_counters());
    ASSERT_TRUE(kernel
                    .set_arguments(buffer.data(), std::uint64_t{2u << 20}, std::uint32_t{2}, std::uint32_t{0},
                                   std::uint32_t{0}, std::uint64_t{0}, cycles.data(), seen.data())
                    .ok());
    ASSERT_TRUE(run(kernel, 2).ok());
    const GtCounters moved = value(value(session_->gt_counters()).since(before));
    EXPECT_EQ(moved.value("svm_pagefault_count"), 2u);
    EXPECT_EQ(moved.value("svm_2M_migrate_count"), 2u);
    EXPECT_EQ(moved.value("svm_device_copy_kb"), 4096u);
    ASSERT_TRUE(session_->queue().copy(seen_copy.data(), seen.data(), Bytes{8}, &session_->event()).ok());
    ASSERT_TRUE(session_->event().wait().ok());
    EXPECT_EQ(seen_copy[0], buffer.expected(0));
    EXPECT_EQ(seen_copy[1], buffer.expected(2u << 20));
    EXPECT_THAT(value(extension.residency(buffer.data(), pages)), Each(0));

    for (std::size_t at = 0; at < buffer.size().count; at += 4) ASSERT_EQ(buffer.word(at), buffer.expected(at)) << at;
    EXPECT_THAT(value(extension.residency(buffer.data(), pages)), Each(FAULTLINE_RESIDENCY_SYSTEM));
}

TEST_F(ReferenceDevice, AccessToNothingIsAnErrorThatNamesTheAddress) {
    std::byte* nowhere = nullptr;
    {
        const ColdBuffer buffer = value(ColdBuffer::create(Bytes{2u << 20}, Touch::kUntouched, HugePages::kSmall));
        nowhere = buffer.data();
    }
    const Module module = value(Module::create(session_->context(), kernel_touch()));
    Kernel kernel = value(module.kernel("touch_write"));
    const auto cycles = value(HostBuffer<std::uint64_t>::create(session_->context(), 1));
    const auto seen = value(HostBuffer<std::uint32_t>::create(session_->context(), 1));
    ASSERT_TRUE(kernel
                    .set_arguments(nowhere, std::uint64_t{0}, std::uint32_t{1}, std::uint32_t{0}, std::uint32_t{0},
                                   std::uint64_t{0}, cycles.data(), seen.data())
                    .ok());
    const Status status = run(kernel, 1);
    ASSERT_FALSE(status.ok());
    const std::string message = session_->explain(status.error()).message;
    EXPECT_THAT(message, HasSubstr("ZE_RESULT_ERROR_DEVICE_LOST"));
    char address[32];
    std::snprintf(address, sizeof(address), "%llx",
                  static_cast<unsigned long long>(reinterpret_cast<std::uintptr_t>(nowhere)));
    EXPECT_THAT(message, HasSubstr(address));
}

TEST_F(ReferenceDevice, BadModulesAndKernelsAreErrors) {
    const std::vector<std::uint8_t> rubbish(64, 0x5a);
    const Expected<Module> module = Module::create(session_->context(), rubbish);
    ASSERT_FALSE(module.ok());
    EXPECT_THAT(module.error().message, HasSubstr("zeModuleCreate"));
    EXPECT_EQ(std::count(module.error().message.begin(), module.error().message.end(), '\n'), 0);

    const Module good = value(Module::create(session_->context(), kernel_touch()));
    const Expected<Kernel> none = good.kernel("no_such_kernel");
    ASSERT_FALSE(none.ok());
    EXPECT_THAT(none.error().message, HasSubstr("no_such_kernel"));
}

}  // namespace
}  // namespace faultline::device
