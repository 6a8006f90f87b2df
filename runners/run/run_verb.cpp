#include <memory>

#include "runners/command/verb.h"
#include "runners/run/run_suite.h"

namespace faultline::runners {
namespace {

Action define(Options& options) {
    const auto run = std::make_shared<RunOptions>();
    add_suite(options, run->suite);
    add_filter(options, run->overrides, "only benchmarks whose name matches this regular expression");
    add_device(options, run->device, "auto, xe or reference; auto prefers an Xe GPU that can fault");
    add_device_index(options, run->device);
    add_policy(options, run->device.reference, "reference only: NAME[,knob=value...]; see `faultline policies`");
    add_model(options, run->device.reference, "reference only: device model");
    options.add("--output", run->output, "directory to make; default: faultline-runs/<UTC time>-<suite>");
    add_repetitions(options, run->overrides, "of each benchmark, in place of the suite's");
    add_min_time(options, run->overrides, "seconds a repetition, in place of the suite's");
    add_timeout(options, run->overrides, "seconds a family, in place of the suite's");
    options.add("--label", run->label, "a name for runs of a kind, to find them by: label:NAME");
    // What it measures was said when it began.
    options.stands_alone(options.add("--resume", run->resume, "go on with this run, which was killed or interrupted"));
    add_database(options, run->database);
    return [run](const Invocation& invocation) {
        run->command_line = invocation.command_line;
        return run_suite_to_status(*run, invocation.layout);
    };
}

}  // namespace

extern const Verb kRun = {"run", "run a suite on a device, and store what it measured", define};

}  // namespace faultline::runners
