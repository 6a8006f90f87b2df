#include "runners/command/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/version.h"
#include "runners/command/options.h"

namespace faultline::runners {

Option Option::show_default() const {
    option_->capture_default_str();
    return *this;
}

Option Option::require() const {
    option_->required();
    return *this;
}

Option Option::one_of(std::initializer_list<const char*> values) const {
    option_->check(CLI::IsMember(std::vector<std::string>(values.begin(), values.end())));
    return *this;
}

Option Option::between(unsigned least, unsigned most) const {
    option_->check(CLI::Range(least, most));
    return *this;
}

Option Option::between(double least, double most) const {
    option_->check(CLI::Range(least, most));
    return *this;
}

Option Option::from_environment(const char* variable) const {
    option_->envname(variable);
    return *this;
}

Option Option::split_at_commas() const {
    option_->delimiter(',');
    return *this;
}

Option Options::add(const std::string& name, std::string& value, const std::string& help) {
    return Option(verb_.add_option(name, value, help));
}

Option Options::add(const std::string& name, std::filesystem::path& value, const std::string& help) {
    return Option(verb_.add_option(name, value, help));
}

Option Options::add(const std::string& name, unsigned& value, const std::string& help) {
    return Option(verb_.add_option(name, value, help));
}

Option Options::add(const std::string& name, double& value, const std::string& help) {
    return Option(verb_.add_option(name, value, help));
}

Option Options::add(const std::string& name, std::optional<unsigned>& value, const std::string& help) {
    return Option(verb_.add_option(name, value, help));
}

Option Options::add(const std::string& name, std::optional<double>& value, const std::string& help) {
    return Option(verb_.add_option(name, value, help));
}

Option Options::add(const std::string& name, std::vector<std::string>& values, const std::string& help) {
    return Option(verb_.add_option(name, values, help));
}

Option Options::add(const std::string& name, std::vector<std::filesystem::path>& values, const std::string& help) {
    return Option(verb_.add_option(name, values, help));
}

Option Options::add_repeated(const std::string& name, std::vector<std::string>& values, const std::string& help) {
    CLI::Option* option = verb_.add_option(name, values, help);
    option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    return Option(option);
}

Option Options::add_each(const std::string& name, const std::function<Status(const std::string&)>& take,
                         const std::string& help) {
    const auto take_all = [take](const std::vector<std::string>& values) {
        for (const std::string& value : values) {
            if (const Status taken = take(value); !taken) throw CLI::ValidationError(taken.error().message);
        }
    };
    CLI::Option* option = verb_.add_option_function<std::vector<std::string>>(name, take_all, help);
    option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    return Option(option);
}

Option Options::add_percent(const std::string& name, double& fraction, const std::string& help) {
    const auto set = [&fraction](double percent) { fraction = percent / 100; };
    CLI::Option* option = verb_.add_option_function<double>(name, set, help);
    option->default_str(fmt::format("{:g}", fraction * 100));
    return Option(option);
}

Option Options::add_flag(const std::string& name, bool& value, const std::string& help) {
    return Option(verb_.add_flag(name, value, help));
}

void Options::stands_alone(Option option) {
    for (CLI::Option* other : verb_.get_options()) {
        if (other != option.option_ && other != verb_.get_help_ptr()) option.option_->excludes(other);
    }
}

void Options::require_either(Option one, Option other) {
    verb_.callback([a = one.option_, b = other.option_] {
        if (a->count() == 0 && b->count() == 0) throw CLI::RequiredError(a->get_name() + " or " + b->get_name());
    });
}

int run_command_line(int argc, char** argv, std::span<const Verb* const> verbs) {
    CLI::App app("Faultline measures how fast a GPU and its kernel driver handle page faults on malloc memory.",
                 "faultline");
    app.require_subcommand(0, 1);
    app.set_version_flag("--version", std::string("faultline ") + version());
    std::vector<Action> actions;
    std::string names;
    for (const Verb* verb : verbs) {
        Options options(*app.add_subcommand(verb->name, verb->help));
        actions.push_back(verb->define(options));
        names += fmt::format("{}{}", names.empty() ? "" : ", ", verb->name);
    }
    const CLI::App* help = app.add_subcommand("help", "print this");
    const auto given = [&]() -> std::ptrdiff_t {
        return std::find_if(verbs.begin(), verbs.end(), [&](const Verb* v) { return app.got_subcommand(v->name); }) -
               verbs.begin();
    };

    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& e) {  // --help, --version
        return app.exit(e);
    } catch (const CLI::ParseError& e) {
        const int status = report_error({ErrorKind::kBadInput, fmt::format("{} (see faultline --help)", e.what())});
        const auto verb = static_cast<std::size_t>(given());
        return verb < verbs.size() ? verbs[verb]->bad_usage : status;
    }
    if (help->parsed()) {
        fmt::print("{}", app.get_formatter()->make_help(&app, app.get_name(), CLI::AppFormatMode::Normal));
        return kExitOk;
    }
    const auto verb = static_cast<std::size_t>(given());
    if (verb == verbs.size())
        return report_error({ErrorKind::kBadInput, fmt::format("a subcommand is required: {} or help", names)});
    return actions[verb]({Layout::of_this_program(), std::vector<std::string>(argv, argv + argc)});
}

}  // namespace faultline::runners
