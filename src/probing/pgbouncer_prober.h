// Reads the admin console of one PgBouncer, and keeps its last answers.
#pragma once

#include "cluster/pgbouncer.h"
#include "config/config.h"
#include "probing/prober.h"
#include "session/resolver.h"
#include "session/simple_session.h"

#include <chrono>
#include <optional>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

namespace pgrepl::sampling {

class PgBouncerProber : public Prober {
 public:
  PgBouncerProber(
      asio::io_context& io, config::PgBouncer pgbouncer, const config::Sampling& sampling
  );

  [[nodiscard]] const config::PgBouncer& target() const { return pgbouncer_; }

  [[nodiscard]] const cluster::PgBouncerProbe& latest() const { return latest_; }

 private:
  using Instant = std::chrono::steady_clock::time_point;

  // Over one connection that stays open: PgBouncer logs each login.
  asio::awaitable<void> probe_once() override;
  asio::awaitable<std::optional<session::ConnectError>> read(
      cluster::PgBouncerReading& reading, Instant deadline
  );
  void keep(cluster::PgBouncerReading reading);
  void keep(const session::ConnectError& error);

  config::PgBouncer pgbouncer_;
  session::Resolver resolver_;
  session::SimpleSession session_;
  cluster::PgBouncerProbe latest_;
};

}  // namespace pgrepl::sampling
