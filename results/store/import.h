// Reports from elsewhere become stored runs: any Google Benchmark JSON, and run directories of other machines.
//
// An import is one transaction: all of it is stored or nothing. Importing the same thing again changes nothing, since a
// run directory carries its run's id and a single file's id is made of its bytes. Thread safety: as Store.
#pragma once

#include <filesystem>
#include <string>

#include "base/expected.h"
#include "results/store/store.h"

namespace faultline::results {

struct Imported {
    RunInfo run;
    bool was_known = false;  ///< it had been stored before; only its directory is brought up to date
};

/// `path`: a Google Benchmark JSON file, or a directory as results/run_directory.h describes. `label` empty: the
/// one that the run was given.
/// Aggregates are left out; a report that holds nothing else is refused. Error: kBadInput names the file and what is
/// wrong in it.
Expected<Imported> import_path(Store& store, const std::filesystem::path& path, const std::string& label);

}  // namespace faultline::results
