#include "bench/p2p/lanes.h"

#include <fmt/format.h>

#include <optional>

#include "bench/harness/crew.h"
#include "bench/harness/toucher.h"
#include "device/ze_result.h"
#include "vocabulary/skip.h"

namespace faultline::bench {
namespace {

using device::Device;
using device::Session;

class Lanes final : public Scenario {
public:
    static Expected<std::unique_ptr<Scenario>> open(const Device& worker, const Device& peer, bool both, bool warm,
                                                    const OpenLane& open_lane) {
        std::unique_ptr<Lanes> lanes(new Lanes(warm));
        for (const Device* device : {&worker, &peer}) {
            FL_ASSIGN_OR_RETURN(auto session, Session::open(*device));
            lanes->sessions_.push_back(std::move(session));
        }
        for (std::size_t i = 0; i < (both ? 2 : 1); ++i) {
            FL_ASSIGN_OR_RETURN(auto lane, open_lane(*lanes->sessions_[i], *lanes->sessions_[1 - i]));
            lanes->lanes_.push_back(std::move(lane));
        }
        if (both) lanes->crew_.emplace(lanes->lanes_.size());
        return std::unique_ptr<Scenario>(std::move(lanes));
    }

    Expected<Sample> iterate() override {
        for (const auto& lane : lanes_) {
            FL_RETURN_IF_ERROR(lane->prepare());
        }
        std::vector<CounterWatch> watches;
        for (const auto& session : sessions_) {
            FL_ASSIGN_OR_RETURN(auto watch, CounterWatch::start(*session));
            watches.push_back(std::move(watch));
        }
        Sample sample;
        FL_RETURN_IF_ERROR(work(sample.seconds));
        for (const CounterWatch& watch : watches) {
            FL_ASSIGN_OR_RETURN(const auto moved, watch.moved());
            sample.moved.add(moved);
        }
        const std::uint64_t faults = sample.moved.value("svm_pagefault_count").value_or(0);
        if (warm_ && faults != 0)
            return Error{ErrorKind::kDevice, fmt::format("{} faults: the memory was not warm", faults)};
        for (const auto& lane : lanes_) {
            FL_ASSIGN_OR_RETURN(auto part, lane->finish());
            sample.bytes = sample.bytes + part.bytes;
            sample.latencies_ns.insert(sample.latencies_ns.end(), part.latencies_ns.begin(), part.latencies_ns.end());
        }
        const std::uint64_t copied_kb =
            sample.moved.value("svm_device_copy_kb").value_or(0) + sample.moved.value("svm_cpu_copy_kb").value_or(0);
        if (copied_kb != 0) {
            sample.figures.emplace_back("copies_per_byte",
                                        static_cast<double>(copied_kb << 10) / static_cast<double>(sample.bytes.count));
        }
        return sample;
    }

private:
    explicit Lanes(bool warm) : warm_(warm) {}

    Status work(double& seconds) {
        if (!crew_) {
            const Stopwatch watch;
            Status status = lanes_[0]->work();
            seconds = watch.seconds();
            return status;
        }
        FL_ASSIGN_OR_RETURN(const auto together, crew_->run([this](std::size_t i) { return lanes_[i]->work(); }));
        seconds = together;
        return {};
    }

    const bool warm_;
    // In this order: lanes must go before their sessions.
    std::vector<std::unique_ptr<Session>> sessions_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::optional<Crew> crew_;  // where there are several lanes
};

/// The chosen device and its peers, in the driver's order.
Expected<std::vector<Device>> peers_of(const Device& chosen) {
    FL_ASSIGN_OR_RETURN(auto all, device::list_devices());
    std::vector<Device> peers;
    for (Device& device : all) {
        if (device.kind == chosen.kind && device.driver == chosen.driver && device.can_fault_on_malloc())
            peers.push_back(std::move(device));
    }
    return peers;
}

}  // namespace

Status register_lanes(device::Registration& registration, const LanePlan& plan) {
    std::vector<Device> devices;
    if (registration.device() != nullptr) {
        FL_ASSIGN_OR_RETURN(devices, peers_of(*registration.device()));
    }
    const auto add = [&](const char* directions, unsigned worker, unsigned peer, OpenScenario open) {
        const bool to_worker = plan.flow == Flow::kToWorker;
        BenchmarkName name = plan.name;
        name.word(directions);
        if (!plan.size.empty()) name.parameter("size", plan.size);
        name.parameter("from", to_worker ? peer : worker).parameter("to", to_worker ? worker : peer);
        ScenarioPlan scenario{.name = std::move(name)};
        scenario.note = plan.note;
        scenario.iterations = plan.iterations;
        scenario.open = std::move(open);
        register_scenario(registration, std::move(scenario));
    };
    if (devices.size() < 2) {
        add("one", 0, 1, [](Session& session) -> Expected<std::unique_ptr<Scenario>> {
            return skip(fmt::format("there is one {} device, and this takes two", to_string(session.device().kind)));
        });
        return {};
    }
    for (const bool both : {false, true}) {
        for (const Device& worker : devices) {
            for (const Device& peer : devices) {
                if (worker.index == peer.index || (both && worker.index > peer.index)) continue;
                add(both ? "both" : "one", worker.index, peer.index,
                    [worker, peer, both, warm = plan.warm, open = plan.open](Session&) {
                        return Lanes::open(worker, peer, both, warm, open);
                    });
            }
        }
    }
    return {};
}

Status require_access(const Session& worker, const Session& peer) {
    ze_bool_t can = 0;
    FL_RETURN_IF_ERROR(device::check("zeDeviceCanAccessPeer",
                                     zeDeviceCanAccessPeer(worker.device().handle, peer.device().handle, &can)));
    if (can != 0) return {};
    return skip(fmt::format("device {} cannot reach memory of device {}", worker.device().index, peer.device().index));
}

}  // namespace faultline::bench
