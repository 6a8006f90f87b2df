// faultline: runs the suite, keeps what it measured, lists what there is to run and to run on, and says what stops it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/version.h"
#include "runners/command_line.h"
#include "runners/commands.h"
#include "runners/system/layout.h"

namespace faultline::runners {
namespace {

int dispatch(const CLI::App& app, const Parsed& parsed, const Layout& layout) {
    if (app.got_subcommand("run")) return run_command(parsed.run, layout);
    if (app.got_subcommand("runs")) return runs_command(parsed.runs);
    if (app.got_subcommand("import")) return import_command(parsed.imported);
    if (app.got_subcommand("export")) return export_command(parsed.exported);
    if (app.got_subcommand("compare")) return compare_command(parsed.compared);
    if (app.got_subcommand("bisect-step")) return bisect_command(parsed.bisected, layout);
    if (app.got_subcommand("matrix")) return matrix_command(parsed.matrix, layout);
    if (app.got_subcommand("nightly")) return nightly_command(parsed.nightly, layout);
    if (app.got_subcommand("plot")) return plot_command(parsed.plot);
    if (app.got_subcommand("report")) return report_command(parsed.report);
    if (app.got_subcommand("model")) return model_command(parsed.model);
    if (app.got_subcommand("list")) return list_command(parsed.list_suite, layout);
    if (app.got_subcommand("devices")) return devices_command(parsed.devices_json, layout);
    if (app.got_subcommand("policies")) return policies_command(layout);
    if (app.got_subcommand("doctor")) return doctor_command(parsed.doctor_json, layout);
    if (!app.got_subcommand("help")) {
        return report_error(
            {ErrorKind::kBadInput,
             "a subcommand is required: run, runs, compare, bisect-step, nightly, matrix, import, export, plot, "
             "report, model, list, devices, policies, doctor or help"});
    }
    fmt::print("{}", app.get_formatter()->make_help(&app, app.get_name(), CLI::AppFormatMode::Normal));
    return kExitOk;
}

int main_of(int argc, char** argv) {
    CLI::App app("Faultline measures how fast a GPU and its kernel driver handle page faults on malloc memory.",
                 "faultline");
    Parsed parsed;
    parsed.run.command_line.assign(argv, argv + argc);
    app.require_subcommand(0, 1);
    app.set_version_flag("--version", std::string("faultline ") + version());
    define_commands(app, parsed);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& e) {  // --help, --version
        return app.exit(e);
    } catch (const CLI::ParseError& e) {
        const int status = report_error({ErrorKind::kBadInput, fmt::format("{} (see faultline --help)", e.what())});
        return app.got_subcommand("bisect-step") ? kExitCannotTell : status;
    }
    finish(parsed);
    return dispatch(app, parsed, Layout::of_this_program());
}

}  // namespace
}  // namespace faultline::runners

int main(int argc, char** argv) { return faultline::runners::main_of(argc, argv); }
