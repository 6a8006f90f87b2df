// The `faultline` command with a store of what it measured.
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "results/store/store.h"
#include "tests/runners/command_fixture.h"

namespace faultline::runners {

using results::RunInfo;
using results::Store;

class StoreCommand : public Command {
protected:
    Store store() const {
        auto opened = Store::open(database(), results::Database::Mode::kExisting);
        EXPECT_TRUE(opened.ok()) << opened.error().message;
        return *std::move(opened);
    }

    std::vector<RunInfo> runs() const {
        const auto found = store().find(results::all_runs());
        EXPECT_TRUE(found.ok());
        return *found;
    }

    static std::set<std::string> names(const BenchmarkReport& report) {
        std::set<std::string> found;
        for (const Json& entry : report.benchmarks) {
            if (entry["run_type"] == "iteration") found.insert(entry["run_name"]);
        }
        return found;
    }
};

}  // namespace faultline::runners
