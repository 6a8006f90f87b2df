// faultline-workloads as a user runs it: in a child process, with files of the test's own.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace faultline::workloads {

struct Outcome {
    int status = 0;
    std::string output;
    std::string errors;
};

class ProgramTest : public ::testing::Test {
protected:
    ProgramTest() {
        std::string pattern = ::testing::TempDir() + "faultline-bfs-XXXXXX";
        directory_ = mkdtemp(pattern.data());
    }
    ~ProgramTest() override { std::filesystem::remove_all(directory_); }

    std::string file(const std::string& name, const std::string& text) const {
        std::ofstream(directory_ / name) << text;
        return directory_ / name;
    }

    Outcome run(const std::string& arguments, const std::map<std::string, std::string>& environment = {}) const {
        std::string command = "env";
        for (const auto& [key, value] : environment) command += " " + key + "=" + value;
        const std::string out = directory_ / "out", err = directory_ / "err";
        command += " " FAULTLINE_WORKLOADS " " + arguments + " >" + out + " 2>" + err;
        const int status = std::system(command.c_str());
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(out), read(err)};
    }

private:
    static std::string read(const std::string& path) {
        std::stringstream text;
        text << std::ifstream(path).rdbuf();
        return text.str();
    }

    std::filesystem::path directory_;
};

}  // namespace faultline::workloads
