// Real servers, spoken to with libpq.
#pragma once

#include "loop/alarm.h"
#include "session/limits.h"
#include "session/login_ration.h"
#include "session/resolver.h"
#include "session/session.h"

namespace pgrepl::session {

class LibpqNetwork : public Network {
 public:
  explicit LibpqNetwork(loop::Loop loop, Limits limits = {})
      : loop_(loop), resolver_(loop), limits_(limits) {}

  void set_limits(const Limits& limits) override { limits_ = limits; }

  [[nodiscard]] std::unique_ptr<Session> make_session(pg::ConnInfo conninfo, SessionOptions options)
      override;
  [[nodiscard]] std::unique_ptr<SimpleSession> make_simple_session() override;
  asio::awaitable<Addresses> resolve(std::string host, Deadline deadline) override;

 private:
  loop::Loop loop_;
  Resolver resolver_;
  Limits limits_;
  LoginRation ration_;
};

}  // namespace pgrepl::session
