// Which runs of a Store a reference means, and what to say where it means none or too many.
#include <fmt/format.h>

#include <optional>

#include "results/store/store.h"

namespace faultline::results {
namespace {

constexpr std::string_view kRunColumns =
    "SELECT id, uid, label, suite, started_utc, seconds, state, directory, work_directory, kernel, device, policy, "
    "model,"
    " environment_id, benchmarks, failed FROM run";

RunInfo run_of(const Statement& row) {
    const auto text = [&](int column) { return std::string(row.text(column)); };
    RunInfo run;
    run.id = {row.integer(0)};
    run.uid = text(1);
    run.label = text(2);
    run.suite = text(3);
    run.started_utc = text(4);
    run.seconds = row.real(5);
    const std::string state = text(6);
    run.state = state == "complete"      ? RunState::kComplete
                : state == "interrupted" ? RunState::kInterrupted
                                         : RunState::kRunning;
    run.directory = text(7);
    run.work_directory = text(8);
    run.kernel = text(9);
    run.device = text(10);
    run.policy = text(11);
    run.model = text(12);
    run.environment = row.integer(13);
    run.benchmarks = row.integer(14);
    run.failed = row.integer(15);
    return run;
}

/// GLOB where the user wrote a wildcard; elsewhere names are taken as they are, brackets included.
const char* comparison(const std::string& value) {
    return value.find_first_of("*?") == std::string::npos ? "=" : "GLOB";
}

std::string glob_of(const std::string& value) {
    if (value.find_first_of("*?") == std::string::npos) return value;
    std::string pattern;
    for (const char c : value) pattern += c == '[' ? "[[]" : std::string(1, c);
    return pattern;
}

}  // namespace

Expected<std::vector<RunInfo>> Store::select_runs(const RunReference& reference) const {
    std::string where = reference.whole_only && !reference.names_single_runs() ? " state = 'complete'" : " 1";
    std::vector<std::string> values;
    const auto add = [&](const char* column, const char* compare, std::string value) {
        values.push_back(std::move(value));
        where += fmt::format(" AND {} {} ?{}", column, compare, values.size());
    };
    for (const std::string& id : reference.ids) add("uid", "GLOB", id + "*");
    for (const auto& directory : reference.directories) {
        values.push_back(directory.string());
        // A run that was killed has its files still in the work directory.
        where += fmt::format(" AND (directory = ?{0} OR work_directory = ?{0})", values.size());
    }
    for (const std::string& label : reference.labels) add("label", comparison(label), glob_of(label));
    for (const std::string& kernel : reference.kernels) add("kernel", comparison(kernel), glob_of(kernel));
    for (const std::string& policy : reference.policies) add("policy", comparison(policy), glob_of(policy));
    for (const std::int64_t night : reference.nights) where += fmt::format(" AND night_id = {}", night);
    FL_ASSIGN_OR_RETURN(auto select, database_->prepare(fmt::format(
                                         "{} WHERE{} ORDER BY started_utc DESC, id DESC LIMIT {}", kRunColumns, where,
                                         reference.last ? std::to_string(*reference.last) : "-1")));
    for (std::size_t i = 0; i < values.size(); ++i) select.bind(static_cast<int>(i) + 1, values[i]);
    std::vector<RunInfo> runs;
    for (;;) {
        FL_ASSIGN_OR_RETURN(const auto row, select.step());
        if (!row) return runs;
        runs.push_back(run_of(select));
    }
}

Error Store::not_found(const RunReference& reference) const {
    const std::string text = fmt::format("no stored run matches \"{}\"", reference.text);
    if (!reference.directories.empty()) {
        const std::string directory = reference.directories[0].string();
        return {ErrorKind::kBadInput,
                fmt::format("{}: not in {}; `faultline import {}` adds it", directory, path().string(), directory)};
    }
    const char* column = !reference.labels.empty()     ? "label"
                         : !reference.kernels.empty()  ? "kernel"
                         : !reference.policies.empty() ? "policy"
                                                       : nullptr;
    std::string hint = "see `faultline runs`";
    if (column != nullptr) {
        // The newest few, since the one that was meant is likely among them.
        Expected<Statement> select =
            database_->prepare(fmt::format("SELECT {0} FROM run WHERE {0} <> '' AND state = 'complete' GROUP BY {0}"
                                           " ORDER BY max(started_utc) DESC LIMIT 5",
                                           column));
        std::string known;
        while (select) {
            const Expected<bool> row = select->step();
            if (!row || !*row) break;
            known += (known.empty() ? "" : ", ") + std::string(select->text(0));
        }
        if (!known.empty()) hint = fmt::format("the newest {}s are: {}", column, known);
    }
    return {ErrorKind::kBadInput, fmt::format("{}: {}; {}", path().string(), text, hint)};
}

Expected<std::vector<RunInfo>> Store::find(const RunReference& reference) const {
    for (const std::string& id : reference.ids) {
        RunReference single;
        single.ids = {id};
        const Expected<std::vector<RunInfo>> matches = select_runs(single);
        if (!matches) return matches.error();
        if (matches->size() > 1) {
            return Error{
                ErrorKind::kBadInput,
                fmt::format("run \"{}\" is ambiguous: {} runs begin so, {} and {} among them; give more digits", id,
                            matches->size(), (*matches)[0].uid, (*matches)[1].uid)};
        }
    }
    Expected<std::vector<RunInfo>> runs = select_runs(reference);
    if (runs && runs->empty() && !reference.text.empty()) return not_found(reference);
    return runs;
}

Expected<RunInfo> Store::find_one(const RunReference& reference) const {
    const Expected<std::vector<RunInfo>> runs = find(reference);
    if (!runs) return runs.error();
    if (runs->empty()) return Error{ErrorKind::kBadInput, fmt::format("{}: no run is stored", path().string())};
    if (runs->size() > 1) {
        return Error{ErrorKind::kBadInput,
                     fmt::format("\"{}\" means {} runs where one is needed; add last:1 for the newest", reference.text,
                                 runs->size())};
    }
    return runs->front();
}

Expected<std::optional<RunInfo>> Store::find_uid(const std::string& uid) const {
    RunReference reference;
    reference.ids = {uid};
    const Expected<std::vector<RunInfo>> runs = select_runs(reference);
    if (!runs) return runs.error();
    if (runs->empty()) return std::optional<RunInfo>();
    return std::optional(runs->front());
}

}  // namespace faultline::results
