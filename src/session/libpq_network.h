// Real servers, spoken to with libpq.
#pragma once

#include "loop/alarm.h"
#include "session/resolver.h"
#include "session/session.h"

namespace pgrepl::session {

class LibpqNetwork : public Network {
 public:
  explicit LibpqNetwork(loop::Loop loop) : loop_(loop), resolver_(loop) {}

  [[nodiscard]] std::unique_ptr<Session> make_session(pg::ConnInfo conninfo, SessionOptions options)
      override;
  [[nodiscard]] std::unique_ptr<SimpleSession> make_simple_session() override;
  asio::awaitable<Addresses> resolve(std::string host, Deadline deadline) override;

 private:
  loop::Loop loop_;
  Resolver resolver_;
};

}  // namespace pgrepl::session
