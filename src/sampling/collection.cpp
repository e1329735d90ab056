#include "sampling/collection.h"

#include "catalogue/capabilities.h"
#include "sampling/decode.h"

#include <algorithm>
#include <utility>

namespace pgrepl::sampling {

namespace {

using session::QueryError;
using session::QueryResult;

// The first answer of a batch comes long before the last when a later query is slow.
Instant first_received(const BatchAnswers& answers) {
  if (answers.durations.empty()) {
    return answers.received;
  }
  const auto took = std::chrono::duration_cast<Instant::duration>(answers.durations.front());
  return std::min(answers.sent + took, answers.received);
}

constexpr std::chrono::minutes kRest{5};

// One for each row and each column that is a value, at most.
std::size_t count_series(const catalogue::Query& query, const pg::ResultSet& rows) {
  const auto is_value = [](const catalogue::Column& column) {
    return column.usage != catalogue::ColumnUsage::Label &&
           column.usage != catalogue::ColumnUsage::Discard &&
           column.usage != catalogue::ColumnUsage::Suffix;
  };
  const auto values = std::ranges::count_if(query.columns, is_value);
  const std::size_t of_row = query.rest_prefix
                                 ? rows.width()
                                 : static_cast<std::size_t>(std::max<std::ptrdiff_t>(values, 0));
  return rows.rows() * of_row;
}

std::optional<double> seconds_at(const BatchAnswers& answers, std::size_t place) {
  return place < answers.durations.size() ? std::optional{answers.durations[place].count()}
                                          : std::nullopt;
}

}  // namespace

const QueryError* find_loss(std::span<const QueryResult> results) {
  const auto lost = std::ranges::find_if(results, [](const QueryResult& result) {
    return !result && result.error().ends_session && !result.error().given_up;
  });
  return lost == results.end() ? nullptr : &lost->error();
}

const QueryError* find_end(std::span<const QueryResult> results) {
  const auto end = std::ranges::find_if(results, [](const QueryResult& result) {
    return !result && !result.error().given_up &&
           (result.error().ends_session || result.error().reason == pg::FailureReason::TooLarge);
  });
  return end == results.end() ? nullptr : &end->error();
}

Collection::Collection(SharedQueries queries, std::chrono::milliseconds tick)
    : queries_(std::move(queries)), tick_length_(tick) {
}

void Collection::use(SharedQueries queries) {
  rest_until_.clear();
  last_runs_.clear();
  predicates_.clear();
  queries_ = std::move(queries);
}

const pg::Statement* Collection::tick_sql(pg::ServerVersion version) const {
  const auto* tick = queries_->catalogue.feeding(catalogue::Feeds::Tick);
  return tick == nullptr ? nullptr : catalogue::variant_for(*tick, version);
}

catalogue::ServerProfile Collection::profile(pg::ServerVersion version) const {
  catalogue::ServerProfile profile{.version = version, .role = std::nullopt};
  if (tick_) {
    const bool primary = tick_->reading.role == cluster::Role::Primary;
    profile.role = primary ? catalogue::Role::Primary : catalogue::Role::Standby;
  }
  return profile;
}

std::vector<catalogue::DueQuery> Collection::due(pg::ServerVersion version, Instant now) {
  const catalogue::ServerProfile server = profile(version);
  std::erase_if(collected_, [&](const auto& kept) {
    return kept.second.of != queries_ ||
           !catalogue::applies(*kept.second.query, server, queries_->switches);
  });
  std::erase_if(rest_until_, [now](const auto& rests) { return rests.second <= now; });
  auto due =
      catalogue::select_due(queries_->catalogue, server, queries_->switches, last_runs_, now);
  std::erase_if(due, [this](const catalogue::DueQuery& query) {
    return rest_until_.contains(query.query->name);
  });
  return due;
}

std::vector<catalogue::DueQuery> Collection::due_walks(pg::ServerVersion version, Instant now)
    const {
  return catalogue::select_due(
      queries_->catalogue,
      profile(version),
      queries_->switches,
      last_runs_,
      now,
      catalogue::Reach::Databases
  );
}

std::vector<catalogue::DueQuery> Collection::runnable(
    const std::vector<catalogue::DueQuery>& due, Instant now
) {
  PredicateAnswers::Sorted sorted = predicates_.sort(due);
  for (const catalogue::Query* skipped : sorted.skipped) {
    collected_.erase(skipped->name);
  }
  for (PredicateAnswers::Refused& refused : sorted.failed) {
    QueryError error{.message = std::move(refused.error)};
    take_answer(*refused.query, {.result = Unexpected<QueryError>{std::move(error)}, .sent = now});
  }
  return std::move(sorted.run);
}

TickVerdict Collection::take_tick(const QueryResult& result, Instant sent, Instant received) {
  if (session::was_given_up(result) || is_of_another_time(sent)) {
    return {};
  }
  if (!result) {
    return {.failure = cluster::Failure{result.error().reason, result.error().message}};
  }
  auto reading = decode_tick(*result);
  if (!reading) {
    return {.failure = cluster::Failure{pg::FailureReason::Other, reading.error()}};
  }
  keep_tick({.sent = sent, .received = received, .reading = std::move(*reading)});
  return {.answered = true};
}

// Of two readings whose times overlap, the one that was asked for later is kept: the server read
// it no earlier than that.
void Collection::keep_tick(cluster::Tick tick) {
  if (!tick_ || tick_->sent < tick.sent) {
    tick_ = std::move(tick);
  }
}

void Collection::take_round(
    const std::vector<catalogue::DueQuery>& due, const catalogue::Batch& batch, BatchAnswers answers
) {
  if (is_of_another_time(answers.sent)) {
    return;
  }
  const bool given_up = std::ranges::any_of(answers.results, &session::was_given_up);
  if (const QueryError* lost = find_loss(answers.results)) {
    fail_round(*lost, answers.received);
  } else if (!given_up) {
    round_failure_.reset();
  }
  // What is wrong with a tick is the tick connection's to find.
  (void)take_tick(answers.results.front(), answers.sent, first_received(answers));
  for (std::size_t i = 0; i < due.size(); ++i) {
    const std::size_t place = batch.places[i];
    Answer answer{
        .result = std::move(answers.results[place]),
        .seconds = seconds_at(answers, place),
        .version = answers.version,
        .sent = answers.sent,
    };
    take_answer(*due[i].query, std::move(answer));
  }
}

void Collection::fail_round(const QueryError& error, Instant now) {
  if (error.given_up) {
    return;
  }
  round_failure_ = cluster::Failure{error.reason, error.message, now};
  round_retry_at_ = now + tick_length_ * (pg::is_lasting(error.reason) ? 10 : 1);
  errors_[error.reason] += 1;
  collected_.clear();
  last_runs_.clear();
  predicates_.clear();
}

void Collection::take_answer(const catalogue::Query& query, Answer answer) {
  if (session::was_given_up(answer.result)) {
    return;
  }
  // What the loss of the connection cost an answer is asked again as soon as there is one.
  if (answer.result || !round_failure_) {
    last_runs_[query.name] = answer.sent;
  }
  Collected kept{.query = &query, .seconds = answer.seconds, .of = queries_};
  if (!answer.result) {
    fail_answer(query, std::move(kept), answer.result.error());
    if (answer.result.error().reason == pg::FailureReason::TooLarge) {
      rest_until_[query.name] = answer.sent + kRest;
    }
    return;
  }
  kept.series = count_series(query, *answer.result);
  if (!has_room_for(query.name, kept.series)) {
    const QueryError error{
        .reason = pg::FailureReason::TooLarge,
        .message = "too_large: with it the server would have more than " +
                   std::to_string(queries_->most_series) + " series (limits.series_per_server)",
    };
    kept.series = 0;
    rest_until_[query.name] = answer.sent + kRest;
    fail_answer(query, std::move(kept), error);
    return;
  }
  feed_model(query.feeds, *answer.result, answer);
  kept.rows = std::move(*answer.result);
  collected_[query.name] = std::move(kept);
}

bool Collection::has_room_for(const std::string& query, std::size_t series) const {
  for (const auto& [name, collected] : collected_) {
    series += name == query ? 0 : collected.series;
  }
  return series <= queries_->most_series;
}

void Collection::fail_answer(const catalogue::Query& query, Collected kept, const QueryError& why) {
  errors_[why.reason] += 1;
  kept.error = why.message;
  kept.refused = catalogue::is_refusal(why.sqlstate);
  take_failure(query, std::move(kept), !round_failure_);
}

void Collection::take_failure(const catalogue::Query& query, Collected kept, bool worth_a_line) {
  Collected& before = collected_[query.name];
  if (worth_a_line && !before.logged) {
    news_.push_back({query.name, kept.error});
  }
  kept.logged = true;
  before = std::move(kept);
}

void Collection::feed_model(
    catalogue::Feeds feeds, const pg::ResultSet& rows, const Answer& answer
) {
  using enum catalogue::Feeds;
  switch (feeds) {
    case ServerFacts:
      facts_ = decode_server_facts(rows, answer.version);
      break;
    case ReplicationSlots:
      slots_ = decode_replication_slots(rows);
      slots_read_at_ = answer.sent;
      break;
    case Archiver:
      archiver_ = decode_archiver(rows);
      break;
    case DatabaseTotals:
      totals_ = decode_database_totals(rows, answer.sent);
      break;
    case Sessions:
      sessions_ = decode_sessions(rows);
      break;
    case WalFiles:
      wal_files_ = decode_wal_files(rows);
      break;
    case SyncWaits:
      sync_waits_ = decode_sync_waits(rows, answer.sent);
      break;
    case Nothing:
    case Tick:
      break;
  }
}

void Collection::take_walk(std::vector<WalkedQuery> walked) {
  for (WalkedQuery& brought : walked) {
    if (is_of_another_time(brought.began)) {
      continue;
    }
    const std::string& name = brought.query->name;
    last_runs_[name] = brought.began;
    Collected kept{.query = brought.query, .rows = std::move(brought.rows), .of = queries_};
    if (brought.error.empty()) {
      collected_[name] = std::move(kept);
    } else {
      kept.error = std::move(brought.error);
      take_failure(*brought.query, std::move(kept), true);
    }
  }
}

void Collection::forget(Instant now) {
  forgotten_at_ = now;
  tick_.reset();
  slots_.clear();
  archiver_.reset();
  totals_.reset();
  sessions_.clear();
  slots_read_at_.reset();
  wal_files_.reset();
  sync_waits_ = {};
  collected_.clear();
  last_runs_.clear();
  predicates_.clear();
}

void Collection::describe(cluster::ServerSample& sample) const {
  sample.tick = tick_;
  sample.facts = facts_;
  sample.slots = slots_;
  sample.archiver = archiver_;
  sample.totals = totals_;
  sample.sessions = sessions_;
  sample.slots_read_at = slots_read_at_;
  sample.wal_files = wal_files_;
  sample.sync_waits = sync_waits_;
}

std::vector<NewFailure> Collection::take_news() {
  return std::exchange(news_, {});
}

}  // namespace pgrepl::sampling
