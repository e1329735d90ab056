#include "probing/pgbouncer_prober.h"

#include <string>
#include <utility>

namespace pgrepl::probing {

namespace {

using cluster::PgBouncerReading;

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
    loop::Loop loop,
    session::Network& network,
    config::PgBouncer pgbouncer,
    const config::Sampling& sampling
)
    : Prober(loop, pgbouncer, sampling),
      pgbouncer_(std::move(pgbouncer)),
      session_(network.make_simple_session()) {
  latest_.name = pgbouncer_.name;
  latest_.endpoint = pgbouncer_.conninfo.endpoint;
}

void PgBouncerProber::failed(const std::string& why) {
  // Nobody knows which answer comes next over it.
  session_->close();
  keep(session::ConnectError{.reason = pg::FailureReason::Other, .message = why});
}

void PgBouncerProber::tell(Answers& answers) const {
  answers.pgbouncers.push_back(latest_);
}

asio::awaitable<void> PgBouncerProber::probe_once() {
  const session::Deadline deadline = this->deadline();
  PgBouncerReading reading;
  if (session_->is_open()) {
    auto problem = co_await read(reading, deadline);
    if (!problem) {
      keep(std::move(reading));
      co_return;
    }
    if (session_->is_open() || problem->reason == pg::FailureReason::Timeout) {
      keep(*problem);
      co_return;
    }
    // It has been restarted since, perhaps long ago. What it said before is not mixed with what it
    // says now.
    reading = {};
  }
  pg::ConnInfo conninfo = pgbouncer_.conninfo;
  auto problem = co_await session_->open(std::move(conninfo), deadline);
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
    PgBouncerReading& reading, session::Deadline deadline
) {
  for (const Question& question : kQuestions) {
    std::string sql = question.sql;
    auto rows = co_await session_->ask(std::move(sql), deadline);
    if (rows) {
      reading.*question.rows = std::move(*rows);
    } else if (!session_->is_open() || question.rows == &PgBouncerReading::version) {
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

}  // namespace pgrepl::probing
