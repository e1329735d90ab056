// The part of a poller that runs the queries of a round and takes what they bring.
#include "log/log.h"
#include "sampling/decode.h"
#include "sampling/poller.h"

#include <utility>

namespace pgrepl::sampling {

asio::awaitable<void> Poller::learn_role(Instant deadline) {
  std::vector<pg::Statement> statements{tick_sql(*round_session_)};
  const Instant sent = now();
  auto results = co_await round_session_->run(std::move(statements), deadline);
  take_tick(results.front(), sent, now());
}

asio::awaitable<void> Poller::run_due_queries(Instant deadline) {
  if (!tick_) {
    co_await learn_role(deadline);
  }
  auto due = select_queries(now());
  co_await ask_predicates(*round_session_, predicates_, due, deadline);
  due = take_predicates(predicates_.sort(due));
  catalogue::Batch batch =
      catalogue::make_batch(tick_sql(*round_session_), due, sampling_.statement_timeout);
  std::vector<pg::Statement> statements = std::move(batch.statements);
  const Instant sent = now();
  auto results = co_await round_session_->run(std::move(statements), deadline);
  take_round(due, batch, std::move(results), sent);
}

asio::awaitable<void> Poller::ask_predicates(
    session::Session& session,
    PredicateAnswers& answers,
    const std::vector<catalogue::DueQuery>& due,
    Instant deadline
) {
  const Instant asked = now();
  const auto open = answers.unanswered(due, asked);
  if (open.empty()) {
    co_return;
  }
  catalogue::Batch batch = catalogue::make_predicate_batch(open);
  std::vector<pg::Statement> statements = std::move(batch.statements);
  const auto results = co_await session.run(std::move(statements), deadline);
  for (std::size_t i = 0; i < open.size(); ++i) {
    answers.note(open[i], results[batch.places[i]], asked);
  }
}

std::vector<catalogue::DueQuery> Poller::take_predicates(PredicateAnswers::Sorted sorted) {
  for (const catalogue::Query* skipped : sorted.skipped) {
    collected_.erase(skipped->name);
  }
  for (PredicateAnswers::Refused& refused : sorted.failed) {
    session::QueryError error{.message = std::move(refused.error)};
    take_result(*refused.query, Unexpected<session::QueryError>{std::move(error)}, now());
  }
  return std::move(sorted.run);
}

void Poller::take_round(
    const std::vector<catalogue::DueQuery>& due,
    const catalogue::Batch& batch,
    std::vector<session::QueryResult> results,
    Instant sent
) {
  std::optional<cluster::Failure> failure;
  for (const session::QueryResult& result : results) {
    // A statement that was refused or cancelled says nothing against the server.
    if (!result && result.error().ends_session) {
      failure = cluster::Failure{result.error().reason, result.error().message};
    }
  }
  note_round_failure(std::move(failure));
  // The round's own tick is fresher than the last one of the tick's connection.
  if (results.front()) {
    if (auto reading = decode_tick(*results.front()); reading && !state_.failure(now()) &&
                                                      place_.is_observer() &&
                                                      (!tick_ || tick_->sent < sent)) {
      // It was the first answer of many; the others may have taken long.
      const auto& took = round_session_->durations();
      const Instant received =
          took.empty() ? now() : sent + std::chrono::duration_cast<Instant::duration>(took.front());
      tick_ = cluster::Tick{.sent = sent, .received = received, .reading = std::move(*reading)};
    }
  }
  for (std::size_t i = 0; i < due.size(); ++i) {
    const std::size_t place = batch.places[i];
    take_result(*due[i].query, std::move(results[place]), sent);
    if (place < round_session_->durations().size()) {
      collected_[due[i].query->name].seconds = round_session_->durations()[place].count();
    }
  }
}

void Poller::take_result(const catalogue::Query& query, session::QueryResult result, Instant sent) {
  Collected& kept = collected_[query.name];
  const bool was_logged = kept.logged;
  kept = Collected{.query = &query};
  // What the loss of the connection cost an answer is asked again as soon as there is one.
  if (result || !round_failure_) {
    last_runs_[query.name] = sent;
  }
  if (!result) {
    kept.error = result.error().message;
    kept.logged = true;
    counters_.errors[result.error().reason] += 1;
    if (!was_logged && !round_failure_) {
      log::write(
          log::Level::Warning,
          "sampling",
          "query failed",
          {{"server", server_.name}, {"query", query.name}, {"reason", kept.error}}
      );
    }
    return;
  }
  feed_model(query.feeds, *result, sent);
  kept.rows = std::move(*result);
}

void Poller::feed_model(catalogue::Feeds feeds, const pg::ResultSet& rows, Instant sent) {
  using enum catalogue::Feeds;
  switch (feeds) {
    case ServerFacts:
      facts_ = decode_server_facts(rows, round_session_->version());
      break;
    case ReplicationSlots:
      slots_ = decode_replication_slots(rows);
      slots_read_at_ = sent;
      break;
    case Archiver:
      archiver_ = decode_archiver(rows);
      break;
    case DatabaseTotals:
      totals_ = decode_database_totals(rows, sent);
      break;
    case Sessions:
      sessions_ = decode_sessions(rows);
      break;
    case WalFiles:
      wal_files_ = decode_wal_files(rows);
      break;
    case SyncWaits:
      sync_waits_ = decode_sync_waits(rows, sent);
      break;
    case Nothing:
    case Tick:
      break;
  }
}

}  // namespace pgrepl::sampling
