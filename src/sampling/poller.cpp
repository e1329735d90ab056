#include "sampling/poller.h"

#include "log.h"
#include "sampling/decode.h"

#include <algorithm>
#include <utility>

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace pgrepl::sampling {

namespace {

Instant now() {
  return std::chrono::steady_clock::now();
}

session::SessionOptions options_of(const config::Sampling& sampling) {
  return {
      .connect_timeout = sampling.connect_timeout,
      .statement_timeout = sampling.statement_timeout,
      .lock_timeout = sampling.lock_timeout,
  };
}

cluster::Failure to_failure(const session::QueryError& error) {
  return {error.reason, error.message};
}

// A statement that was refused or cancelled says nothing against the server.
bool server_failed(const session::QueryError& error, const session::Session& session) {
  return error.ends_session || !session.is_open();
}

}  // namespace

Poller::Poller(
    asio::io_context& io,
    std::optional<std::string> cluster,
    config::Server server,
    const config::Sampling& sampling,
    const catalogue::Catalogue& catalogue,
    const catalogue::Switches& switches
)
    : server_(std::move(server)),
      sampling_(sampling),
      catalogue_(catalogue),
      switches_(switches),
      pause_(io),
      tick_session_(io, server_.conninfo, options_of(sampling)),
      round_session_(io, server_.conninfo, options_of(sampling)),
      state_(sampling.tick),
      place_(std::move(cluster), sampling.observers, sampling.tick),
      place_known_(io) {
}

asio::awaitable<void> Poller::tick_until_stopped() {
  while (!stopped_) {
    co_await tick_once();
    if (stopped_) {
      break;
    }
    const auto role = tick_ ? std::optional{tick_->reading.role} : std::nullopt;
    pause_.expires_at(state_.next_attempt(now(), role));
    asio::error_code cancelled;
    co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
  tick_session_.close();
  tick_ended_ = true;
}

asio::awaitable<void> Poller::tick_once() {
  if (place_.must_step_down()) {
    step_down();
  }
  if (!place_.rests(now())) {
    co_await ask_once();
  }
  place_known_.cancel();
}

asio::awaitable<void> Poller::ask_once() {
  state_.attempt_began(now());
  if (!tick_session_.is_open()) {
    place_.lost();
    auto failure = co_await connect(tick_session_);
    if (failure) {
      note_failure(std::move(*failure));
      co_return;
    }
  }
  if (!place_.is_observer()) {
    const bool has_place = co_await take_place();
    if (!has_place) {
      co_return;
    }
    place_known_.cancel();
  }
  std::vector<std::string> statements{tick_sql(tick_session_)};
  const Instant sent = now();
  const Instant deadline = sent + sampling_.timeout;
  auto results = co_await tick_session_.run(std::move(statements), deadline);
  take_tick(results.front(), sent, now());
}

asio::awaitable<std::optional<cluster::Failure>> Poller::connect(session::Session& session) {
  auto connected = co_await session.connect();
  if (!connected) {
    co_return cluster::Failure{connected.error().reason, connected.error().message};
  }
  counters_.connections_opened += 1;
  co_return std::nullopt;
}

asio::awaitable<void> Poller::run_round(Instant deadline) {
  if (round_running_ || stopped_ || state_.failure(now())) {
    co_return;
  }
  round_running_ = true;
  co_await wait_for_place(deadline);
  if (!place_.is_observer() || stopped_) {
    round_running_ = false;
    co_return;
  }
  std::optional<cluster::Failure> failure;
  if (!round_session_.is_open()) {
    failure = co_await connect(round_session_);
  }
  if (failure) {
    note_round_failure(std::move(failure));
  } else {
    co_await run_due_queries(deadline);
  }
  round_running_ = false;
}

asio::awaitable<void> Poller::learn_role(Instant deadline) {
  std::vector<std::string> statements{tick_sql(round_session_)};
  const Instant sent = now();
  auto results = co_await round_session_.run(std::move(statements), deadline);
  take_tick(results.front(), sent, now());
}

asio::awaitable<void> Poller::run_due_queries(Instant deadline) {
  if (!tick_) {
    co_await learn_role(deadline);
  }
  auto due = select_queries(now());
  due = co_await apply_predicates(std::move(due), deadline);
  catalogue::Batch batch =
      catalogue::make_batch(tick_sql(round_session_), due, sampling_.statement_timeout);
  std::vector<std::string> statements = std::move(batch.statements);
  const Instant sent = now();
  auto results = co_await round_session_.run(std::move(statements), deadline);
  take_round(due, batch, std::move(results), sent);
}

// Costs a round trip of its own, when there are predicates to ask.
asio::awaitable<std::vector<catalogue::DueQuery>> Poller::apply_predicates(
    std::vector<catalogue::DueQuery> due, Instant deadline
) {
  const Instant asked = now();
  const auto open = predicates_.unanswered(due, asked);
  if (!open.empty()) {
    catalogue::Batch batch = catalogue::make_predicate_batch(open);
    std::vector<std::string> statements = std::move(batch.statements);
    const auto results = co_await round_session_.run(std::move(statements), deadline);
    for (std::size_t i = 0; i < open.size(); ++i) {
      predicates_.note(open[i], results[batch.places[i]], asked);
    }
  }
  std::vector<catalogue::DueQuery> runs;
  for (const catalogue::DueQuery& query : due) {
    const auto judged = predicates_.judge(*query.query);
    if (judged.verdict == PredicateAnswers::Verdict::Runs) {
      runs.push_back(query);
    } else if (judged.verdict == PredicateAnswers::Verdict::Failed) {
      take_result(*query.query, Unexpected<session::QueryError>{{.message = judged.error}}, asked);
    } else {
      collected_.erase(query.query->name);
    }
  }
  co_return runs;
}

void Poller::stop() {
  stopped_ = true;
  pause_.cancel();
  place_known_.cancel();
  // Whatever waits for an answer is woken by the end of its connection.
  tick_session_.close();
  round_session_.close();
}

cluster::ServerSample Poller::sample(Instant at) const {
  cluster::ServerSample sample{
      .name = server_.name,
      .endpoint = server_.conninfo.endpoint,
      .addresses = tick_session_.addresses(),
      .tick = tick_,
      .facts = facts_,
      .slots = slots_,
      .archiver = archiver_,
      .totals = totals_,
      .sessions = sessions_,
      .failure = round_failure_,
      .left_to_others = place_.is_left_to_others(),
      .seen_postmaster_start_time = seen_start_time_,
  };
  if (auto failure = state_.failure(at)) {
    sample.failure = std::move(failure);
    sample.left_to_others = false;
    sample.tick.reset();
    sample.slots.clear();
    sample.archiver.reset();
    sample.totals.reset();
    sample.sessions.clear();
  }
  return sample;
}

catalogue::ServerProfile Poller::profile() const {
  catalogue::ServerProfile profile{.version = round_session_.version(), .role = std::nullopt};
  if (tick_) {
    const bool primary = tick_->reading.role == cluster::Role::Primary;
    profile.role = primary ? catalogue::Role::Primary : catalogue::Role::Standby;
  }
  return profile;
}

std::vector<catalogue::DueQuery> Poller::select_queries(Instant at) {
  const catalogue::ServerProfile profile = this->profile();
  // After a failover, what was asked of the other role is of no use.
  std::erase_if(collected_, [&](const auto& kept) {
    return !catalogue::applies(*kept.second.query, profile, switches_);
  });
  return catalogue::select_due(catalogue_, profile, switches_, last_runs_, at);
}

void Poller::take_tick(const session::QueryResult& result, Instant sent, Instant received) {
  if (place_.is_left_to_others()) {
    return;
  }
  if (!result) {
    note_failure(to_failure(result.error()));
    return;
  }
  auto reading = decode_tick(*result);
  if (!reading) {
    note_failure({pg::FailureReason::Other, reading.error()});
    return;
  }
  if (!tick_ || tick_->sent < sent) {
    tick_ = cluster::Tick{.sent = sent, .received = received, .reading = std::move(*reading)};
  }
  state_.answered(received);
}

void Poller::take_round(
    const std::vector<catalogue::DueQuery>& due,
    const catalogue::Batch& batch,
    std::vector<session::QueryResult> results,
    Instant sent
) {
  std::optional<cluster::Failure> failure;
  for (const session::QueryResult& result : results) {
    if (!result && server_failed(result.error(), round_session_)) {
      failure = to_failure(result.error());
    }
  }
  note_round_failure(std::move(failure));
  // The round's own tick is fresher than the last one of the tick's connection.
  if (results.front()) {
    if (auto reading = decode_tick(*results.front());
        reading && !state_.failure(now()) && place_.is_observer()) {
      tick_ = cluster::Tick{.sent = sent, .received = now(), .reading = std::move(*reading)};
    }
  }
  for (std::size_t i = 0; i < due.size(); ++i) {
    const std::size_t place = batch.places[i];
    take_result(*due[i].query, std::move(results[place]), sent);
    if (place < round_session_.durations().size()) {
      collected_[due[i].query->name].seconds = round_session_.durations()[place].count();
    }
  }
}

void Poller::take_result(const catalogue::Query& query, session::QueryResult result, Instant sent) {
  Collected& kept = collected_[query.name];
  const bool was_logged = kept.logged;
  kept = Collected{.query = &query};
  last_runs_[query.name] = sent;
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
      facts_ = decode_server_facts(rows, round_session_.version());
      break;
    case ReplicationSlots:
      slots_ = decode_replication_slots(rows);
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
    case Nothing:
    case Tick:
      break;
  }
}

void Poller::note_failure(cluster::Failure failure) {
  counters_.errors[failure.reason] += 1;
  const double fraction = std::generate_canonical<double, 24>(random_);
  failure.at = now();
  state_.failed(std::move(failure), now(), fraction);
  forget_readings();
}

void Poller::forget_readings() {
  tick_.reset();
  slots_.clear();
  archiver_.reset();
  totals_.reset();
  sessions_.clear();
  collected_.clear();
  last_runs_.clear();
  predicates_.clear();
}

void Poller::note_round_failure(std::optional<cluster::Failure> failure) {
  if (failure) {
    failure->at = now();
    counters_.errors[failure->reason] += 1;
    collected_.clear();
    last_runs_.clear();
  }
  round_failure_ = std::move(failure);
}

const std::string& Poller::tick_sql(const session::Session& session) const {
  const auto* tick = catalogue_.feeding(catalogue::Feeds::Tick);
  return *catalogue::variant_for(*tick, session.version());
}

}  // namespace pgrepl::sampling
