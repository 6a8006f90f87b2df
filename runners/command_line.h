// The command line of `faultline`: every subcommand with its options, and what CLI11 parses them into.
//
// Nothing here prints, reads the environment but for FAULTLINE_DB, or runs a command; main.cpp does. Thread safety:
// none needed, one command line a process.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "runners/commands.h"

namespace faultline::runners {

/// The options of all subcommands; of the one that was given they count, once `finish` has put them in final form.
struct Parsed {
    RunOptions run;
    ImportOptions imported;
    ExportOptions exported;
    RunsOptions runs;
    CompareOptions compared;
    BisectOptions bisected;
    MatrixOptions matrix;
    NightlyOptions nightly;
    double min_effect_percent = CompareOptions{}.compare.min_effect * 100;
    PlotOptions plot;
    ReportOptions report;
    ModelOptions model;
    std::vector<std::string> reference;
    std::string list_suite;
    bool devices_json = false;
    bool doctor_json = false;
};

/// Adds the subcommands, whose options `app` writes to `parsed` when it parses; `parsed` outlives it.
void define_commands(CLI::App& app, Parsed& parsed);

/// What CLI11 cannot do: takes the options that it holds in another form to where the commands look for them.
void finish(Parsed& parsed);

}  // namespace faultline::runners
