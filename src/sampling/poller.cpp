#include "sampling/poller.h"

#include "log/log.h"
#include "loop/mark.h"
#include "sampling/decode.h"

#include <algorithm>
#include <utility>

namespace pgrepl::sampling {

namespace {

cluster::Failure to_failure(const session::QueryError& error) {
  return {error.reason, error.message};
}

}  // namespace

Poller::Poller(
    loop::Loop loop,
    session::Network& network,
    std::optional<std::string> cluster,
    config::Server server,
    const config::Sampling& sampling,
    SharedQueries queries
)
    : loop_(loop),
      network_(network),
      server_(std::move(server)),
      sampling_(sampling),
      queries_(std::move(queries)),
      pause_(loop),
      tick_session_(network.make_session(server_.conninfo, session_options())),
      round_session_(network.make_session(server_.conninfo, session_options())),
      walk_pause_(loop),
      state_(sampling.tick),
      credentials_(server_.conninfo),
      place_(std::move(cluster), sampling.observers, sampling.tick),
      place_known_(loop) {
}

session::SessionOptions Poller::session_options() const {
  return {
      .connect_timeout = sampling_.connect_timeout,
      .statement_timeout = sampling_.statement_timeout,
      .lock_timeout = sampling_.lock_timeout,
  };
}

asio::awaitable<void> Poller::tick() {
  const loop::Mark ticking{ticking_};
  co_await tick_once();
  if (stopped_) {
    tick_session_->close();
    co_return;
  }
  const auto role = tick_ ? std::optional{tick_->reading.role} : std::nullopt;
  const Instant next = state_.next_attempt(now(), role);
  co_await pause_until(next);
}

// A server that refused the password is left alone for long, but not once the password's file has
// changed.
asio::awaitable<void> Poller::pause_until(Instant next) {
  while (!stopped_ && now() < next && !has_new_credentials()) {
    co_await pause_.wait_until(
        credentials_.in_file() ? std::min(next, now() + sampling_.tick) : next
    );
  }
}

bool Poller::has_new_credentials() const {
  const auto failure = state_.failure(now());
  return failure && failure->reason == pg::FailureReason::Auth && credentials_.changed();
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
  const bool kept = tick_session_->is_open();
  auto answer = co_await ask_tick();
  if (kept && answer && session::lost_connection(answer->result) && !stopped_) {
    answer = co_await ask_tick();
  }
  if (answer) {
    take_tick(answer->result, answer->sent, answer->received);
  }
}

asio::awaitable<std::optional<Poller::TickAnswer>> Poller::ask_tick() {
  if (!tick_session_->is_open()) {
    place_.lost();
    auto failure = co_await connect(*tick_session_);
    if (failure) {
      session::QueryError error{.reason = failure->reason, .message = std::move(failure->message)};
      TickAnswer refused{Unexpected<session::QueryError>{std::move(error)}, now(), now()};
      co_return refused;
    }
  }
  if (!place_.is_observer()) {
    const bool has_place = co_await take_place();
    if (!has_place) {
      co_return std::nullopt;
    }
    place_known_.cancel();
  }
  std::vector<pg::Statement> statements{tick_sql(*tick_session_)};
  const Instant sent = now();
  const Instant deadline = sent + sampling_.timeout;
  auto results = co_await tick_session_->run(std::move(statements), deadline);
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
  if (&session == tick_session_.get()) {
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
  co_await wait_for_place(deadline);
  if (place_.is_observer() && !stopped_) {
    co_await round_or_again(deadline);
  }
  round_running_ = false;
  change_queries();
}

// As with the tick, a connection that was ended meanwhile says nothing against the server.
asio::awaitable<void> Poller::round_or_again(Instant deadline) {
  const bool kept = round_session_->is_open();
  co_await round_once(deadline);
  const bool stale = kept && round_failure_ && !round_session_->is_open() &&
                     round_failure_->reason != pg::FailureReason::Timeout;
  if (stale && !stopped_ && place_.is_observer()) {
    co_await round_once(deadline);
  }
}

asio::awaitable<void> Poller::round_once(Instant deadline) {
  std::optional<cluster::Failure> failure;
  if (!round_session_->is_open()) {
    failure = co_await connect(*round_session_);
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
    co_await walk_pause_.wait_until(deadline);
    round_waits_ = false;
  }
  co_return !walking_;
}

void Poller::stop() {
  stopped_ = true;
  pause_.cancel();
  place_known_.cancel();
  // Whatever waits for an answer is woken by the end of its connection.
  tick_session_->close();
  round_session_->close();
  if (walk_session_) {
    walk_session_->close();
  }
}

std::optional<cluster::Failure> Poller::failure(Instant at) const {
  auto failure = state_.failure(at);
  return failure ? failure : round_failure_;
}

cluster::ServerSample Poller::sample(Instant at) const {
  cluster::ServerSample sample{
      .name = server_.name,
      .endpoint = server_.conninfo.endpoint,
      .addresses = tick_session_->addresses(),
      .tick = tick_,
      .facts = facts_,
      .slots = slots_,
      .archiver = archiver_,
      .totals = totals_,
      .sessions = sessions_,
      .failure = failure(at),
      .left_to_others = is_left_to_others(at),
      .seen_postmaster_start_time = seen_start_time_,
  };
  if (state_.failure(at)) {
    sample.tick.reset();
    sample.slots.clear();
    sample.archiver.reset();
    sample.totals.reset();
    sample.sessions.clear();
  }
  return sample;
}

catalogue::ServerProfile Poller::profile() const {
  catalogue::ServerProfile profile{.version = round_session_->version(), .role = std::nullopt};
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
    predicates_.clear();
  }
  round_failure_ = std::move(failure);
}

const pg::Statement& Poller::tick_sql(const session::Session& session) const {
  const auto* tick = queries_->catalogue.feeding(catalogue::Feeds::Tick);
  return *catalogue::variant_for(*tick, session.version());
}

}  // namespace pgrepl::sampling
