// The simple protocol over one connection.
#pragma once

#include "session/connection.h"
#include "session/session.h"

#include <optional>
#include <string>
#include <utility>

namespace pgrepl::session {

class PlainSession : public SimpleSession {
 public:
  PlainSession(
      loop::Loop loop, Resolver& resolver, Limits limits = {}, LoginRation* ration = nullptr
  )
      : connection_(loop, resolver, limits, ration) {}

  asio::awaitable<std::optional<ConnectError>> open(pg::ConnInfo conninfo, Deadline deadline)
      override {
    return connection_.open(std::move(conninfo), deadline);
  }

  asio::awaitable<Answer> ask(std::string sql, Deadline deadline) override;

  [[nodiscard]] int backend_pid() const override;

  [[nodiscard]] bool is_open() const override { return connection_.is_open(); }

  void close() noexcept override { connection_.close(); }

 private:
  Connection connection_;
};

}  // namespace pgrepl::session
