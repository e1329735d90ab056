// Reads the admin console of one PgBouncer again and again, and keeps its last answers.
#pragma once

#include "cluster/pgbouncer.h"
#include "config/config.h"
#include "session/resolver.h"
#include "session/simple_session.h"

#include <chrono>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

namespace pgrepl::sampling {

class PgBouncerProber {
 public:
  PgBouncerProber(
      asio::io_context& io, config::PgBouncer pgbouncer, const config::Sampling& sampling
  );

  // Over one connection that stays open: PgBouncer logs each login.
  asio::awaitable<void> probe_until_stopped();
  void stop();

  // After stop(): nothing runs any more, so that it can be destroyed.
  [[nodiscard]] bool has_ended() const { return ended_; }

  [[nodiscard]] const config::PgBouncer& target() const { return pgbouncer_; }

  [[nodiscard]] const config::Sampling& sampling() const { return sampling_; }

  [[nodiscard]] const cluster::PgBouncerProbe& latest() const { return latest_; }

 private:
  using Instant = std::chrono::steady_clock::time_point;

  asio::awaitable<void> probe_once();
  asio::awaitable<std::optional<session::ConnectError>> read(
      cluster::PgBouncerReading& reading, Instant deadline
  );
  void keep(cluster::PgBouncerReading reading);
  void keep(const session::ConnectError& error);

  asio::io_context& io_;
  config::PgBouncer pgbouncer_;
  config::Sampling sampling_;
  std::chrono::milliseconds period_;
  std::chrono::milliseconds timeout_;
  session::Resolver resolver_;
  session::SimpleSession session_;
  asio::steady_timer pause_;
  bool stopped_ = false;
  bool ended_ = false;
  cluster::PgBouncerProbe latest_;
};

}  // namespace pgrepl::sampling
