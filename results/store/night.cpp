// The nights of a Store: what `faultline nightly` keeps beside its runs.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "results/statistics/statistics.h"
#include "results/store/store.h"

namespace faultline::results {
namespace {

constexpr std::array<std::pair<NightState, std::string_view>, 3> kStates = {
    {{NightState::kRunning, "running"}, {NightState::kComplete, "complete"}, {NightState::kAbandoned, "abandoned"}}};

std::string_view name_of(NightState state) { return kStates[static_cast<std::size_t>(state)].second; }

NightState state_of(std::string_view name) {
    const auto it = std::find_if(kStates.begin(), kStates.end(), [&](const auto& s) { return s.second == name; });
    return it == kStates.end() ? NightState::kAbandoned : it->first;
}

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// The median of each metric over the repetitions that have it, as if there had been one repetition.
BenchmarkResult reduced(BenchmarkResult result) {
    for (std::vector<double>& row : result.values) {
        std::vector<double> present;
        for (std::size_t r = 0; r < row.size(); ++r) {
            if (result.errors[r].empty() && !std::isnan(row[r])) present.push_back(row[r]);
        }
        row = {present.empty() ? std::nan("") : median_in_place(present)};
    }
    result.errors = {""};
    return result;
}

bool has_a_good_repetition(const BenchmarkResult& result) {
    return std::any_of(result.errors.begin(), result.errors.end(), [](const std::string& e) { return e.empty(); });
}

}  // namespace

Expected<NightId> Store::begin_night(const std::string& started_utc, const Json& request) {
    FL_ASSIGN_OR_RETURN(
        const auto insert,
        database_->cached(
            "INSERT INTO night (started_utc, state, request, verdict) VALUES (?1, 'running', ?2, 'null')"));
    FL_RETURN_IF_ERROR(insert->bind(1, started_utc).bind(2, text_of(request)).run());
    return NightId{database_->last_row_id()};
}

Status Store::count_resume(NightId night) {
    FL_ASSIGN_OR_RETURN(const auto update, database_->cached("UPDATE night SET resumes = resumes + 1 WHERE id = ?1"));
    return update->bind(1, night.number).run();
}

Status Store::end_night(NightId night, NightState state, const Json& verdict, const std::vector<Step>& steps) {
    return atomically([&]() -> Status {
        FL_ASSIGN_OR_RETURN(
            const auto insert,
            database_->cached("INSERT INTO step (night_id, first_night_id, benchmark_id, metric, before, after, worse)"
                              " SELECT ?1, ?2, id, ?4, ?5, ?6, ?7 FROM benchmark WHERE name = ?3"));
        for (const Step& step : steps) {
            FL_RETURN_IF_ERROR(insert->bind(1, night.number)
                                   .bind(2, step.first_night.number)
                                   .bind(3, step.benchmark)
                                   .bind(4, step.metric)
                                   .bind(5, step.before)
                                   .bind(6, step.after)
                                   .bind(7, std::int64_t{step.worse})
                                   .run());
        }
        FL_ASSIGN_OR_RETURN(const auto update,
                            database_->cached("UPDATE night SET state = ?2, verdict = ?3 WHERE id = ?1"));
        return update->bind(1, night.number).bind(2, name_of(state)).bind(3, text_of(verdict)).run();
    });
}

Status Store::assign(RunId run, NightId night) {
    FL_ASSIGN_OR_RETURN(const auto update, database_->cached("UPDATE run SET night_id = ?2 WHERE id = ?1"));
    return update->bind(1, run.row).bind(2, night.number).run();
}

Expected<std::vector<NightInfo>> Store::nights() const {
    FL_ASSIGN_OR_RETURN(
        const auto select,
        database_->cached(
            "SELECT id, started_utc, state, resumes, thinned, request, verdict FROM night ORDER BY id DESC"));
    std::vector<NightInfo> nights;
    for (;;) {
        FL_ASSIGN_OR_RETURN(const auto row, select->step());
        if (!row) return nights;
        NightInfo night;
        night.id = {select->integer(0)};
        night.started_utc = select->text(1);
        night.state = state_of(select->text(2));
        night.resumes = static_cast<int>(select->integer(3));
        night.thinned = select->integer(4) != 0;
        night.request = Json::parse(select->text(5), nullptr, false);
        night.verdict = Json::parse(select->text(6), nullptr, false);
        if (night.request.is_discarded() || night.verdict.is_discarded()) {
            return Error{ErrorKind::kBadInput, path().string() + ": night " + std::to_string(night.id.number) +
                                                   " is damaged; restore a copy of the file"};
        }
        nights.push_back(std::move(night));
    }
}

Expected<std::vector<RunInfo>> Store::runs_of(NightId night) const {
    RunReference reference;
    reference.nights = {night.number};
    reference.whole_only = false;
    Expected<std::vector<RunInfo>> runs = select_runs(reference);
    if (runs) std::reverse(runs->begin(), runs->end());
    return runs;
}

Expected<std::vector<Step>> Store::steps() const {
    FL_ASSIGN_OR_RETURN(
        const auto select,
        database_->cached("SELECT benchmark.name, metric, first_night_id, before, after, worse FROM step"
                          " JOIN benchmark ON benchmark.id = benchmark_id ORDER BY step.id"));
    std::vector<Step> steps;
    for (;;) {
        FL_ASSIGN_OR_RETURN(const auto row, select->step());
        if (!row) return steps;
        steps.push_back({.benchmark = std::string(select->text(0)),
                         .metric = std::string(select->text(1)),
                         .first_night = {select->integer(2)},
                         .before = select->real(3),
                         .after = select->real(4),
                         .worse = select->integer(5) != 0});
    }
}

Status Store::thin(NightId night) {
    return atomically([&]() -> Status {
        FL_ASSIGN_OR_RETURN(const auto runs, runs_of(night));
        for (const RunInfo& run : runs) {
            std::vector<StoredResult> results;
            FL_RETURN_IF_ERROR(visit(run, {}, [&](StoredResult&& stored) { results.push_back(std::move(stored)); }));
            for (StoredResult& stored : results) {
                // What went wrong, and how often, is all that such a one has.
                if (!has_a_good_repetition(stored.result)) continue;
                const BenchmarkResult medians = reduced(std::move(stored.result));
                FL_RETURN_IF_ERROR(replace_samples(run.id, stored.process, medians));
            }
        }
        FL_ASSIGN_OR_RETURN(const auto update, database_->cached("UPDATE night SET thinned = 1 WHERE id = ?1"));
        return update->bind(1, night.number).run();
    });
}

Status Store::forget_directory(RunId run) {
    FL_ASSIGN_OR_RETURN(const auto update, database_->cached("UPDATE run SET directory = '' WHERE id = ?1"));
    return update->bind(1, run.row).run();
}

}  // namespace faultline::results
