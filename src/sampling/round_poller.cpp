#include "sampling/round_poller.h"

#include "sampling/ask_predicates.h"
#include "sampling/ask_refusals.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace pgrepl::sampling {

namespace {

using session::QueryError;
using session::QueryResult;

// Answers of one round that may be too large; what comes after them waits for the next round.
constexpr int kMostCuts = 5;

bool is_cut_short(const std::vector<QueryResult>& results) {
  const bool too_large = std::ranges::any_of(results, [](const QueryResult& result) {
    return !result && result.error().reason == pg::FailureReason::TooLarge;
  });
  return too_large && session::was_given_up(results.back());
}

}  // namespace

RoundPoller::RoundPoller(PolledServer& polled)
    : polled_(polled),
      round_over_(polled.loop),
      walk_over_(polled.loop),
      session_(polled.make_session("")),
      walker_(polled) {
}

asio::awaitable<bool> RoundPoller::join(Instant deadline) {
  const Instant now = polled_.now();
  const bool too_soon = polled_.collection.round_rests(now) && !session_->has_new_password();
  const bool senseless = too_soon && !gate_.is_running();
  if (senseless || polled_.stopped || polled_.state.failure(now) || is_fresh(now)) {
    co_return true;
  }
  const RoundGate::Ticket ticket = gate_.join(now, deadline, polled_.sampling.timeout);
  if (ticket.begins) {
    start();
  }
  while (gate_.runs(ticket) && polled_.now() < deadline && !polled_.stopped) {
    co_await round_over_.wait_until(deadline);
  }
  co_return !gate_.runs(ticket);
}

bool RoundPoller::is_fresh(Instant now) const {
  return !gate_.is_running() && last_round_ && !polled_.collection.round_failure() &&
         !polled_.collection.is_of_another_time(*last_round_) &&
         now - *last_round_ < polled_.sampling.min_round_interval;
}

asio::awaitable<void> RoundPoller::wait_until_over() {
  while (gate_.is_running()) {
    co_await round_over_.wait_until(Instant::max());
  }
}

void RoundPoller::start() {
  round_broke_ = true;
  // std::function wants what can be copied.
  auto running = std::make_shared<const loop::Tasks::Running>(polled_.tasks.begin());
  polled_.supervisor.spawn(this, "round", run_round(), [this, running] { end_round(); });
}

asio::awaitable<void> RoundPoller::run_round() {
  co_await wait_for_the_walk();
  co_await wait_for_place();
  if (!gate_.is_walking() && polled_.place.is_observer() && !polled_.stopped) {
    co_await ask_with_second_try();
  }
  round_broke_ = false;
}

void RoundPoller::end_round() {
  if (round_broke_) {
    session_->close();  // nobody knows what it was about to say
  }
  polled_.log_new_failures();
  gate_.round_ended();
  change_queries();
  round_over_.ring();
}

asio::awaitable<void> RoundPoller::wait_for_the_walk() {
  while (gate_.is_walking() && polled_.now() < gate_.deadline()) {
    co_await walk_over_.wait_until(gate_.deadline());
  }
}

asio::awaitable<void> RoundPoller::wait_for_place() {
  while (polled_.place.place() == Place::Unknown && !polled_.stopped &&
         !polled_.state.failure(polled_.now()) && polled_.now() < gate_.deadline()) {
    co_await polled_.place_known.wait_until(gate_.deadline());
  }
}

// As with the tick, a connection that was ended meanwhile says nothing against the server.
asio::awaitable<void> RoundPoller::ask_with_second_try() {
  const bool kept = session_->is_open();
  co_await ask();
  const auto& failure = polled_.collection.round_failure();
  const bool stale = kept && failure && !session_->is_open() &&
                     failure->reason != pg::FailureReason::Timeout &&
                     !pg::is_lasting(failure->reason);
  if (stale && !polled_.stopped && polled_.place.is_observer()) {
    polled_.collection.forget_round_failure();  // nobody is to see it while the second try runs
    co_await ask();
  }
}

asio::awaitable<void> RoundPoller::ask() {
  std::optional<QueryError> problem;
  if (!session_->is_open()) {
    problem = co_await polled_.connect(*session_);
    polled_.pooled = polled_.pooled || (!problem && session_->is_pooled());
  }
  if (!problem && !polled_.collection.tick()) {
    problem = co_await learn_role();
  }
  bool cut_short = false;
  if (!problem) {
    problem = co_await run_due_queries(cut_short);
  }
  // An answer that was too large has cost the connection, and those after it their turn: they are
  // asked over another one, and it rests.
  for (int tries = 0; cut_short && !problem && tries < kMostCuts; ++tries) {
    problem = co_await polled_.connect(*session_);
    cut_short = false;
    if (!problem) {
      problem = co_await run_due_queries(cut_short);
    }
  }
  if (problem) {
    fail(*problem);
  }
}

asio::awaitable<std::optional<QueryError>> RoundPoller::learn_role() {
  const Instant sent = polled_.now();
  auto result = co_await ask_tick(polled_, *session_, gate_.deadline());
  const auto verdict = polled_.collection.take_tick(result, sent, polled_.now());
  if (!result) {
    co_return std::move(result.error());
  }
  if (verdict.failure) {
    QueryError unreadable{.message = verdict.failure->message};
    co_return unreadable;
  }
  co_return std::nullopt;
}

asio::awaitable<std::optional<QueryError>> RoundPoller::run_due_queries(bool& cut_short) {
  auto statement = polled_.tick_statement(*session_);
  if (!statement) {
    co_return std::move(statement.error());
  }
  Collection& collection = polled_.collection;
  auto due = collection.due(session_->version(), polled_.now());
  auto lost =
      co_await ask_predicates(polled_, *session_, collection.predicates(), due, gate_.deadline());
  if (lost) {
    co_return lost;
  }
  due = collection.runnable(due, polled_.now());
  polled_.refusals.reduce(due);
  const catalogue::Batch batch =
      catalogue::make_batch(*statement, due, polled_.sampling.statement_timeout);
  BatchAnswers answers{.version = session_->version(), .sent = polled_.now()};
  std::vector<pg::Statement> statements = batch.statements;
  answers.results = co_await session_->run(std::move(statements), gate_.deadline());
  answers.durations = session_->durations();
  answers.received = polled_.now();
  cut_short = answers.results.front() && is_cut_short(answers.results) && !polled_.stopped;
  last_round_ = answers.sent;
  collection.take_round(due, batch, std::move(answers));
  co_return std::nullopt;
}

// A session that cannot be asked is not kept.
void RoundPoller::fail(const QueryError& error) {
  session_->close();
  polled_.collection.fail_round(error, polled_.now());
}

bool RoundPoller::has_walk() const {
  return !polled_.stopped && gate_.is_idle() && session_->is_open() &&
         walker_.has_something_to_ask(session_->version());
}

asio::awaitable<void> RoundPoller::walk() {
  if (!has_walk()) {
    co_return;
  }
  gate_.walk_began();
  auto running = std::make_shared<const loop::Tasks::Running>(polled_.tasks.begin());
  auto walk = walker_.walk(*session_, gate_);
  polled_.supervisor.spawn(this, "walk", std::move(walk), [this, running] { end_walk(); });
  while (gate_.is_walking()) {
    co_await walk_over_.wait_until(Instant::max());
  }
}

void RoundPoller::end_walk() {
  walker_.close();
  polled_.log_new_failures();
  gate_.walk_ended();
  change_queries();
  walk_over_.ring();
}

void RoundPoller::use(SharedQueries queries) {
  next_queries_ = std::move(queries);
  change_queries();
}

// Results point into the queries they are of: nothing that is under way may lose its own.
void RoundPoller::change_queries() {
  if (next_queries_ != nullptr && gate_.is_idle()) {
    walker_.abandon();
    last_round_.reset();
    polled_.collection.use(std::exchange(next_queries_, nullptr));
  }
}

void RoundPoller::close() {
  session_->close();
  walker_.close();
}

void RoundPoller::wake() {
  round_over_.ring();
  walk_over_.ring();
}

std::optional<cluster::Failure> RoundPoller::failure(Instant now) const {
  if (const auto since = gate_.overdue_since(now)) {
    return cluster::Failure{
        pg::FailureReason::Timeout, "its queries were not answered in time", *since};
  }
  return polled_.collection.round_failure();
}

}  // namespace pgrepl::sampling
