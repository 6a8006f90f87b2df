// A family of benchmarks, which registers itself: defining one at namespace scope is all.
//
//     Status add(device::Registration& registration) {
//         registration.add(registration.name().word("read"), [](benchmark::State& state) { ... });
//         return {};
//     }
//     const device::Family kFamily("fault/first_touch", "What does the GPU's first touch cost?", add);
//
// The file that defines it is a source of the program itself: out of a static library a linker takes no object that
// nothing refers to. Families are listed and run in the order in which their files are linked, which is that of the
// program's sources in CMakeLists.txt. Thread safety: all are defined before main() begins, and only read then.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "device/session.h"
#include "vocabulary/benchmark_name.h"

namespace benchmark {
class State;
}

namespace faultline::device {

/// What the benchmarks of one family may depend on when they are registered, and where they go.
class Registration {
public:
    Registration(std::string_view family, const Device* device, Session* session)
        : family_(family), device_(device), session_(session) {}

    /// The family's: each benchmark adds to it what tells it from the others.
    BenchmarkName name() const { return BenchmarkName(family_); }
    /// Of the device; kListedHardwareThreads where benchmarks are only listed and there is none.
    unsigned hardware_threads() const;
    /// Outlives every run; null when benchmarks are only listed and there is none.
    const Device* device() const { return device_; }
    /// Outlives every run; null when benchmarks are only listed.
    Session* session() const { return session_; }

    /// Adds a benchmark that times itself (UseManualTime). `iterations` 0: as many as --benchmark_min_time asks for.
    /// `run` goes before the session does, and is not called without one.
    void add(const BenchmarkName& name, std::function<void(benchmark::State&)> run, std::int64_t iterations = 0);

    /// The names of what was added.
    const std::vector<std::string>& added() const { return added_; }

private:
    const std::string_view family_;
    const Device* const device_;
    Session* const session_;
    std::vector<std::string> added_;
};

inline constexpr unsigned kListedHardwareThreads = 1024;

class Family {
public:
    /// An error (a file that cannot be read) ends the program.
    using Add = Status (*)(Registration&);

    /// `name` and `question` are literals. REQUIRES: static storage.
    Family(std::string_view name, std::string_view question, Add function);
    Family(const Family&) = delete;
    Family& operator=(const Family&) = delete;

    std::string_view name() const { return name_; }
    /// One line that ends with a question mark.
    std::string_view question() const { return question_; }
    Status add(Registration& registration) const { return add_(registration); }

    /// All that the program has.
    static const std::vector<const Family*>& all();

private:
    const std::string_view name_;
    const std::string_view question_;
    const Add add_;
};

}  // namespace faultline::device
