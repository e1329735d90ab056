// One GET of one small document, as an interface: the real one speaks HTTP, that of the simulated
// world belongs to the tests.
#pragma once

#include "config/discovery.h"
#include "loop/clock.h"
#include "session/session.h"
#include "support/expected.h"

#include <string>

#include <asio/awaitable.hpp>

namespace pgrepl::fetch {

class Client {
 public:
  Client() = default;
  virtual ~Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // The body of an answer with status 200. TLS checks the certificate and its name. No redirects.
  // The error says why, and shows no secret.
  virtual asio::awaitable<Expected<std::string, std::string>> get(
      config::Url url, config::RestAccess access, loop::Instant deadline
  ) = 0;
};

}  // namespace pgrepl::fetch
