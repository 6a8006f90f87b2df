#include "results/store/store.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstring>
#include <random>

#include "results/store/schema.h"

namespace faultline::results {
namespace {

static_assert(std::endian::native == std::endian::little, "samples are stored little-endian");

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string facts_text(const std::map<std::string, std::string>& facts) { return dump(Json(facts)); }

std::string fact(const std::map<std::string, std::string>& facts, const char* key) {
    const auto it = facts.find(key);
    return it == facts.end() ? "" : it->second;
}

std::vector<std::uint8_t> pack(const BenchmarkResult& result) {
    std::vector<std::uint8_t> bytes;
    bytes.reserve(result.metrics.size() * result.repetitions() * sizeof(double));
    for (const std::vector<double>& row : result.values) {
        const auto* begin = reinterpret_cast<const std::uint8_t*>(row.data());
        bytes.insert(bytes.end(), begin, begin + row.size() * sizeof(double));
    }
    return bytes;
}

}  // namespace

std::string draw_run_uid() {
    std::random_device source;
    const std::uint64_t high = source();  // it gives 32 bits a call
    return fmt::format("{:016x}", high << 32 | source());
}

std::string to_string(RunState state) {
    static constexpr std::array kNames = {"running", "complete", "interrupted"};
    return kNames[static_cast<std::size_t>(state)];
}

std::map<std::string, std::string> facts_of(const Json& context) {
    std::map<std::string, std::string> facts;
    for (const auto& [key, value] : context.items()) {
        // Each run has its own: with these, no two runs would share an environment.
        if (key == "date" || key == "executable" || key == "clock_ns_per_cycle") continue;
        if (value.is_string()) facts[key] = value.get<std::string>();
    }
    const auto processors = context.find("num_cpus");
    if (processors != context.end() && processors->is_number_integer()) facts["num_cpus"] = processors->dump();
    return facts;
}

Expected<Store> Store::open(const std::filesystem::path& path, Database::Mode mode) {
    Expected<std::unique_ptr<Database>> database = Database::open(path, mode);
    if (!database) return database.error();
    FL_RETURN_IF_ERROR(migrate(**database, schema_migrations()));
    return Store(*std::move(database));
}

// Looks first and inserts then, which is right only inside a transaction: it holds the write lock from its beginning,
// so that no other writer inserts the same value in between.
Expected<std::int64_t> Store::id_of(const char* insert, const char* select, const std::string& value) {
    FL_ASSIGN_OR_RETURN(const auto find, database_->cached(select));
    FL_ASSIGN_OR_RETURN(const auto known, find->bind(1, value).step());
    if (known) {
        const std::int64_t id = find->integer(0);
        // To its end: a statement that stays open holds on to the file as it was.
        FL_RETURN_IF_ERROR(find->step());
        return id;
    }
    FL_ASSIGN_OR_RETURN(const auto add, database_->cached(insert));
    FL_RETURN_IF_ERROR(add->bind(1, value).run());
    return database_->last_row_id();
}

Expected<RunId> Store::begin_run(const NewRun& run) {
    RunId id;
    const Status status = atomically([&]() -> Status {
        const auto facts = facts_of(run.context);
        FL_ASSIGN_OR_RETURN(const auto environment,
                            id_of("INSERT INTO environment (facts) VALUES (?1)",
                                  "SELECT id FROM environment WHERE facts = ?1", facts_text(facts)));
        FL_ASSIGN_OR_RETURN(
            const auto insert,
            database_->cached(
                "INSERT INTO run (uid, label, suite, started_utc, seconds, state, directory, work_directory, "
                "environment_id,"
                " kernel, device, policy, model) VALUES (?1, ?2, ?3, ?4, 0, 'running', ?5, '', ?6, ?7, ?8, ?9, ?10)"));
        const std::string directory = run.directory.empty() ? "" : directory_key(run.directory).string();
        FL_RETURN_IF_ERROR(insert->bind(1, run.uid)
                               .bind(2, run.label)
                               .bind(3, run.suite)
                               .bind(4, run.started_utc)
                               .bind(5, directory)
                               .bind(6, environment)
                               .bind(7, fact(facts, "env_kernel_release"))
                               .bind(8, fact(facts, "device"))
                               .bind(9, fact(facts, "policy"))
                               .bind(10, fact(facts, "model"))
                               .run());
        id.row = database_->last_row_id();
        FL_ASSIGN_OR_RETURN(const auto detail,
                            database_->cached("INSERT INTO run_detail (run_id, request, context) VALUES (?1, ?2, ?3)"));
        return detail->bind(1, id.row).bind(2, dump(run.request)).bind(3, dump(run.context)).run();
    });
    if (!status) return status.error();
    return id;
}

Status Store::set_context(RunId run, const Json& context) {
    return atomically([&]() -> Status {
        const auto facts = facts_of(context);
        FL_ASSIGN_OR_RETURN(const auto environment,
                            id_of("INSERT INTO environment (facts) VALUES (?1)",
                                  "SELECT id FROM environment WHERE facts = ?1", facts_text(facts)));
        FL_ASSIGN_OR_RETURN(
            const auto update,
            database_->cached(
                "UPDATE run SET environment_id = ?2, kernel = ?3, device = ?4, policy = ?5, model = ?6 WHERE id = ?1"));
        FL_RETURN_IF_ERROR(update->bind(1, run.row)
                               .bind(2, environment)
                               .bind(3, fact(facts, "env_kernel_release"))
                               .bind(4, fact(facts, "device"))
                               .bind(5, fact(facts, "policy"))
                               .bind(6, fact(facts, "model"))
                               .run());
        FL_ASSIGN_OR_RETURN(const auto detail,
                            database_->cached("UPDATE run_detail SET context = ?2 WHERE run_id = ?1"));
        return detail->bind(1, run.row).bind(2, dump(context)).run();
    });
}

Status Store::set_work_directory(RunId run, const std::filesystem::path& work) {
    // A run that is resumed is under way again.
    FL_ASSIGN_OR_RETURN(const auto update,
                        database_->cached("UPDATE run SET state = 'running', work_directory = ?2 WHERE id = ?1"));
    return update->bind(1, run.row).bind(2, directory_key(work).string()).run();
}

Status Store::end_run(RunId run, RunState state, double seconds, const std::filesystem::path& directory) {
    FL_ASSIGN_OR_RETURN(
        const auto update,
        database_->cached(
            "UPDATE run SET state = ?2, seconds = ?3, directory = ?4, work_directory = '' WHERE id = ?1"));
    const std::string key = directory.empty() ? "" : directory_key(directory).string();
    return update->bind(1, run.row).bind(2, to_string(state)).bind(3, seconds).bind(4, key).run();
}

Expected<ProcessId> Store::begin_process(RunId run, const std::string& boot, const FamilyRecord& family) {
    FL_ASSIGN_OR_RETURN(
        const auto insert,
        database_->cached("INSERT INTO process (run_id, boot, family, command, state, detail, planned, failed, seconds)"
                          " VALUES (?1, ?2, ?3, ?4, 'running', '', ?5, 0, 0)"));
    const Status inserted = insert->bind(1, run.row)
                                .bind(2, boot)
                                .bind(3, family.family)
                                .bind(4, dump(Json(family.command)))
                                .bind(5, static_cast<std::int64_t>(family.benchmarks))
                                .run();
    if (!inserted) return inserted.error();
    return ProcessId{database_->last_row_id()};
}

Status Store::end_process(ProcessId process, const FamilyRecord& family) {
    FL_ASSIGN_OR_RETURN(
        const auto update,
        database_->cached("UPDATE process SET state = ?2, detail = ?3, failed = ?4, seconds = ?5 WHERE id = ?1"));
    return update->bind(1, process.row)
        .bind(2, family.state)
        .bind(3, family.detail)
        .bind(4, static_cast<std::int64_t>(family.failed))
        .bind(5, family.seconds)
        .run();
}

Status Store::add_result(RunId run, ProcessId process, const BenchmarkResult& result) {
    return atomically([&]() -> Status {
        FL_ASSIGN_OR_RETURN(const auto benchmark, id_of("INSERT INTO benchmark (name) VALUES (?1)",
                                                        "SELECT id FROM benchmark WHERE name = ?1", result.name));
        FL_ASSIGN_OR_RETURN(const auto layout,
                            id_of("INSERT INTO layout (metrics) VALUES (?1)",
                                  "SELECT id FROM layout WHERE metrics = ?1", dump(Json(result.metrics))));
        FL_ASSIGN_OR_RETURN(
            const auto insert,
            database_->cached(
                "INSERT INTO result (run_id, benchmark_id, process_id, threads, time_unit, label, errors, layout_id,"
                " repetitions, samples) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"));
        FL_RETURN_IF_ERROR(insert->bind(1, run.row)
                               .bind(2, benchmark)
                               .bind(3, process.row)
                               .bind(4, static_cast<std::int64_t>(result.threads))
                               .bind(5, result.time_unit)
                               .bind(6, result.label)
                               .bind_optional(7, result.failed() || result.skipped() ? dump(Json(result.errors)) : "")
                               .bind(8, layout)
                               .bind(9, static_cast<std::int64_t>(result.repetitions()))
                               .bind_blob(10, pack(result))
                               .run());
        if (!result.latency.empty()) {
            const std::int64_t id = database_->last_row_id();
            FL_ASSIGN_OR_RETURN(const auto latency,
                                database_->cached("INSERT INTO latency (result_id, distribution) VALUES (?1, ?2)"));
            FL_RETURN_IF_ERROR(latency->bind(1, id).bind_blob(2, result.latency.encode()).run());
        }
        // Counted with the result, so that a list of runs need not, and never differs from what is there.
        FL_ASSIGN_OR_RETURN(
            const auto count,
            database_->cached("UPDATE run SET benchmarks = benchmarks + 1, failed = failed + ?2 WHERE id = ?1"));
        return count->bind(1, run.row).bind(2, static_cast<std::int64_t>(result.failed() ? 1 : 0)).run();
    });
}

Status Store::replace_samples(RunId run, std::int64_t process, const BenchmarkResult& result) {
    FL_ASSIGN_OR_RETURN(
        const auto update,
        database_->cached(
            "UPDATE result SET repetitions = ?4, errors = NULL, samples = ?5 WHERE run_id = ?1 AND process_id = ?2"
            " AND benchmark_id = (SELECT id FROM benchmark WHERE name = ?3)"));
    return update->bind(1, run.row)
        .bind(2, process)
        .bind(3, result.name)
        .bind(4, static_cast<std::int64_t>(result.repetitions()))
        .bind_blob(5, pack(result))
        .run();
}

}  // namespace faultline::results
