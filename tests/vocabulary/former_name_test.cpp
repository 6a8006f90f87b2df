#include "vocabulary/former_name.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

TEST(PresentName, APairBecomesTheDirectionInWhichBytesMove) {
    const std::pair<const char*, const char*> names[] = {
        {"p2p/migration/direct/one/pair:1-0/iterations:8/manual_time", "p2p/migration/direct/one/from:0/to:1"},
        {"p2p/migration/through_host/both/pair:0-1", "p2p/migration/through_host/both/from:1/to:0"},
        {"p2p/remote_access/read/one/pair:1-0/manual_time", "p2p/remote_access/read/one/from:0/to:1"},
        {"p2p/remote_access/write/one/pair:1-0/manual_time", "p2p/remote_access/write/one/from:1/to:0"},
        {"p2p/remote_chase/one/pair:0-12", "p2p/remote_chase/one/from:12/to:0"},
        {"p2p/copy/both/size:2M/pair:0-1/iterations:3/manual_time", "p2p/copy/both/size:2M/from:0/to:1"},
    };
    for (const auto& [before, now] : names) EXPECT_EQ(present_name(before), now);
}

TEST(PresentName, WhatGoogleBenchmarkAppendsGoes) {
    EXPECT_EQ(present_name("fault/evicted/once/iterations:8/manual_time"), "fault/evicted/once");
    EXPECT_EQ(present_name("workload/bfs/karate/svm/manual_time"), "workload/bfs/karate/svm");
}

TEST(PresentName, AnythingElseStays) {
    for (const char* name : {"", "p2p/copy/one/size:2M/from:0/to:1", "p2p/copy/one/pair:a-b", "p2p/copy/one/pair:1",
                             "p2p/copy/one/pair:0-1/size:2M", "somebody/else/pair:0-1", "fault/parallelism/threads:4"})
        EXPECT_EQ(present_name(name), name);
}

}  // namespace
}  // namespace faultline
