#include "runners/command_line.h"

#include <fmt/format.h>

#include "plots/chart.h"
#include "runners/look/directions.h"
#include "runners/run/suites.h"
#include "vocabulary/environment_variables.h"

namespace faultline::runners {
namespace {

void add_database(CLI::App& command, std::filesystem::path& database) {
    command.add_option("--db", database, "the results store")->envname(env::kDatabase)->capture_default_str();
}

void add_run(CLI::App& app, Parsed& parsed) {
    CLI::App* run = app.add_subcommand("run", "run a suite on a device, and store what it measured");
    RunOptions& options = parsed.run;
    run->add_option("--suite", options.suite, "one of: " + suite_names())->capture_default_str();
    run->add_option("--filter", options.overrides.filter, "only benchmarks whose name matches this regular expression");
    run->add_option("--device", options.device.kind, "auto, xe or reference; auto prefers an Xe GPU that can fault")
        ->check(CLI::IsMember({"auto", "xe", "reference"}))
        ->capture_default_str();
    run->add_option("--device-index", options.device.index, "among the devices of the kind")->capture_default_str();
    run->add_option("--policy", options.device.reference.policy,
                    "reference only: NAME[,knob=value...]; see `faultline policies`");
    run->add_option("--model", options.device.reference.model, "reference only: device model");
    run->add_option("--output", options.output, "directory to make; default: faultline-runs/<UTC time>-<suite>");
    run->add_option("--repetitions", options.overrides.repetitions, "of each benchmark, in place of the suite's")
        ->check(CLI::Range(1u, 10000u));
    run->add_option("--min-time", options.overrides.min_time, "seconds a repetition, in place of the suite's")
        ->check(CLI::Range(0.0, 3600.0));
    run->add_option("--timeout", options.overrides.time_limit, "seconds a family, in place of the suite's")
        ->check(CLI::Range(0.1, 86400.0));
    run->add_option("--label", options.label, "a name for runs of a kind, to find them by: label:NAME");
    CLI::Option* resume =
        run->add_option("--resume", options.resume, "go on with this run, which was killed or interrupted");
    // What it measures was said when it began.
    for (CLI::Option* option : run->get_options()) {
        if (option != resume && option != run->get_help_ptr()) resume->excludes(option);
    }
    add_database(*run, options.database);
}

void add_store_commands(CLI::App& app, Parsed& parsed) {
    CLI::App* runs = app.add_subcommand("runs", "list the stored runs, newest first");
    runs->add_option("reference", parsed.reference,
                     "only these: an id, a directory, label:NAME, kernel:RELEASE, policy:NAME, last:N, or several");
    runs->add_flag("--json", parsed.runs.json, "as JSON");
    add_database(*runs, parsed.runs.database);

    CLI::App* imported = app.add_subcommand("import", "store reports of Google Benchmark, or run directories");
    imported->add_option("path", parsed.imported.paths, "JSON files and directories")->required();
    imported->add_option("--label", parsed.imported.label, "a name for runs of a kind, to find them by: label:NAME");
    add_database(*imported, parsed.imported.database);

    CLI::App* exported = app.add_subcommand("export", "write stored runs in a format of other tools");
    exported->add_option("reference", parsed.reference, "as for runs; json takes one run")->required();
    exported->add_option("--format", parsed.exported.format, "json (Google Benchmark), csv, or hgrm (HdrHistogram)")
        ->check(CLI::IsMember({"json", "csv", "hgrm"}))
        ->capture_default_str();
    exported->add_option("--output", parsed.exported.output, "a file, for hgrm a directory; default: standard output");
    add_database(*exported, parsed.exported.database);
}

void add_compare(CLI::App& app, Parsed& parsed) {
    CLI::App* compare = app.add_subcommand("compare", "say what changed between two sets of stored runs");
    CompareOptions& options = parsed.compared;
    compare->add_option("A", options.a, "before: runs, as for `runs`; quote a reference of several parts")->required();
    compare->add_option("B", options.b, "after")->required();
    compare
        ->add_option("--metric", options.compare.metrics,
                     "compare this, in place of real_time and the median and p99 of latencies; may be repeated")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    add_directions(*compare, options.compare);
    compare->add_option("--min-effect", parsed.min_effect_percent, "percent below which a change is none")
        ->check(CLI::Range(0.0, 1000.0))
        ->capture_default_str();
    compare->add_option("--format", options.format, "terminal, lkp (plain text for mail), markdown or json")
        ->check(CLI::IsMember({"terminal", "lkp", "markdown", "json"}))
        ->capture_default_str();
    compare->add_flag("--force", options.compare.force, "compare also what is not comparable");
    add_database(*compare, options.database);
}

void add_bisect(CLI::App& app, Parsed& parsed) {
    CLI::App* bisect = app.add_subcommand(
        "bisect-step", "for `git bisect run`: measure, and exit with 0 if good, 1 if bad, 125 if it cannot be told");
    BisectOptions& options = parsed.bisected;
    RunOptions& run = options.run;
    bisect->add_option("--good", options.good, "stored runs before the regression, as for `runs`")->required();
    bisect->add_option("--bad", options.bad, "stored runs after it")->required();
    bisect->add_option("--benchmark", run.overrides.filter, "measure those that match this regular expression")
        ->required();
    bisect->add_option("--suite", run.suite, "one of: " + suite_names())->capture_default_str();
    bisect->add_option("--runs", options.runs, "how often to measure")
        ->check(CLI::Range(5u, 1000u))
        ->capture_default_str();
    bisect->add_option("--metric", options.compare.metrics, "as for compare")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    add_directions(*bisect, options.compare);
    bisect->add_option("--min-effect", parsed.min_effect_percent, "as for compare")
        ->check(CLI::Range(0.0, 1000.0))
        ->capture_default_str();
    bisect->add_option("--device", run.device.kind, "as for run")
        ->check(CLI::IsMember({"auto", "xe", "reference"}))
        ->capture_default_str();
    bisect->add_option("--device-index", run.device.index, "among the devices of the kind")->capture_default_str();
    bisect->add_option("--policy", run.device.reference.policy, "reference only");
    bisect->add_option("--model", run.device.reference.model, "reference only");
    add_database(*bisect, run.database);
}

void add_matrix(CLI::App& app, Parsed& parsed) {
    CLI::App* matrix = app.add_subcommand("matrix", "boot each of several kernels, run a suite on each, and compare");
    MatrixOptions& options = parsed.matrix;
    RunOptions& run = options.run;
    CLI::Option* kernels =
        matrix->add_option("--kernels", options.kernels, "A,B,...: releases, or paths of images; A is the baseline")
            ->delimiter(',');
    matrix->add_option("--backend", options.backend, "qemu, or boot-entry: reboot this machine into each")
        ->check(CLI::IsMember({"qemu", "boot-entry"}))
        ->capture_default_str();
    matrix->add_option("--accelerator", options.accelerator, "qemu only: auto, kvm, or tcg (software emulation)")
        ->check(CLI::IsMember({"auto", "kvm", "tcg"}))
        ->capture_default_str();
    matrix->add_option("--boots", options.boots, "of each kernel, one run a boot; a verdict takes 5")
        ->check(CLI::Range(1u, 1000u))
        ->capture_default_str();
    matrix->add_option("--boot-limit", options.boot_limit, "qemu only: seconds that a boot may take with its run")
        ->check(CLI::Range(1u, 1000000u))
        ->capture_default_str();
    matrix->add_option("--suite", run.suite, "one of: " + suite_names())->capture_default_str();
    matrix->add_option("--filter", run.overrides.filter, "as for run");
    matrix->add_option("--repetitions", run.overrides.repetitions, "as for run")->check(CLI::Range(1u, 10000u));
    matrix->add_option("--min-time", run.overrides.min_time, "as for run")->check(CLI::Range(0.0, 3600.0));
    matrix->add_option("--timeout", run.overrides.time_limit, "as for run")->check(CLI::Range(0.1, 86400.0));
    matrix->add_option("--device", run.device.kind, "as for run; with qemu always the reference")
        ->check(CLI::IsMember({"auto", "xe", "reference"}))
        ->capture_default_str();
    matrix->add_option("--policy", run.device.reference.policy, "reference only");
    matrix->add_option("--model", run.device.reference.model, "reference only");
    matrix->add_option("--label", run.label, "runs are labelled NAME@RELEASE; default: the directory's name");
    matrix->add_option("--output", options.output, "directory to make; default: faultline-runs/<UTC time>-matrix");
    matrix->add_option("--min-effect", parsed.min_effect_percent, "as for compare")
        ->check(CLI::Range(0.0, 1000.0))
        ->capture_default_str();
    CLI::Option* resume = matrix->add_option("--resume", options.resume, "go on with the matrix in this directory");
    for (CLI::Option* option : matrix->get_options()) {
        if (option != resume && option != matrix->get_help_ptr()) resume->excludes(option);
    }
    add_database(*matrix, run.database);
    matrix->callback([kernels, resume] {
        if (kernels->count() == 0 && resume->count() == 0) throw CLI::RequiredError("--kernels or --resume");
    });
}

void add_nightly(CLI::App& app, Parsed& parsed) {
    CLI::App* nightly = app.add_subcommand(
        "nightly", "measure, compare with a baseline and earlier nights, report: exits with 0, 1 (worse) or 2");
    NightlyOptions& options = parsed.nightly;
    RunOptions& run = options.run;
    run.suite = "nightly";
    nightly->add_option("--suite", run.suite, "one of: " + suite_names())->capture_default_str();
    nightly->add_option("--filter", run.overrides.filter, "as for run");
    nightly->add_option("--runs", options.runs, "how often to measure")
        ->check(CLI::Range(1u, 1000u))
        ->capture_default_str();
    nightly->add_option("--baseline", options.baseline, "stored runs, as for `runs`, that no night may be worse than");
    nightly->add_option("--nights", options.nights, "nights before this one that it is compared with")
        ->check(CLI::Range(1u, 60u))
        ->capture_default_str();
    nightly->add_option("--report", options.report,
                        "directory for the page and verdict.json; default: nightly, beside the database");
    nightly->add_option("--device", run.device.kind, "as for run")
        ->check(CLI::IsMember({"auto", "xe", "reference"}))
        ->capture_default_str();
    nightly->add_option("--device-index", run.device.index, "among the devices of the kind")->capture_default_str();
    nightly->add_option("--policy", run.device.reference.policy, "reference only");
    nightly->add_option("--model", run.device.reference.model, "reference only");
    CLI::Option* resume =
        nightly->add_flag("--resume", options.resume, "go on with the newest night, if it was killed or interrupted");
    for (CLI::Option* option : nightly->get_options()) {
        if (option != resume && option != nightly->get_help_ptr()) resume->excludes(option);
    }
    add_database(*nightly, run.database);
}

void add_pictures(CLI::App& app, Parsed& parsed) {
    CLI::App* plot = app.add_subcommand("plot", "draw a chart of stored runs");
    PlotOptions& options = parsed.plot;
    plot->add_flag("--list", options.list, "list the charts, and what each needs");
    plot->add_option("--chart", options.chart, "one of: " + plots::chart_names());
    plot->add_option("--run", options.runs, "runs, as for `runs`: 'label:nightly last:10'; once for each set")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    plot->add_option("--benchmark", options.benchmark, "only benchmarks whose name matches this regular expression");
    plot->add_option("-o,--output", options.output,
                     "FILE.svg, FILE.png or FILE.pdf; FILE.dat and FILE.gp go beside it");
    add_database(*plot, options.database);

    CLI::App* report = app.add_subcommand("report", "write an HTML page about stored runs");
    report->add_option("--run", parsed.report.run, "runs, as for `runs`: 'label:nightly last:1'");
    report->add_option("--against", parsed.report.against, "runs that they are compared with");
    report->add_option("-o,--output", parsed.report.output,
                       "FILE.html, or a directory, which gets the file and an index of all reports in it");
    add_database(*report, parsed.report.database);
}

void add_model(CLI::App& app, Parsed& parsed) {
    CLI::App* model = app.add_subcommand("model", "write a device model for the reference out of what a run measured");
    model->add_option("--from", parsed.model.from, "a run, as for `runs`, a JSON file or a run directory")->required();
    model->add_option("-o,--output", parsed.model.output, "FILE.toml, for `run --model`; default: standard output");
    add_database(*model, parsed.model.database);
}

}  // namespace

void define_commands(CLI::App& app, Parsed& parsed) {
    add_run(app, parsed);
    add_store_commands(app, parsed);
    add_compare(app, parsed);
    add_bisect(app, parsed);
    add_matrix(app, parsed);
    add_nightly(app, parsed);
    add_pictures(app, parsed);
    add_model(app, parsed);
    CLI::App* list = app.add_subcommand("list", "list suites and benchmarks");
    list->add_option("--suite", parsed.list_suite, "only this suite: " + suite_names());
    CLI::App* devices =
        app.add_subcommand("devices", "list Level Zero devices, and whether they can fault on malloc memory");
    devices->add_flag("--json", parsed.devices_json, "as JSON");
    app.add_subcommand("policies", "list the policies of the reference: presets, knobs and their values");
    CLI::App* doctor = app.add_subcommand("doctor", "check what a run needs, and say what to do where it is missing");
    doctor->add_flag("--json", parsed.doctor_json, "as JSON");
    app.add_subcommand("help", "print this");
}

void finish(Parsed& parsed) {
    parsed.runs.reference = fmt::format("{}", fmt::join(parsed.reference, " "));
    parsed.exported.reference = parsed.runs.reference;
    parsed.compared.compare.min_effect = parsed.min_effect_percent / 100;
    parsed.bisected.compare.min_effect = parsed.compared.compare.min_effect;
    parsed.matrix.min_effect = parsed.compared.compare.min_effect;
    parsed.matrix.run.command_line = parsed.run.command_line;
    parsed.bisected.run.command_line = parsed.run.command_line;
    parsed.nightly.run.command_line = parsed.run.command_line;
}

}  // namespace faultline::runners
