#include "runners/matrix/boot_entry.h"

#include <fmt/format.h>

#include <cstdlib>
#include <optional>
#include <regex>
#include <sstream>
#include <vector>

#include "results/atomic_file.h"
#include "results/benchmark_report.h"
#include "runners/run/run_suite.h"
#include "runners/system/run_environment.h"
#include "runners/system/subprocess.h"
#include "vocabulary/environment_variables.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;
using results::Json;

class BootEntryBackend : public KernelBackend {
public:
    BootEntryBackend(const Layout& layout, const BootRoot& root) : layout_(layout), root_(root) {}

    Expected<std::string> release_of(const std::string& kernel) override {
        FL_RETURN_IF_ERROR(selection_of(kernel));
        return kernel;
    }

    Status prepare(MatrixState& state) override {
        std::error_code ignored;
        fs::remove(stopped(state), ignored);
        // Without the service the machine would come up in the first kernel, and the matrix would end there.
        const Expected<std::string> enabled = run({"systemctl", "is-enabled", "faultline-matrix.service"});
        if (enabled) return {};
        return Error{
            ErrorKind::kUnavailable,
            "the service that goes on after a reboot is not enabled: install runners/systemd/faultline-matrix.service "
            "and run `systemctl enable faultline-matrix.service` (" +
                enabled.error().message + ")"};
    }

    Expected<Measured> measure(const MatrixStep& step, MatrixState& state) override {
        const std::string boot = boot_id(root_.root / "proc");
        const std::string running = running_release();
        if (boot.empty() || running.empty()) {
            return Error{ErrorKind::kUnavailable, (root_.root / "proc").string() + ": it tells no boot id or release"};
        }
        if (!state.measuring_in.empty() && state.measuring_in != boot) {
            return stop(state, fmt::format("the machine went down while it measured {}; see why", step.release));
        }
        if (running == step.release) {  // no boot measures twice: the kernel before was another one
            state.measuring_in = boot;
            FL_RETURN_IF_ERROR(save(state));
            RunOptions run = step.run;
            std::error_code error;
            if (fs::exists(run.output, error)) run.resume = run.output.string();  // it was interrupted
            const int status = run_suite_to_status(run, layout_);
            state.measuring_in.clear();
            if (status == kExitOk || status == kExitFailed) state.rebooted_from.clear();
            FL_RETURN_IF_ERROR(save(state));
            return Measured{.rebooting = false, .status = status};
        }
        if (!state.rebooted_from.empty() && state.rebooted_from != boot) {
            return stop(state,
                        fmt::format("rebooted into {}, but {} came up; see whether the boot loader has that entry "
                                    "and the kernel boots",
                                    step.release, running));
        }
        return reboot_into(step.release, boot, state);
    }

private:
    Expected<Measured> reboot_into(const std::string& release, const std::string& boot, MatrixState& state) {
        FL_ASSIGN_OR_RETURN(const std::vector<std::string> select, selection_of(release));
        FL_RETURN_IF_ERROR(run(select));
        state.rebooted_from = boot;
        FL_RETURN_IF_ERROR(save(state));
        FL_RETURN_IF_ERROR(run({"systemctl", "reboot"}));
        return Measured{.rebooting = true, .status = kExitOk};
    }

    /// While it is there the service does nothing at boot: only who resumes by hand has seen to the cause.
    static fs::path stopped(const MatrixState& state) { return state.directory / "stopped"; }

    /// Ends the matrix with an error. No later boot tries again by itself; `--resume` by hand does.
    static Error stop(MatrixState& state, const std::string& why) {
        state.rebooted_from.clear();
        state.measuring_in.clear();
        const std::string message =
            fmt::format("{}, then `faultline matrix --resume {}`", why, state.directory.string());
        FL_RETURN_IF_ERROR(results::write_file_atomically(stopped(state), message + "\n"));
        FL_RETURN_IF_ERROR(save(state));
        return Error{ErrorKind::kUnavailable, message};
    }

    std::string running_release() const {
        const Expected<std::string> text = results::read_file(root_.root / "proc/sys/kernel/osrelease");
        return text ? text->substr(0, text->find('\n')) : std::string();
    }

    /// The command that makes `release` the next boot. GRUB where the machine has its configuration.
    Expected<std::vector<std::string>> selection_of(const std::string& release) {
        const fs::path config = root_.root / "boot/grub/grub.cfg";
        std::error_code error;
        if (fs::exists(config, error)) {
            FL_ASSIGN_OR_RETURN(const std::string text, results::read_file(config));
            const std::string entry = grub_entry(text, release);
            if (entry.empty()) return no_entry(config.string(), release);
            // The next boot is a variable that only a saved default reads.
            if (text.find("next_entry") == std::string::npos) {
                return Error{ErrorKind::kUnavailable,
                             config.string() + " does not know grub-reboot: set GRUB_DEFAULT=saved, run update-grub"};
            }
            return std::vector<std::string>{"grub-reboot", entry};
        }
        const Expected<std::string> list = run({"bootctl", "list", "--json=short"});
        if (!list) return Error{list.error().kind, "neither GRUB nor systemd-boot: " + list.error().message};
        const std::string entry = bootctl_entry(*list, release);
        if (entry.empty()) return no_entry("systemd-boot", release);
        return std::vector<std::string>{"bootctl", "set-oneshot", entry};
    }

    static Error no_entry(const std::string& loader, const std::string& release) {
        return Error{ErrorKind::kBadInput, fmt::format("kernel \"{}\": {} has no entry for it", release, loader)};
    }

    Expected<std::string> run(std::vector<std::string> argv) const {
        const std::string name = argv.front();
        if (root_.commands_in_root) {
            argv.front() = (root_.root / "bin" / name).string();
        } else {
            argv.insert(argv.begin(), "/usr/bin/env");
        }
        // grub-reboot is in sbin, which `su` leaves out of PATH.
        const char* path = std::getenv("PATH");
        const ChildCommand command{
            .argv = std::move(argv),
            .environment = {{"PATH", fmt::format("{}:/usr/sbin:/sbin", path != nullptr ? path : "/usr/bin:/bin")}},
            .time_limit = std::chrono::minutes(2)};
        FL_ASSIGN_OR_RETURN(const ChildResult result, run_child(command));
        if (result.ok()) return result.out;
        return Error{ErrorKind::kUnavailable, fmt::format("{} {}{}{}", name, describe_end(result, command),
                                                          result.err.empty() ? "" : ": ", result.err)};
    }

    Layout layout_;
    BootRoot root_;
};

/// What stands after `option` on a line of grub.cfg, in quotes.
std::string menu_id(const std::string& line) {
    static const std::regex kId(R"re(\$menuentry_id_option '([^']+)')re");
    std::smatch found;
    return std::regex_search(line, found, kId) ? found[1].str() : std::string();
}

}  // namespace

BootRoot BootRoot::of_this_machine() {
    const char* named = std::getenv(env::kBootRoot);
    if (named == nullptr || *named == '\0') return {};
    return {.root = named, .commands_in_root = true};
}

std::string grub_entry(std::string_view grub_config, const std::string& release) {
    std::istringstream lines{std::string(grub_config)};
    std::string submenu;
    for (std::string line; std::getline(lines, line);) {
        const std::size_t start = line.find_first_not_of(" \t");
        if (start == std::string::npos) continue;
        const std::string_view text = std::string_view(line).substr(start);
        if (text.starts_with("submenu ")) submenu = menu_id(line);
        if (text.starts_with("}") && start == 0) submenu.clear();
        if (!text.starts_with("menuentry ")) continue;
        const std::string id = menu_id(line);
        if (id.starts_with("gnulinux-" + release + "-advanced-")) return submenu.empty() ? id : submenu + ">" + id;
    }
    return {};
}

std::string bootctl_entry(const std::string& json, const std::string& release) {
    const Json entries = Json::parse(json, nullptr, false);
    if (!entries.is_array()) return {};
    for (const Json& entry : entries) {
        if (!entry.is_object()) continue;
        if (entry.value("version", "") == release && entry.contains("id")) return entry["id"].get<std::string>();
    }
    return {};
}

std::unique_ptr<KernelBackend> make_boot_entry_backend(const Layout& layout, const BootRoot& root) {
    return std::make_unique<BootEntryBackend>(layout, root);
}

}  // namespace faultline::runners
