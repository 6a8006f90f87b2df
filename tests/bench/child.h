// Runs a program of the project with an environment of its own, for tests.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "tests/temporary_directory.h"

namespace faultline::testing_support {

inline std::string read_file(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct ChildResult {
    int status = -1;  ///< exit status; 128 + signal when killed
    std::string out;
    std::string err;
};

using ChildEnvironment = std::map<std::string, std::string>;

/// Runs `command` (arguments quoted for a shell by the caller) with `environment` set, and waits for it.
inline ChildResult run_child(const std::string& command, const ChildEnvironment& environment) {
    const TemporaryDirectory directory;
    std::string line = "env";
    for (const auto& [name, value] : environment) line += " " + name + "='" + value + "'";
    const auto out = directory.path() / "out";
    const auto err = directory.path() / "err";
    line += " " + command + " >" + out.string() + " 2>" + err.string();
    const int raw = std::system(line.c_str());
    ChildResult result;
    result.status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
    result.out = read_file(out);
    result.err = read_file(err);
    return result;
}

}  // namespace faultline::testing_support
