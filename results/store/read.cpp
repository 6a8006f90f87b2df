// What a run holds, read from a Store. Whatever a damaged file holds ends in an Error, never in a crash.
#include <fmt/format.h>

#include <cstring>
#include <optional>

#include "results/store/store.h"

namespace faultline::results {
namespace {

std::optional<Json> parse(std::string_view text) {
    Json json = Json::parse(text, nullptr, false);
    return json.is_discarded() ? std::nullopt : std::optional(std::move(json));
}

std::optional<std::vector<std::string>> strings_of(std::string_view text) {
    const std::optional<Json> json = parse(text);
    if (!json || !json->is_array()) return std::nullopt;
    std::vector<std::string> strings;
    for (const Json& element : *json) {
        if (!element.is_string()) return std::nullopt;
        strings.push_back(element.get<std::string>());
    }
    return strings;
}

Error damaged(const Database& database, const std::string& what) {
    return {ErrorKind::kBadInput,
            fmt::format("{}: {} is damaged; restore a copy, or salvage it with sqlite3's .recover",
                        database.path().string(), one_line(what))};
}

/// The rows of [metric][repetition], or nothing where the sizes do not fit.
std::optional<std::vector<std::vector<double>>> unpack(std::span<const std::uint8_t> bytes, std::size_t metrics,
                                                       std::size_t repetitions) {
    // Divided, since a damaged number of repetitions could overflow the product.
    if (metrics == 0 || repetitions == 0) {
        return bytes.empty() ? std::optional(std::vector<std::vector<double>>(metrics)) : std::nullopt;
    }
    if (bytes.size() % (metrics * sizeof(double)) != 0) return std::nullopt;
    if (bytes.size() / (metrics * sizeof(double)) != repetitions) return std::nullopt;
    std::vector<std::vector<double>> values(metrics, std::vector<double>(repetitions));
    for (std::size_t m = 0; m < metrics; ++m) {
        std::memcpy(values[m].data(), bytes.data() + m * repetitions * sizeof(double), repetitions * sizeof(double));
    }
    return values;
}

}  // namespace

Expected<Json> Store::context_of(RunId run) const {
    FL_ASSIGN_OR_RETURN(auto select, database_->prepare("SELECT context FROM run_detail WHERE run_id = ?1"));
    FL_ASSIGN_OR_RETURN(const auto row, select.bind(1, run.row).step());
    const std::optional<Json> context = row ? parse(select.text(0)) : std::nullopt;
    if (!context || !context->is_object()) return damaged(*database_, "the context of a run");
    return *context;
}

Expected<std::map<std::string, std::string>> Store::environment_of(const RunInfo& run) const {
    FL_ASSIGN_OR_RETURN(auto select, database_->prepare("SELECT facts FROM environment WHERE id = ?1"));
    FL_ASSIGN_OR_RETURN(const auto row, select.bind(1, run.environment).step());
    const std::optional<Json> facts = row ? parse(select.text(0)) : std::nullopt;
    if (!facts || !facts->is_object()) return damaged(*database_, "the environment of a run");
    std::map<std::string, std::string> environment;
    for (const auto& [key, value] : facts->items()) {
        if (!value.is_string()) return damaged(*database_, "the environment of a run");
        environment[key] = value.get<std::string>();
    }
    return environment;
}

Expected<Json> Store::request_of(RunId run) const {
    FL_ASSIGN_OR_RETURN(auto select, database_->prepare("SELECT request FROM run_detail WHERE run_id = ?1"));
    FL_ASSIGN_OR_RETURN(const auto row, select.bind(1, run.row).step());
    std::optional<Json> request = row ? parse(select.text(0)) : std::nullopt;
    if (!request) return damaged(*database_, "the request of a run");
    return *std::move(request);
}

Expected<std::vector<StoredProcess>> Store::processes_of(RunId run) const {
    FL_ASSIGN_OR_RETURN(
        auto select,
        database_->prepare(
            "SELECT id, boot, family, command, state, detail, planned, failed, seconds FROM process WHERE run_id = ?1"
            " ORDER BY id"));
    select.bind(1, run.row);
    std::vector<StoredProcess> processes;
    for (;;) {
        FL_ASSIGN_OR_RETURN(const auto row, select.step());
        if (!row) return processes;
        const auto command = strings_of(select.text(3));
        if (!command) return damaged(*database_, "a process of a run");
        StoredProcess process;
        process.id = {select.integer(0)};
        process.boot = select.text(1);
        process.family.family = select.text(2);
        process.family.command = *command;
        process.family.state = select.text(4);
        process.family.detail = select.text(5);
        process.family.benchmarks = static_cast<std::size_t>(select.integer(6));
        process.family.failed = static_cast<std::size_t>(select.integer(7));
        process.family.seconds = select.real(8);
        processes.push_back(std::move(process));
    }
}

Expected<std::set<std::string>> Store::benchmarks_of(RunId run) const {
    FL_ASSIGN_OR_RETURN(
        auto select,
        database_->prepare("SELECT name FROM result JOIN benchmark ON benchmark.id = benchmark_id WHERE run_id = ?1"));
    select.bind(1, run.row);
    std::set<std::string> names;
    for (;;) {
        FL_ASSIGN_OR_RETURN(const auto row, select.step());
        if (!row) return names;
        names.emplace(select.text(0));
    }
}

Status Store::visit(const RunInfo& run, const ResultFilter& filter,
                    const std::function<void(StoredResult&&)>& take) const {
    // Without the filter the condition on the benchmark must not be there, or it would choose the index.
    const std::string sql = fmt::format(
        "SELECT benchmark.name, process_id, process.boot, threads, time_unit, result.label, errors, layout_id, "
        "repetitions,"
        " samples, layout.metrics{} FROM result JOIN benchmark ON benchmark.id = benchmark_id"
        " JOIN process ON process.id = process_id JOIN layout ON layout.id = layout_id{}"
        " WHERE result.run_id = ?1{} ORDER BY result.id",
        filter.latencies ? ", latency.distribution" : "",
        filter.latencies ? " LEFT JOIN latency ON latency.result_id = result.id" : "",
        filter.benchmark.empty() ? "" : " AND benchmark_id = (SELECT id FROM benchmark WHERE name = ?2)");
    FL_ASSIGN_OR_RETURN(const auto cached, database_->cached(sql));
    Statement* const select = cached;
    select->bind(1, run.id.row);
    if (!filter.benchmark.empty()) select->bind(2, filter.benchmark);
    std::map<std::int64_t, std::vector<std::string>> layouts;
    for (;;) {
        FL_ASSIGN_OR_RETURN(const auto row, select->step());
        if (!row) return {};
        StoredResult stored{.run = run.id, .run_uid = run.uid, .process = select->integer(1), .boot = {}, .result = {}};
        stored.boot = select->text(2);
        BenchmarkResult& result = stored.result;
        result.name = select->text(0);
        const auto bad = [&] { return damaged(*database_, fmt::format("run {}, benchmark {}", run.uid, result.name)); };
        result.threads = static_cast<int>(select->integer(3));
        result.time_unit = select->text(4);
        result.label = select->text(5);
        auto layout = layouts.find(select->integer(7));
        if (layout == layouts.end()) {
            auto metrics = strings_of(select->text(10));
            if (!metrics) return bad();
            layout = layouts.emplace(select->integer(7), *std::move(metrics)).first;
        }
        result.metrics = layout->second;
        const std::int64_t repetitions = select->integer(8);
        if (repetitions < 1 || repetitions > 1'000'000) return bad();
        auto values = unpack(select->blob(9), result.metrics.size(), static_cast<std::size_t>(repetitions));
        if (!values) return bad();
        result.values = *std::move(values);
        result.errors.resize(static_cast<std::size_t>(repetitions));
        if (!select->is_null(6)) {
            auto errors = strings_of(select->text(6));
            if (!errors || errors->size() != result.errors.size()) return bad();
            result.errors = *std::move(errors);
        }
        if (filter.latencies && !select->is_null(11)) {
            Expected<LatencyHistogram> latency = LatencyHistogram::decode(select->blob(11));
            if (!latency) return bad();
            result.latency = *std::move(latency);
        }
        take(std::move(stored));
    }
}

}  // namespace faultline::results
