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

cluster::Failure to_failure(const session::QueryError& error) {
  return {error.reason, error.message};
}

// A statement that was refused or cancelled says nothing against the server.
bool server_failed(const session::QueryError& error, const session::Session& session) {
  return error.ends_session || !session.is_open();
}

// The connection was lost, and not for want of an answer.
bool is_stale(const session::QueryResult& result, const session::Session& session) {
  return !result && server_failed(result.error(), session) &&
         result.error().reason != pg::FailureReason::Timeout;
}

}  // namespace

Poller::Poller(
    asio::io_context& io,
    config::Server server,
    const config::Sampling& sampling,
    SharedQueries queries
)
    : io_(io),
      server_(std::move(server)),
      sampling_(sampling),
      queries_(std::move(queries)),
      pause_(io),
      tick_session_(io, server_.conninfo, session_options()),
      round_session_(io, server_.conninfo, session_options()),
      walk_pause_(io),
      state_(sampling.tick),
      credentials_(server_.conninfo) {
}

session::SessionOptions Poller::session_options() const {
  return {
      .connect_timeout = sampling_.connect_timeout,
      .statement_timeout = sampling_.statement_timeout,
      .lock_timeout = sampling_.lock_timeout,
  };
}

asio::awaitable<void> Poller::tick_until_stopped() {
  while (!stopped_) {
    co_await tick_once();
    if (stopped_) {
      break;
    }
    const auto role = tick_ ? std::optional{tick_->reading.role} : std::nullopt;
    const Instant next = state_.next_attempt(now(), role);
    co_await pause_until(next);
  }
  tick_session_.close();
  tick_ended_ = true;
}

// A server that refused the password is left alone for long, but not once the password's file has
// changed.
asio::awaitable<void> Poller::pause_until(Instant next) {
  while (!stopped_ && now() < next && !has_new_credentials()) {
    pause_.expires_at(credentials_.in_file() ? std::min(next, now() + sampling_.tick) : next);
    asio::error_code cancelled;
    co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
}

bool Poller::has_new_credentials() const {
  const auto failure = state_.failure(now());
  return failure && failure->reason == pg::FailureReason::Auth && credentials_.changed();
}

// A connection that a server or a firewall ended since the last tick says nothing against the
// server: whether it answers is known once a new one was tried.
asio::awaitable<void> Poller::tick_once() {
  state_.attempt_began(now());
  const bool kept = tick_session_.is_open();
  auto answer = co_await ask_tick();
  if (kept && is_stale(answer.result, tick_session_) && !stopped_) {
    answer = co_await ask_tick();
  }
  take_tick(answer.result, answer.sent, answer.received);
}

asio::awaitable<Poller::TickAnswer> Poller::ask_tick() {
  if (!tick_session_.is_open()) {
    auto failure = co_await connect(tick_session_);
    if (failure) {
      session::QueryError error{.reason = failure->reason, .message = std::move(failure->message)};
      TickAnswer refused{Unexpected<session::QueryError>{std::move(error)}, now(), now()};
      co_return refused;
    }
  }
  std::vector<std::string> statements{tick_sql(tick_session_)};
  const Instant sent = now();
  const Instant deadline = sent + sampling_.timeout;
  auto results = co_await tick_session_.run(std::move(statements), deadline);
  TickAnswer answer{std::move(results.front()), sent, now()};
  co_return answer;
}

asio::awaitable<std::optional<cluster::Failure>> Poller::connect(session::Session& session) {
  credentials_.note();
  auto connected = co_await session.connect();
  if (!connected) {
    co_return cluster::Failure{connected.error().reason, connected.error().message};
  }
  counters_.connections_opened += 1;
  round_retry_at_ = {};  // a login is possible again, for either connection
  if (&session == &tick_session_) {
    round_failure_.reset();  // of a time before the server came back
  }
  co_return std::nullopt;
}

asio::awaitable<void> Poller::run_round(Instant deadline) {
  const bool free = co_await interrupt_walk(deadline);
  const bool too_soon = round_failure_ && now() < round_retry_at_ && !credentials_.changed();
  if (!free || round_running_ || stopped_ || too_soon || state_.failure(now())) {
    co_return;
  }
  round_running_ = true;
  const bool kept = round_session_.is_open();
  co_await round_once(deadline);
  const bool stale = kept && round_failure_ && !round_session_.is_open() &&
                     round_failure_->reason != pg::FailureReason::Timeout;
  if (stale && !stopped_) {
    co_await round_once(deadline);
  }
  round_running_ = false;
  change_queries();
}

asio::awaitable<void> Poller::round_once(Instant deadline) {
  std::optional<cluster::Failure> failure;
  if (!round_session_.is_open()) {
    failure = co_await connect(round_session_);
  }
  if (failure) {
    note_round_failure(std::move(failure));
  } else {
    co_await run_due_queries(deadline);
  }
}

void Poller::use(SharedQueries queries) {
  next_queries_ = std::move(queries);
  if (!round_running_ && !walking_) {
    change_queries();
  }
}

// What was collected goes, since it points into the old ones; the model keeps what it learnt.
void Poller::change_queries() {
  if (next_queries_ == nullptr) {
    return;
  }
  collected_.clear();
  last_runs_.clear();
  predicates_.clear();
  walk_.left.clear();
  walk_.queries.clear();
  queries_ = std::exchange(next_queries_, nullptr);
}

asio::awaitable<bool> Poller::interrupt_walk(Instant deadline) {
  if (walking_) {
    round_waits_ = true;
    walk_pause_.expires_at(deadline);
    asio::error_code cancelled;
    co_await walk_pause_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    round_waits_ = false;
  }
  co_return !walking_;
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
  due = co_await apply_predicates(round_session_, predicates_, std::move(due), deadline);
  catalogue::Batch batch =
      catalogue::make_batch(tick_sql(round_session_), due, sampling_.statement_timeout);
  std::vector<std::string> statements = std::move(batch.statements);
  const Instant sent = now();
  auto results = co_await round_session_.run(std::move(statements), deadline);
  take_round(due, batch, std::move(results), sent);
}

// Costs a round trip of its own, when there are predicates to ask.
asio::awaitable<std::vector<catalogue::DueQuery>> Poller::apply_predicates(
    session::Session& session,
    PredicateAnswers& answers,
    std::vector<catalogue::DueQuery> due,
    Instant deadline
) {
  const Instant asked = now();
  const auto open = answers.unanswered(due, asked);
  if (!open.empty()) {
    catalogue::Batch batch = catalogue::make_predicate_batch(open);
    std::vector<std::string> statements = std::move(batch.statements);
    const auto results = co_await session.run(std::move(statements), deadline);
    for (std::size_t i = 0; i < open.size(); ++i) {
      answers.note(open[i], results[batch.places[i]], asked);
    }
  }
  std::vector<catalogue::DueQuery> runs;
  for (const catalogue::DueQuery& query : due) {
    const auto judged = answers.judge(*query.query);
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
  // Whatever waits for an answer is woken by the end of its connection.
  tick_session_.close();
  round_session_.close();
  if (walk_session_) {
    walk_session_->close();
  }
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
  };
  if (auto failure = state_.failure(at)) {
    sample.failure = std::move(failure);
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
    return !catalogue::applies(*kept.second.query, profile, queries_->switches);
  });
  return catalogue::select_due(queries_->catalogue, profile, queries_->switches, last_runs_, at);
}

void Poller::take_tick(const session::QueryResult& result, Instant sent, Instant received) {
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
    if (auto reading = decode_tick(*results.front()); reading && !state_.failure(now())) {
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
  tick_.reset();
  slots_.clear();
  archiver_.reset();
  totals_.reset();
  sessions_.clear();
  collected_.clear();
  last_runs_.clear();
  predicates_.clear();
  walk_.left.clear();
  walk_.queries.clear();
}

void Poller::note_round_failure(std::optional<cluster::Failure> failure) {
  if (failure) {
    failure->at = now();
    const bool credentials = failure->reason == pg::FailureReason::Auth;
    round_retry_at_ = now() + sampling_.tick * (credentials ? 10 : 1);
    counters_.errors[failure->reason] += 1;
    collected_.clear();
    last_runs_.clear();
  }
  round_failure_ = std::move(failure);
}

const std::string& Poller::tick_sql(const session::Session& session) const {
  const auto* tick = queries_->catalogue.feeding(catalogue::Feeds::Tick);
  return *catalogue::variant_for(*tick, session.version());
}

}  // namespace pgrepl::sampling
