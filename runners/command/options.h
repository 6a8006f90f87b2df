// The options of a verb, as they are declared: a name, the variable that is set, and its help.
//
// A thin face of CLI11, whose headers take ten seconds to compile: only command_line.cpp includes them. A variable's
// value at the time of the declaration is the default. Names are CLI11's: "--json", "-o,--output", or "A" for an
// argument that is known by its place. Ownership: variables outlive the parse. Thread safety: none.
#pragma once

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "base/expected.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace faultline::runners {

/// One option, to say more of it. A handle: copies mean the same option.
class Option {
public:
    /// The help shows the variable's value as the default.
    Option show_default() const;
    Option require() const;
    Option one_of(std::initializer_list<const char*> values) const;
    Option between(unsigned least, unsigned most) const;
    Option between(double least, double most) const;
    /// The value where the command line gives none.
    Option from_environment(const char* variable) const;
    /// "A,B" are two values.
    Option split_at_commas() const;

private:
    friend class Options;
    explicit Option(CLI::Option* option) : option_(option) {}

    CLI::Option* option_;
};

class Options {
public:
    explicit Options(CLI::App& verb) : verb_(verb) {}

    Option add(const std::string& name, std::string& value, const std::string& help);
    Option add(const std::string& name, std::filesystem::path& value, const std::string& help);
    Option add(const std::string& name, unsigned& value, const std::string& help);
    Option add(const std::string& name, double& value, const std::string& help);
    Option add(const std::string& name, std::optional<unsigned>& value, const std::string& help);
    Option add(const std::string& name, std::optional<double>& value, const std::string& help);
    /// Takes all values that follow it.
    Option add(const std::string& name, std::vector<std::string>& values, const std::string& help);
    Option add(const std::string& name, std::vector<std::filesystem::path>& values, const std::string& help);
    /// Takes one value, and may be given again for the next.
    Option add_repeated(const std::string& name, std::vector<std::string>& values, const std::string& help);
    /// As add_repeated(), and hands each value to `take`, whose error is one of the command line.
    Option add_each(const std::string& name, const std::function<Status(const std::string&)>& take,
                    const std::string& help);
    /// Takes percent, of which `fraction` is a hundredth. The help shows the default.
    Option add_percent(const std::string& name, double& fraction, const std::string& help);
    /// Takes no value: it is true where it is given.
    Option add_flag(const std::string& name, bool& value, const std::string& help);

    /// `option` is given without any of those that were added before it.
    void stands_alone(Option option);
    /// The command line has to give one of the two.
    void require_either(Option one, Option other);

private:
    CLI::App& verb_;
};

}  // namespace faultline::runners
