#include "reference/gpu/gpu.h"

#include <cstring>
#include <new>

#include "reference/gpu/acks.h"
#include "reference/gpu/clock.h"
#include "reference/gpu/copy_engine.h"
#include "reference/gpu/dispatch.h"
#include "reference/gpu/eu_threads.h"
#include "reference/gpu/modelled_copies.h"
#include "reference/gpu/signals.h"
#include "reference/svm/arena.h"

namespace faultline::gpu {
namespace {

// Fault workers and the Mm's threads, beside the copy engines: what pinned EUs must leave processors for.
constexpr unsigned kServiceThreads = 4;

Error unavailable(const std::string& what, int err) {
    return {ErrorKind::kUnavailable, what + ": " + std::strerror(-err)};
}

}  // namespace

struct Gpu::Impl {
    DeviceModel model;
    // What service threads touch is in the arena; this object itself need not be.
    CopyEngines* copies = svm::arena_new<CopyEngines>();
    TlbShootdown* shootdown = svm::arena_new<TlbShootdown>();
    ActiveDispatches* dispatches = svm::arena_new<ActiveDispatches>();
    svm::SystemClock* device_clock = svm::arena_new<svm::SystemClock>();
    EuAcks* acks = svm::arena_new<EuAcks>();
    ModelledCopies* modelled = nullptr;  ///< null: copies are as fast as the host
    svm::Device* device = nullptr;
    std::vector<Eu*> eus;
    std::unique_ptr<EuThreads> threads;

    ~Impl() {
        threads.reset();
        // The core acks its faulters and invalidates until it is gone.
        if (device != nullptr) svm::Device::destroy(device);
        for (Eu* eu : eus) svm::arena_delete(eu);
        svm::arena_delete(acks);
        svm::arena_delete(modelled);
        svm::arena_delete(dispatches);
        svm::arena_delete(shootdown);
        svm::arena_delete(copies);
        svm::arena_delete(device_clock);
    }
};

Gpu::Gpu(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Gpu::~Gpu() = default;

Expected<std::unique_ptr<Gpu>> Gpu::create(const DeviceModel& model, const svm::Policy& policy, svm::Mm& mm,
                                           unsigned index, const svm::Topology* topology) try {
    install_signal_handler();
    auto impl = std::make_unique<Impl>();
    impl->model = model;
    if (int err = impl->copies->start(model.copy_engines); err != 0) return unavailable("copy engines", err);
    svm::CopyEngine* engines = impl->copies;
    if (model.copy.is_modelled()) {
        impl->modelled =
            svm::arena_new<ModelledCopies>(*impl->copies, model.copy_engines, model.copy, *impl->device_clock);
        engines = impl->modelled;
    }
    svm::DeviceConfig config;
    config.mm = &mm;
    config.clock = impl->device_clock;
    config.tiles[0] = {engines, impl->shootdown, model.vram};
    config.index = index;
    config.topology = topology;
    config.acks = impl->acks;
    config.policy = policy;
    config.hardware_threads = model.eus * model.threads_per_eu;
    int err = 0;
    impl->device = svm::Device::create(config, &err);
    if (impl->device == nullptr) {
        return unavailable("device with " + std::to_string(model.vram.count >> 20) + " MiB of VRAM", err);
    }
    for (unsigned i = 0; i < model.eus; ++i) {
        impl->eus.push_back(
            svm::arena_new<Eu>(model.threads_per_eu, *impl->device, *impl->shootdown, *impl->dispatches));
        impl->shootdown->add(*impl->eus.back());
        impl->acks->add(*impl->eus.back());
    }
    impl->threads = std::make_unique<EuThreads>(impl->eus, mm, kServiceThreads + model.copy_engines);
    return std::unique_ptr<Gpu>(new Gpu(std::move(impl)));
} catch (const std::bad_alloc&) {
    return unavailable("memory for the device", -ENOMEM);
}

int Gpu::set_policy(const svm::Policy& policy) {
    // A dispatch ends when the last of its faults has been acked.
    return impl_->dispatches->empty() ? impl_->device->set_policy(policy) : -EBUSY;
}

const DeviceModel& Gpu::model() const { return impl_->model; }
svm::Device& Gpu::core() { return *impl_->device; }

DispatchResult Gpu::execute(const Dispatch& dispatch) {
    const auto failure = [](int err) {
        DispatchResult result;
        result.err = err;
        result.start_ticks = result.end_ticks = device_clock_ticks();
        return result;
    };
    if (dispatch.kernel == nullptr || dispatch.vm == nullptr) return failure(-EINVAL);
    if (dispatch.group_size.count() == 0 || dispatch.group_size.count() > kMaxGroupSize) return failure(-EINVAL);
    if (dispatch.groups.count() == 0) return failure(0);
    DispatchRecord* record = DispatchRecord::create(dispatch);
    if (record == nullptr) return failure(-ENOMEM);
    DispatchResult result = failure(-EINVAL);
    if (record->local_memory <= kMaxLocalMemory) {
        try {
            impl_->dispatches->add(record);
            // No more EUs than work-groups; those that are idle first to be found.
            std::uint64_t wanted = dispatch.groups.count();
            for (std::size_t i = 0; i < impl_->eus.size() && wanted > 0; ++i)
                wanted -= impl_->threads->start(i) ? 1 : 0;
            record->wait();
            impl_->dispatches->remove(record);
            result = record->result();
        } catch (const std::bad_alloc&) {
            result = failure(-ENOMEM);
        }
    }
    record->put();
    return result;
}

int Gpu::copy(void* dst, const void* src, Bytes size) { return impl_->copies->copy_user({dst, src, size}); }
int Gpu::fill(void* dst, const void* pattern, Bytes pattern_size, Bytes size) {
    if (pattern_size.count == 0) return -EINVAL;
    return impl_->copies->fill_user(dst, pattern, pattern_size, size);
}

std::uint64_t Gpu::clock_ticks() const { return device_clock_ticks(); }
double Gpu::tick_ns() const { return device_clock_tick_ns(); }

GpuCounters Gpu::counters() const {
    GpuCounters sum;
    for (const Eu* eu : impl_->eus) {
        sum.work_groups += eu->counters().work_groups;
        sum.faults += eu->counters().faults;
        sum.signals += eu->counters().signals;
        sum.tlb_fills += eu->fills();
        sum.tlb_flushes += eu->flushes();
    }
    sum.tlb_invalidations = impl_->shootdown->invalidations();
    return sum;
}

}  // namespace faultline::gpu
