// Reads the admin console of one PgBouncer, and keeps its last answers.
#pragma once

#include "cluster/pgbouncer.h"
#include "config/config.h"
#include "probing/prober.h"
#include "session/session.h"

#include <memory>
#include <optional>

#include <asio/awaitable.hpp>

namespace pgrepl::probing {

class PgBouncerProber : public Prober {
 public:
  using Configured = config::PgBouncer;

  PgBouncerProber(
      loop::Loop loop,
      session::Network& network,
      config::PgBouncer pgbouncer,
      const config::Sampling& sampling
  );

  [[nodiscard]] const char* kind() const override { return "pgbouncer"; }

  void failed(const std::string& why) override;

  void tell(Answers& answers) const override;

 private:
  // Over one connection that stays open: PgBouncer logs each login.
  asio::awaitable<void> probe_once() override;
  asio::awaitable<std::optional<session::ConnectError>> read(
      cluster::PgBouncerReading& reading, session::Deadline deadline
  );
  void keep(cluster::PgBouncerReading reading);
  void keep(const session::ConnectError& error);

  config::PgBouncer pgbouncer_;
  std::unique_ptr<session::SimpleSession> session_;
  cluster::PgBouncerProbe latest_;
};

}  // namespace pgrepl::probing
