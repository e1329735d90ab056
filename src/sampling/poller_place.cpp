// How a poller comes to its place among the exporters that watch the same server.
#include "log/log.h"
#include "sampling/decode.h"
#include "sampling/poller.h"

#include <utility>

namespace pgrepl::sampling {

namespace {

constexpr const char* kStartTime =
    "SELECT extract(epoch FROM pg_catalog.pg_postmaster_start_time()) AS postmaster_start_time";

// The connection may have ended after some of the statements were answered.
cluster::Failure why_lost(const std::vector<session::QueryResult>& results) {
  for (const session::QueryResult& result : results) {
    if (!result) {
      return {result.error().reason, result.error().message};
    }
  }
  return {pg::FailureReason::Other, "connection lost"};
}

void log_place(const std::string& server, Place place) {
  log::write(
      log::Level::Info,
      "sampling",
      place == Place::Observer ? "observes the server" : "leaves the server to other exporters",
      {{"server", server}}
  );
}

}  // namespace

PlaceAt Poller::place_at(Instant at) const {
  const bool answers = !state_.failure(at);
  return {
      .server = server_.name,
      .place = answers ? place_.place() : Place::Unknown,
      .settled = answers && place_.is_settled(at),
  };
}

asio::awaitable<bool> Poller::take_place() {
  const bool was_understudy = place_.place() == Place::Understudy;
  std::vector<pg::Statement> statements{place_.claim_sql(), kStartTime};
  const Instant deadline = now() + sampling_.timeout;
  auto results = co_await tick_session_->run(std::move(statements), deadline);
  if (!tick_session_->is_open()) {
    note_failure(why_lost(results));
    co_return false;
  }
  take_claim(results);
  if (!place_.is_observer()) {
    state_.answered(now());
    if (place_.place() == Place::Waiting) {
      tick_session_->close();
    }
    co_return false;
  }
  if (was_understudy) {
    statements.assign(1, place_.release_sql());
    results = co_await tick_session_->run(std::move(statements), deadline);
  }
  co_return true;
}

void Poller::take_claim(const std::vector<session::QueryResult>& results) {
  const Place before = place_.place();
  const auto number = results.front() ? decode_place(*results.front()) : std::nullopt;
  place_.given(number, now(), std::generate_canonical<double, 24>(random_));
  if (results.back()) {
    seen_start_time_ = decode_start_time(*results.back());
  }
  if (place_.is_observer() != (before == Place::Observer)) {
    log_place(server_.name, place_.place());
  }
}

// Whatever is under way on the connections ends with them.
void Poller::step_down() {
  tick_session_->close();
  round_session_->close();
  if (walk_session_) {
    walk_session_->close();
  }
  place_.lost();
  forget_readings();
  log_place(server_.name, Place::Waiting);
}

asio::awaitable<void> Poller::wait_for_place(Instant deadline) {
  while (place_.place() == Place::Unknown && !stopped_ && !state_.failure(now()) && now() < deadline
  ) {
    co_await place_known_.wait_until(deadline);
  }
}

}  // namespace pgrepl::sampling
