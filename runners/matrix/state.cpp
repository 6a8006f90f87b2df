#include "runners/matrix/state.h"

#include <fmt/format.h>

#include "results/atomic_file.h"
#include "runners/run/run_request.h"

namespace faultline::runners {

using results::Json;

Status save(const MatrixState& state) {
    const Json json = {{"backend", state.backend},
                       {"accelerator", state.accelerator},
                       {"boot_limit", state.boot_limit},
                       {"label", state.label},
                       {"kernels", state.kernels},
                       {"releases", state.releases},
                       {"boots", state.boots},
                       {"run", to_json(state.run)},
                       {"database", state.run.database.string()},
                       {"min_effect", state.min_effect},
                       {"done", state.done},
                       {"failed", state.failed},
                       {"rebooted_from", state.rebooted_from},
                       {"measuring_in", state.measuring_in}};
    return results::write_file_atomically(state.file(), json.dump(2) + "\n");
}

Expected<MatrixState> load_matrix_state(const std::filesystem::path& directory) {
    std::error_code error;
    MatrixState state;
    state.directory = std::filesystem::absolute(directory, error);
    const auto bad = [&](const std::string& what) {
        return Error{ErrorKind::kBadInput, fmt::format("{}: {}", state.file().string(), what)};
    };
    const Expected<std::string> text = results::read_file(state.file());
    if (!text) return bad("no kernel matrix to go on with; `faultline matrix --kernels A,B` begins one");
    try {
        const Json json = Json::parse(*text);
        state.backend = json.at("backend").get<std::string>();
        state.accelerator = json.at("accelerator").get<std::string>();
        state.boot_limit = json.at("boot_limit").get<unsigned>();
        state.label = json.at("label").get<std::string>();
        state.kernels = json.at("kernels").get<std::vector<std::string>>();
        state.releases = json.at("releases").get<std::vector<std::string>>();
        state.boots = json.at("boots").get<unsigned>();
        state.min_effect = json.at("min_effect").get<double>();
        state.done = json.at("done").get<unsigned>();
        state.failed = json.at("failed").get<bool>();
        state.rebooted_from = json.at("rebooted_from").get<std::string>();
        state.measuring_in = json.at("measuring_in").get<std::string>();
        const Expected<RunOptions> run = parse_run_request(json.at("run"));
        if (!run) return bad(run.error().message);
        state.run = *run;
        state.run.database = json.at("database").get<std::string>();
    } catch (const Json::exception&) {
        return bad("damaged, or of another version of faultline; begin anew in another directory");
    }
    if (state.kernels.size() < 2 || state.releases.size() != state.kernels.size() || state.done > state.steps()) {
        return bad("damaged; begin anew in another directory");
    }
    return state;
}

}  // namespace faultline::runners
