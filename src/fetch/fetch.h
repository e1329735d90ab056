// The one HTTP client: HTTP/1.1 on the event loop, with TLS and basic authentication.
#pragma once

#include "fetch/client.h"
#include "loop/alarm.h"
#include "session/session.h"

#include <cstddef>

namespace pgrepl::fetch {

class HttpClient : public Client {
 public:
  // Far more than Patroni says of its largest clusters.
  static constexpr std::size_t kLargestAnswer = 4U << 20U;

  // A body of more than `largest_answer` bytes is an error.
  HttpClient(
      loop::Loop loop, session::Network& network, std::size_t largest_answer = kLargestAnswer
  )
      : loop_(loop), network_(network), largest_answer_(largest_answer) {}

  // One connection for each request, to the first address of the host that accepts it. The files
  // that `access` names are read for every request.
  asio::awaitable<Expected<std::string, std::string>> get(
      config::Url url, config::RestAccess access, loop::Instant deadline
  ) override;

 private:
  loop::Loop loop_;
  session::Network& network_;
  std::size_t largest_answer_;
};

}  // namespace pgrepl::fetch
