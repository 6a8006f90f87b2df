#include "reference/gpu/gpu.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "reference/gpu/acks.h"
#include "reference/gpu/clock.h"
#include "reference/gpu/copy_engine.h"
#include "reference/gpu/dispatch.h"
#include "reference/gpu/eu_threads.h"
#include "reference/gpu/modelled_copies.h"
#include "reference/gpu/signals.h"
#include "reference/svm/core/arena.h"

namespace faultline::gpu {
namespace {

// Fault workers and the Mm's threads, beside the copy engines: what pinned EUs must leave processors for.
constexpr unsigned kServiceThreads = 4;

Error unavailable(const std::string& what, int err) {
    return {ErrorKind::kUnavailable, what + ": " + std::strerror(-err)};
}

}  // namespace

struct Gpu::Impl {
    /// A tile's engines and TLBs.
    struct Tile {
        svm::ArenaPtr<CopyEngines> copies;
        svm::ArenaPtr<TlbShootdown> shootdown;
        svm::ArenaPtr<ActiveDispatches> dispatches;  ///< with work for its EUs
        svm::ArenaPtr<ModelledCopies> modelled;      ///< null: copies are as fast as the host
    };

    DeviceModel model;
    unsigned index = 0;
    Links* links = nullptr;
    // What service threads touch is in the arena; this object itself need not be.
    const svm::ArenaPtr<svm::SystemClock> host_clock{svm::arena_new<svm::SystemClock>()};
    svm::Clock* device_clock = host_clock.get();
    std::vector<Tile> tiles;
    const svm::ArenaPtr<EuAcks> acks{svm::arena_new<EuAcks>()};
    std::vector<Eu*> eus;
    svm::ArenaPtr<svm::Device> device;
    std::unique_ptr<EuThreads> threads;

    ~Impl() {
        threads.reset();
        if (links != nullptr) links->remove_memory(index);
        // The core acks its faulters and invalidates until it is gone.
        device.reset();
        for (Eu* eu : eus) svm::arena_delete(eu);
    }

    /// 0, or what starting a thread said.
    int add_tile() {
        Tile& tile = tiles.emplace_back();
        tile.copies.reset(svm::arena_new<CopyEngines>());
        tile.dispatches.reset(svm::arena_new<ActiveDispatches>());
        tile.shootdown.reset(svm::arena_new<TlbShootdown>(model.tlb_invalidation, *device_clock));
        if (model.copy.is_modelled() || (links != nullptr && model.has_modelled_links()))
            tile.modelled.reset(
                svm::arena_new<ModelledCopies>(*tile.copies, model.copy_engines, model.copy, links, *device_clock));
        return tile.copies->start(model.copy_engines);
    }
    svm::CopyEngine* engine(const Tile& tile) const {
        return tile.modelled != nullptr ? static_cast<svm::CopyEngine*>(tile.modelled.get()) : tile.copies.get();
    }
    void add_eu(unsigned tile) {
        Eu* eu = svm::arena_new<Eu>(EuConfig{.threads = model.threads_per_eu,
                                             .tile = tile,
                                             .device = *device,
                                             .shootdown = *tiles[tile].shootdown,
                                             .dispatches = *tiles[tile].dispatches,
                                             .links = model.has_modelled_links() ? links : nullptr,
                                             .fault_report = model.fault_report,
                                             .ack = model.ack});
        eus.push_back(eu);
        tiles[tile].shootdown->add(*eu);
        acks->add(*eu);
    }
    /// The tile of an EU, which take turns by tile.
    svm::TileMask tile_of(std::size_t eu) const { return static_cast<svm::TileMask>(1u << eu % tiles.size()); }
    /// Lets EUs of those tiles have the dispatch's work-groups; the tiles where there was memory to note it.
    svm::TileMask offer(DispatchRecord* record, svm::TileMask wanted) {
        svm::TileMask offered = 0;
        for (std::size_t tile = 0; tile < tiles.size(); ++tile) {
            if ((wanted & tile_of(tile)) == 0) continue;
            try {
                tiles[tile].dispatches->add(record);
                offered |= tile_of(tile);
            } catch (const std::bad_alloc&) {
                continue;  // the others run it
            }
        }
        return offered;
    }
    void withdraw(DispatchRecord* record, svm::TileMask offered) {
        for (std::size_t tile = 0; tile < tiles.size(); ++tile)
            if ((offered & tile_of(tile)) != 0) tiles[tile].dispatches->remove(record);
    }
    /// A program's copy by `move`: done when the model says so.
    template <typename Move>
    int take_time(const Tile& tile, const svm::CopyJob& job, Move move) {
        ModelledCopies* modelled = tile.modelled.get();
        if (modelled == nullptr) return move();
        const Nanoseconds done = modelled->reserve({&job, 1});
        const int err = move();
        device_clock->wait_until(done);
        return err;
    }
};

Gpu::Gpu(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Gpu::~Gpu() = default;

Expected<std::unique_ptr<Gpu>> Gpu::create(const DeviceModel& model, const svm::Policy& policy, svm::Mm& mm,
                                           unsigned index, Links* links, svm::Clock* clock) try {
    install_signal_handler();
    auto impl = std::make_unique<Impl>();
    impl->model = model;
    impl->index = index;
    impl->links = links;
    if (clock != nullptr) impl->device_clock = clock;
    svm::DeviceConfig config;
    for (unsigned i = 0; i < model.tiles; ++i) {
        if (int err = impl->add_tile(); err != 0) return unavailable("copy engines", err);
        const Impl::Tile& tile = impl->tiles.back();
        config.tiles[i] = {impl->engine(tile), tile.shootdown.get(), model.vram};
    }
    config.mm = &mm;
    config.clock = impl->device_clock;
    config.tile_count = model.tiles;
    config.index = index;
    config.topology = links;
    config.acks = impl->acks.get();
    config.policy = policy;
    config.atomics_on_smem = true;  // an EU's atomics are the host's
    config.hardware_threads = model.tiles * model.eus * model.threads_per_eu;
    int err = 0;
    impl->device = svm::Device::create(config, &err);
    if (impl->device == nullptr) {
        return unavailable("device with " + std::to_string(model.tiles * (model.vram.count >> 20)) + " MiB of VRAM",
                           err);
    }
    if (links != nullptr)
        for (unsigned i = 0; i < model.tiles; ++i) links->add_memory(index, i, impl->device->tile(i).vram());
    // By turns, so that few work-groups spread over the tiles as many do.
    for (unsigned i = 0; i < model.eus; ++i)
        for (unsigned tile = 0; tile < model.tiles; ++tile) impl->add_eu(tile);
    impl->threads = std::make_unique<EuThreads>(impl->eus, mm, kServiceThreads + model.tiles * model.copy_engines);
    return std::unique_ptr<Gpu>(new Gpu(std::move(impl)));
} catch (const std::bad_alloc&) {
    return unavailable("memory for the device", -ENOMEM);
}

int Gpu::set_policy(const svm::Policy& policy) {
    // A dispatch ends when the last of its faults has been acked.
    const auto idle = [](const Impl::Tile& tile) { return tile.dispatches->empty(); };
    return std::ranges::all_of(impl_->tiles, idle) ? impl_->device->set_policy(policy) : -EBUSY;
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
    if ((dispatch.tiles & ((1u << impl_->tiles.size()) - 1)) == 0) return failure(-EINVAL);
    if (dispatch.groups.count() == 0) return failure(0);
    DispatchRecord* record = DispatchRecord::create(dispatch);
    if (record == nullptr) return failure(-ENOMEM);
    DispatchResult result = failure(-EINVAL);
    if (record->local_memory <= kMaxLocalMemory) {
        try {
            // Listed before EUs are started: one that is about to end looks at the list once more (Eu::run).
            const svm::TileMask tiles = impl_->offer(record, dispatch.tiles);
            if (tiles == 0) throw std::bad_alloc();
            // No more EUs than work-groups; those that are idle first to be found.
            std::uint64_t wanted = dispatch.groups.count();
            for (std::size_t i = 0; i < impl_->eus.size() && wanted > 0; ++i)
                if ((tiles & impl_->tile_of(i)) != 0) wanted -= impl_->threads->start(i) ? 1 : 0;
            record->wait();
            impl_->withdraw(record, tiles);
            result = record->result();
        } catch (const std::bad_alloc&) {
            result = failure(-ENOMEM);
        }
    }
    record->put();
    return result;
}

int Gpu::copy(void* dst, const void* src, Bytes size, unsigned tile) {
    const svm::CopyJob job{dst, src, size};
    const Impl::Tile& on = impl_->tiles[tile];
    return impl_->take_time(on, job, [&] { return on.copies->copy_user(job); });
}

int Gpu::fill(void* dst, const void* pattern, Bytes pattern_size, Bytes size, unsigned tile) {
    if (pattern_size.count == 0) return -EINVAL;
    const Impl::Tile& on = impl_->tiles[tile];
    return impl_->take_time(on, {dst, nullptr, size},
                            [&] { return on.copies->fill_user(dst, pattern, pattern_size, size); });
}

int Gpu::access(void* dst, const void* src, Bytes size) {
    return impl_->tiles.front().copies->copy_user({dst, src, size});
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
    for (const Impl::Tile& tile : impl_->tiles) sum.tlb_invalidations += tile.shootdown->invalidations();
    return sum;
}

}  // namespace faultline::gpu
