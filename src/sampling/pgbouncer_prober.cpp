#include "sampling/pgbouncer_prober.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <asio/experimental/awaitable_operators.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace pgrepl::sampling {

namespace {

using Clock = std::chrono::steady_clock;
using cluster::PgBouncerReading;

constexpr std::chrono::milliseconds kShortestPeriod{1000};

struct Question {
  const char* sql;
  std::optional<pg::ResultSet> PgBouncerReading::*rows;
};

constexpr Question kQuestions[] = {
    {"SHOW VERSION", &PgBouncerReading::version},
    {"SHOW POOLS", &PgBouncerReading::pools},
    {"SHOW STATS", &PgBouncerReading::stats},
    {"SHOW DATABASES", &PgBouncerReading::databases},
    {"SHOW LISTS", &PgBouncerReading::lists},
    {"SHOW CONFIG", &PgBouncerReading::config},
    {"SHOW SERVERS", &PgBouncerReading::servers},
};

}  // namespace

PgBouncerProber::PgBouncerProber(
    asio::io_context& io, config::PgBouncer pgbouncer, const config::Sampling& sampling
)
    : io_(io),
      pgbouncer_(std::move(pgbouncer)),
      sampling_(sampling),
      period_(std::max(sampling.tick, kShortestPeriod)),
      timeout_(sampling.connect_timeout),
      resolver_(io),
      session_(io, resolver_),
      pause_(io) {
  latest_.name = pgbouncer_.name;
}

asio::awaitable<void> PgBouncerProber::probe_until_stopped() {
  using namespace asio::experimental::awaitable_operators;
  while (!stopped_) {
    const Clock::time_point began = Clock::now();
    asio::error_code cancelled;
    pause_.expires_at(Clock::time_point::max());
    auto stopping = pause_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    auto work = probe_once();
    auto first = co_await (std::move(work) || std::move(stopping));
    if (first.index() == 1) {
      break;
    }
    pause_.expires_at(began + period_);
    co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
  session_.close();
  ended_ = true;
}

asio::awaitable<void> PgBouncerProber::probe_once() {
  const Instant deadline = Clock::now() + timeout_;
  PgBouncerReading reading;
  if (session_.is_open()) {
    auto problem = co_await read(reading, deadline);
    if (!problem) {
      keep(std::move(reading));
      co_return;
    }
    if (session_.is_open() || problem->reason == pg::FailureReason::Timeout) {
      keep(*problem);
      co_return;
    }
    // It has been restarted since, perhaps long ago.
  }
  pg::ConnInfo conninfo = pgbouncer_.conninfo;
  auto problem = co_await session_.open(std::move(conninfo), deadline);
  if (!problem) {
    problem = co_await read(reading, deadline);
  }
  if (problem) {
    keep(*problem);
  } else {
    keep(std::move(reading));
  }
}

// The error when the console is gone, or when it is none: PostgreSQL has no SHOW VERSION.
asio::awaitable<std::optional<session::ConnectError>> PgBouncerProber::read(
    PgBouncerReading& reading, Instant deadline
) {
  for (const Question& question : kQuestions) {
    std::string sql = question.sql;
    auto rows = co_await session_.ask(std::move(sql), deadline);
    if (rows) {
      reading.*question.rows = std::move(*rows);
    } else if (!session_.is_open() || question.rows == &PgBouncerReading::version) {
      co_return std::move(rows.error());
    }
  }
  co_return std::nullopt;
}

void PgBouncerProber::keep(PgBouncerReading reading) {
  latest_.reading = std::move(reading);
  latest_.failure.reset();
}

void PgBouncerProber::keep(const session::ConnectError& error) {
  latest_.reading.reset();
  latest_.failure = cluster::Failure{error.reason, error.message};
}

void PgBouncerProber::stop() {
  stopped_ = true;
  pause_.cancel();
}

}  // namespace pgrepl::sampling
