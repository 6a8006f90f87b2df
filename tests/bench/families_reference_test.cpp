// The families beside the first faults, on the reference: bytes counted are bytes moved, faults and invalidations are
// those that the ranges make, and a benchmark whose assumption does not hold fails instead of reporting.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/bench/bench_run.h"

namespace faultline {
namespace {

using testing::HasSubstr;
using testing_support::ChildEnvironment;
using testing_support::ChildResult;
using testing_support::json;
using testing_support::only;
using testing_support::reference;
using testing_support::run_bench;
using testing_support::run_child;

constexpr double kMiB = 1 << 20;

ChildEnvironment two_devices(const std::string& policy = "xe-7.0") {
    ChildEnvironment environment = reference(policy);
    environment["FAULTLINE_MODEL"] = "native-2";
    return environment;
}

double counter(const json& run, const char* name) { return run.value(name, 0.0); }

/// Bytes of one iteration, by the rate and the time that are reported.
double bytes(const json& run) { return counter(run, "bytes_per_second") * counter(run, "real_time") * 1e-9; }

void expect_latencies(const json& run, double samples_an_iteration) {
    EXPECT_EQ(counter(run, "latency_samples"), samples_an_iteration * counter(run, "iterations")) << run["name"];
    EXPECT_GT(counter(run, "latency_min_ns"), 0) << run["name"];
    EXPECT_LE(counter(run, "latency_p50_ns"), counter(run, "latency_p99_ns")) << run["name"];
    EXPECT_LE(counter(run, "latency_p99_ns"), counter(run, "latency_max_ns")) << run["name"];
}

/// Why the only benchmark that matches failed; empty when it did not.
std::string failure(const std::string& filter, const ChildEnvironment& environment) {
    const ChildResult result = run_child(
        std::string(FAULTLINE_BENCH) + " --benchmark_filter='" + filter + "' --benchmark_format=json", environment);
    const json output = json::parse(result.out, nullptr, false);
    if (output.is_discarded()) return "no JSON";
    EXPECT_EQ(output["benchmarks"].size(), 1u) << filter;
    return only(output).value("error_message", "");
}

TEST(Migration, ToTheDeviceCopiesAllOfItOnce) {
    for (const char* how : {"fault", "prefetch"}) {
        for (const auto& [size, mib, ranges] :
             {std::tuple("64K", 16.0, 256.0), {"2M", 32.0, 16.0}, {"64M", 64.0, 32.0}}) {
            const json run =
                only(run_bench(std::string("^migration/to_device/") + how + "/size:" + size + "/", reference()));
            EXPECT_NEAR(bytes(run), mib * kMiB, 1e3) << run["name"];
            EXPECT_EQ(counter(run, "gt.svm_device_copy_kb"), mib * 1024) << run["name"];
            EXPECT_EQ(counter(run, "on_device"), 1) << run["name"];
            const bool fault = std::string_view(how) == "fault";
            EXPECT_EQ(counter(run, "faults"), fault ? ranges : 0) << run["name"];
            expect_latencies(run, !fault && size == std::string("64M") ? 1 : ranges);
        }
    }
}

TEST(Migration, WhatStaysInSystemMemoryIsNotCountedAsMoved) {
    const json run = only(run_bench("^migration/to_device/fault/size:4K/", reference()));
    EXPECT_EQ(counter(run, "on_device"), 0);
    EXPECT_EQ(counter(run, "bytes_per_second"), 0);
    EXPECT_EQ(counter(run, "faults"), 256);
}

TEST(Migration, ToTheHostCopiesAllOfItBack) {
    const json output = run_bench("^migration/to_host/(read|write)(/warm)?/size:(64K|16M)/", reference());
    ASSERT_EQ(output["benchmarks"].size(), 8u);
    for (const json& run : output["benchmarks"]) {
        EXPECT_EQ(counter(run, "to_host_share"), 1) << run["name"];
        EXPECT_EQ(counter(run, "gt.svm_cpu_copy_kb"), 16 * 1024) << run["name"];
        EXPECT_NEAR(bytes(run), 16 * kMiB, 1e3) << run["name"];
    }
}

TEST(Migration, APageThatIsAMappingComesToTheHostAlone) {
    const json output = run_bench("^migration/to_host/(read|write)(/warm)?/size:4K/", reference());
    ASSERT_EQ(output["benchmarks"].size(), 4u);
    for (const json& run : output["benchmarks"]) {
        EXPECT_EQ(counter(run, "gt.svm_cpu_copy_kb"), 256 * 4) << run["name"];
        EXPECT_EQ(counter(run, "to_host_share"), 1) << run["name"];
        EXPECT_NEAR(bytes(run), 1 * kMiB, 1e3) << run["name"];
        expect_latencies(run, 256);
    }
}

TEST(Migration, WarmMemoryIsMovedAgain) {
    for (const auto& [size, mib, ranges] : {std::tuple("64K", 16.0, 256.0), {"16M", 16.0, 8.0}}) {
        const json output =
            run_bench(std::string("^migration/to_device/(fault|prefetch)/warm/size:") + size + "/", reference());
        ASSERT_EQ(output["benchmarks"].size(), 2u);
        for (const json& run : output["benchmarks"]) {
            const bool fault = run["name"].get<std::string>().find("/fault/") != std::string::npos;
            EXPECT_EQ(counter(run, "gt.svm_device_copy_kb"), mib * 1024) << run["name"];
            EXPECT_EQ(counter(run, "gt.svm_cpu_copy_kb"), 0) << run["name"];
            EXPECT_EQ(counter(run, "on_device"), 1) << run["name"];
            EXPECT_EQ(counter(run, "faults"), fault ? ranges : 0) << run["name"];
        }
    }
}

TEST(Migration, WarmPagesNeedADriverThatMovesThem) {
    const std::string warm = "^migration/to_device/fault/warm/size:4K/";
    EXPECT_EQ(failure(warm, reference()),
              "skipped: the driver leaves mappings of 4K in system memory: there is nothing to move again");
    const json run = only(run_bench(warm, reference("xe-7.0,migrate-min=4K")));
    EXPECT_EQ(counter(run, "faults"), 256);
    EXPECT_EQ(counter(run, "gt.svm_device_copy_kb"), 256 * 4);
}

TEST(Migration, EachRoundOfPingPongIsACopyEachWay) {
    const json output = run_bench("^migration/ping_pong/", reference("xe-7.0,timeslice=0"));
    ASSERT_EQ(output["benchmarks"].size(), 4u);
    for (const json& run : output["benchmarks"]) {
        EXPECT_EQ(counter(run, "faults"), 16) << run["name"];
        EXPECT_EQ(counter(run, "gt.svm_cpu_copy_kb"), counter(run, "gt.svm_device_copy_kb")) << run["name"];
        expect_latencies(run, 16);
    }
}

TEST(Migration, EveryAccessEvictsWhereVramIsFull) {
    const json run = only(run_bench("^migration/eviction/oversubscription:1.5x/", reference()));
    EXPECT_EQ(counter(run, "faults"), 48);
    EXPECT_EQ(counter(run, "evicted_bytes"), 96 * kMiB);
    EXPECT_NEAR(bytes(run), 96 * kMiB, 1e4);
}

TEST(Migration, PrefetchAdviceAndContentionDoWhatTheySay) {
    const json output = run_bench("^migration/(prefetch|preferred_location|atomic_contention)/", reference());
    EXPECT_GE(output["benchmarks"].size(), 3u + 4u + 2u);
    for (const json& run : output["benchmarks"]) {
        const std::string name = run["name"];
        EXPECT_GT(counter(run, "latency_samples"), 0) << name;
        if (name.find("/prefetch/") != std::string::npos) {
            EXPECT_EQ(counter(run, "faults"), 0) << name;
            EXPECT_EQ(counter(run, "gt.svm_device_copy_kb"), 64 * 1024) << name;
        } else {
            EXPECT_GT(counter(run, "faults"), 0) << name;
        }
        if (name.find("/preferred_location/size:2M") != std::string::npos) {
            EXPECT_EQ(counter(run, "gt.svm_cpu_copy_kb"), 4 * 2048) << name;
            EXPECT_EQ(counter(run, "gt.svm_device_copy_kb"), 4 * 2048) << name;
        }
    }
}

TEST(Migration, FailsWherePagesAreNotWhereItNeedsThem) {
    EXPECT_THAT(failure("^migration/to_host/read/size:2M/", reference("xe-7.0,migrate=off")),
                HasSubstr("wrong placement: 0 of 8192 pages are in device memory"));
    EXPECT_THAT(failure("^migration/ping_pong/write/size:64K/", reference("xe-7.0,migrate-min=2M")),
                HasSubstr("wrong placement"));
}

TEST(Invalidation, EachRangeIsInvalidatedOnce) {
    const json output =
        run_bench("^invalidation/(munmap|partial_unmap|madvise|mremap)/.*/ranges:(1|4)/running:[01]/", reference());
    ASSERT_EQ(output["benchmarks"].size(), 4u * 2 * 2 * 2);
    for (const json& run : output["benchmarks"]) {
        const bool one = run["name"].get<std::string>().find("/ranges:1/") != std::string::npos;
        EXPECT_EQ(counter(run, "gt.svm_tlb_inval_count"), one ? 1 : 4) << run["name"];
        EXPECT_EQ(counter(run, "faults"), 0) << run["name"];
        expect_latencies(run, 1);
    }
}

TEST(Invalidation, TouchingBringsBackAndProtectingDoesNot) {
    const json touch = only(run_bench("^invalidation/first_touch/device/ranges:4/running:0/", reference()));
    EXPECT_EQ(counter(touch, "gt.svm_tlb_inval_count"), 4);
    EXPECT_EQ(counter(touch, "gt.svm_cpu_copy_kb"), 4 * 2048);
    expect_latencies(touch, 4);
    const json output = run_bench(
        "^invalidation/(mprotect/device|mprotect/system|first_touch/system)/ranges:4/running:1/", reference());
    ASSERT_EQ(output["benchmarks"].size(), 3u);
    for (const json& run : output["benchmarks"]) EXPECT_EQ(counter(run, "gt.svm_cpu_copy_kb"), 0) << run["name"];
}

TEST(Invalidation, RunsWithEveryEuBusy) {
    ChildEnvironment environment = reference();
    environment["FAULTLINE_EUS"] = "3";
    const json output = run_bench("^invalidation/(munmap|mprotect|mremap)/device/ranges:4/running:3/", environment);
    EXPECT_EQ(output["benchmarks"].size(), 3u);
}

TEST(Baseline, IsWarmAndVerified) {
    const json output = run_bench("^baseline/(launch|warm_access|stream|copy|loader)/", reference());
    EXPECT_EQ(output["benchmarks"].size(), 2u + 5u + 10u + 9u + 2u);
    for (const json& run : output["benchmarks"]) {
        const std::string name = run["name"];
        EXPECT_EQ(counter(run, "faults"), 0) << name;
        if (name.find("/stream/") != std::string::npos) {
            EXPECT_NEAR(bytes(run), 16 * kMiB, 1e4) << name;
        }
        if (name.find("/copy/") != std::string::npos && name.find("size:2M") != std::string::npos) {
            EXPECT_NEAR(bytes(run), 16 * 2 * kMiB, 1e4) << name;
        }
        if (name.find("/loader/") != std::string::npos) {
            EXPECT_NEAR(counter(run, "ns_per_call") * 1e4, counter(run, "real_time"), 1) << name;
        }
        if (name.find("/warm_access/") != std::string::npos) expect_latencies(run, 4096);
    }
}

TEST(Stages, OfAFaultAddUpToWhatTheCountersSay) {
    const json run = only(run_bench("^migration/to_device/fault/size:2M/", reference()));
    const double faults = counter(run, "faults");
    EXPECT_EQ(counter(run, "stage.migrate_us"), counter(run, "gt.svm_2M_migrate_us") / faults);
    EXPECT_GT(counter(run, "stage.copy_us"), 0);
    EXPECT_GT(counter(run, "stage.bind_us"), 0);
    EXPECT_GT(counter(run, "stage.migrate_us"), counter(run, "stage.copy_us"));
    // What took no time is 0 where the driver counts it.
    EXPECT_TRUE(run.contains("stage.tlb_inval_us"));
    EXPECT_EQ(counter(run, "stage.tlb_inval_us"), 0);
}

TEST(Stages, OfARangeWhereNoFaultMovesIt) {
    const json output =
        run_bench("^migration/(to_device/prefetch/size:2M|prefetch/threads:1|to_host/read/size:(4K|2M))/", reference());
    ASSERT_EQ(output["benchmarks"].size(), 4u);
    for (const json& run : output["benchmarks"]) {
        const std::string name = run["name"];
        const bool to_host = name.find("/to_host/") != std::string::npos;
        const double ranges = name.find("4K") != std::string::npos        ? 256
                              : name.find("threads") != std::string::npos ? 32
                                                                          : 16;
        EXPECT_EQ(counter(run, "ranges"), ranges) << name;
        const char* const copy = to_host ? "gt.svm_cpu_copy_us" : "gt.svm_device_copy_us";
        EXPECT_DOUBLE_EQ(counter(run, "stage.copy_us"), counter(run, copy) / ranges) << name;
        EXPECT_GT(counter(run, "stage.copy_us"), 0) << name;
        EXPECT_EQ(run.contains("stage.migrate_us"), !to_host) << name;
        if (to_host) {
            EXPECT_GT(counter(run, "stage.tlb_inval_us"), 0) << name;
        }
        // Drivers count these of faults alone: it is not said that they took no time.
        for (const char* stage : {"stage.queue_wait_us", "stage.pagefault_us", "stage.get_pages_us", "stage.bind_us"})
            EXPECT_FALSE(run.contains(stage)) << name << " " << stage;
    }
    const json stays = only(run_bench("^migration/to_device/prefetch/size:4K/", reference()));
    EXPECT_EQ(counter(stays, "ranges"), 0);
    for (const auto& [name, value] : stays.items()) EXPECT_FALSE(name.starts_with("stage.")) << name;
}

TEST(Fault, CompletedFamiliesFaultOncePerMapping) {
    const json output = run_bench("^fault/(order|many_vmas|contexts|thp|evicted)/", reference());
    ASSERT_EQ(output["benchmarks"].size(), 4u + 3u + 3u + 4u + 2u);
    for (const json& run : output["benchmarks"]) {
        const std::string name = run["name"];
        const bool large = name.find("/thp/") != std::string::npos || name.find("/evicted/") != std::string::npos;
        EXPECT_EQ(counter(run, "faults"), large ? 32 : 1024) << name;
        expect_latencies(run, large ? 32 : 1024);
    }
}

TEST(P2p, OverTheLinkIsOneCopyAndThroughTheHostAreTwo) {
    const json output = run_bench("^p2p/migration/", two_devices());
    ASSERT_EQ(output["benchmarks"].size(), 2u * 3u);
    for (const json& run : output["benchmarks"]) {
        const std::string name = run["name"];
        const bool both = name.find("/both/") != std::string::npos;
        EXPECT_EQ(counter(run, "copies_per_byte"), name.find("through_host") == std::string::npos ? 1 : 2) << name;
        EXPECT_EQ(counter(run, "faults"), both ? 32 : 16) << name;
        EXPECT_NEAR(bytes(run), (both ? 64 : 32) * kMiB, 1e4) << name;
    }
}

TEST(P2p, WithoutALinkADirectMoveIsSeenToGoThroughTheHost) {
    const json run = only(run_bench("^p2p/migration/direct/one/from:1/to:0/", two_devices("xe-7.0,interconnect=off")));
    EXPECT_EQ(counter(run, "copies_per_byte"), 2);
}

TEST(P2p, RemoteMemoryStaysAndDoesNotFault) {
    const json output = run_bench("^p2p/remote_", two_devices());
    ASSERT_EQ(output["benchmarks"].size(), 3u * 3u);
    for (const json& run : output["benchmarks"]) {
        EXPECT_EQ(counter(run, "faults"), 0) << run["name"];
        EXPECT_EQ(counter(run, "gt.svm_device_copy_kb") + counter(run, "gt.svm_cpu_copy_kb"), 0) << run["name"];
    }
}

TEST(P2p, CopiesCountEveryByteOnce) {
    const json output = run_bench("^p2p/copy/.*/size:2M/", two_devices());
    ASSERT_EQ(output["benchmarks"].size(), 3u);
    for (const json& run : output["benchmarks"]) {
        const bool both = run["name"].get<std::string>().find("/both/") != std::string::npos;
        EXPECT_NEAR(bytes(run), (both ? 2 : 1) * 8 * 2 * kMiB, 1e4) << run["name"];
    }
}

TEST(P2p, OneDeviceIsAReasonToSkip) {
    EXPECT_THAT(failure("^p2p/remote_chase/", reference()),
                HasSubstr("skipped: there is one reference device, and this takes two"));
}

}  // namespace
}  // namespace faultline
