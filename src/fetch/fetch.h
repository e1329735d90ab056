// HTTP under the event loop, with TLS and basic authentication.
#pragma once

#include "fetch/client.h"
#include "loop/alarm.h"
#include "session/session.h"

namespace pgrepl::fetch {

class HttpClient : public Client {
 public:
  HttpClient(loop::Loop loop, session::Network& network) : loop_(loop), network_(network) {}

  asio::awaitable<Expected<std::string, std::string>> get(
      config::Url url, config::RestAccess access, loop::Instant deadline
  ) override;

 private:
  loop::Loop loop_;
  session::Network& network_;
};

}  // namespace pgrepl::fetch
