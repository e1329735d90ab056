#include "sampling/ticker.h"

#include "log/log.h"
#include "sampling/ask_refusals.h"
#include "sampling/decode.h"

#include <algorithm>
#include <utility>

namespace pgrepl::sampling {

namespace {

using session::QueryError;
using session::QueryResult;

constexpr const char* kStartTime =
    "SELECT extract(epoch FROM pg_catalog.pg_postmaster_start_time()) AS postmaster_start_time";

}  // namespace

void log_place(const std::string& server, Place place) {
  log::write(
      log::Level::Info,
      "sampling",
      place == Place::Observer ? "observes the server" : "leaves the server to other exporters",
      {{"server", server}}
  );
}

void log_pooling(const std::string& server, bool pooled) {
  log::write(
      pooled ? log::Level::Warning : log::Level::Info,
      "sampling",
      pooled ? "the server is reached through a pooler: each batch is one read-only transaction, "
               "and no observer's place is held; name the server's own address"
             : "the server is reached directly again, without a pooler",
      {{"server", server}}
  );
}

Ticker::Ticker(PolledServer& polled)
    : polled_(polled), pause_(polled.loop), session_(polled.make_session("")) {
}

void Ticker::close() {
  session_->close();
}

asio::awaitable<void> Ticker::turn() {
  if (!polled_.place.rests(polled_.now()) && !polled_.stopped) {
    co_await ask_with_second_try();
  }
  polled_.place_known.cancel();
  const auto& tick = polled_.collection.tick();
  const auto role = tick ? std::optional{tick->reading.role} : std::nullopt;
  const Instant next = polled_.state.next_attempt(polled_.now(), role);
  co_await pause_until(next);
}

// A server that refused the password is left alone for long, but not once the password's file has
// changed.
asio::awaitable<void> Ticker::pause_until(Instant next) {
  while (!polled_.stopped && polled_.now() < next && !has_new_credentials()) {
    const Instant look = polled_.now() + polled_.sampling.tick;
    co_await pause_.wait_until(session_->has_password_file() ? std::min(next, look) : next);
  }
}

bool Ticker::has_new_credentials() const {
  const auto failure = polled_.state.failure(polled_.now());
  return failure && failure->reason == pg::FailureReason::Auth && session_->has_new_password();
}

// A connection that was ended since the last tick says nothing against the server.
asio::awaitable<void> Ticker::ask_with_second_try() {
  polled_.state.attempt_began(polled_.now());
  const bool kept = session_->is_open();
  auto answer = co_await ask();
  if (kept && answer && session::lost_connection(answer->result) && !polled_.stopped) {
    answer = co_await ask();
  }
  if (answer) {
    take(*answer);
  }
  polled_.state.attempt_ended(polled_.now());
}

asio::awaitable<std::optional<Ticker::Answer>> Ticker::ask() {
  if (!session_->is_open()) {
    polled_.place.lost();
    auto refused = co_await polled_.connect(*session_);
    if (refused) {
      const Instant now = polled_.now();
      Answer answer{Unexpected<QueryError>{std::move(*refused)}, now, now};
      co_return answer;
    }
    polled_.collection.forget_round_failure();
    note_pooling();
  }
  if (!polled_.place.is_observer()) {
    if (session_->is_pooled()) {
      leave_to_others();
      co_return std::nullopt;
    }
    auto has_place = co_await take_place();
    if (!has_place) {
      polled_.place.lost();
      const Instant now = polled_.now();
      Answer answer{Unexpected<QueryError>{std::move(has_place.error())}, now, now};
      co_return answer;
    }
    if (!*has_place) {
      co_return std::nullopt;
    }
    polled_.place_known.cancel();
  }
  const Instant sent = polled_.now();
  auto statement = polled_.tick_statement(*session_);
  if (!statement) {
    session_->close();
    Answer answer{Unexpected<QueryError>{std::move(statement.error())}, sent, sent};
    co_return answer;
  }
  const Instant deadline = sent + polled_.sampling.timeout;
  auto result = co_await ask_tick(polled_, *session_, deadline);
  Answer answer{std::move(result), sent, polled_.now()};
  co_return answer;
}

// Said once: the next connection finds the same.
void Ticker::note_pooling() {
  const bool pooled = session_->is_pooled();
  if (pooled) {
    polled_.place.not_handed_out(polled_.now(), polled_.fraction());
  }
  if (pooled != std::exchange(polled_.pooled, pooled)) {
    log_pooling(polled_.server.name, pooled);
  }
}

void Ticker::take(const Answer& answer) {
  if (polled_.place.is_left_to_others()) {
    return;
  }
  TickVerdict verdict = polled_.collection.take_tick(answer.result, answer.sent, answer.received);
  if (verdict.failure) {
    polled_.note_failure(std::move(*verdict.failure));
  }
  if (verdict.answered) {
    polled_.state.answered(answer.received);
  }
}

void Ticker::leave_to_others() {
  polled_.state.answered(polled_.now());
  session_->close();
}

asio::awaitable<Expected<bool, QueryError>> Ticker::take_place() {
  const bool was_understudy = polled_.place.place() == Place::Understudy;
  std::vector<pg::Statement> statements{polled_.place.claim_sql(), kStartTime};
  const Instant deadline = polled_.now() + polled_.sampling.timeout;
  auto results = co_await session_->run(std::move(statements), deadline);
  // The connection may have ended after some of the statements were answered.
  if (const QueryError* lost = find_end(results)) {
    co_return Unexpected<QueryError>{*lost};
  }
  if (!session_->is_open()) {
    co_return false;
  }
  take_claim(results);
  if (!polled_.place.is_observer()) {
    polled_.state.answered(polled_.now());
    if (polled_.place.place() == Place::Waiting) {
      session_->close();
    }
    co_return false;
  }
  if (was_understudy) {
    statements.assign(1, polled_.place.release_sql());
    results = co_await session_->run(std::move(statements), deadline);
  }
  co_return true;
}

void Ticker::take_claim(const std::vector<QueryResult>& results) {
  const Place before = polled_.place.place();
  const auto number = results.front() ? decode_place(*results.front()) : std::nullopt;
  polled_.place.given(number, polled_.now(), polled_.fraction());
  if (results.back()) {
    seen_start_time_ = decode_start_time(*results.back());
  }
  if (polled_.place.is_observer() != (before == Place::Observer)) {
    log_place(polled_.server.name, polled_.place.place());
  }
}

}  // namespace pgrepl::sampling
