#include "commands/ask_exporter.h"

#include "fetch/fetch.h"
#include "pg/conninfo.h"
#include "session/libpq_network.h"

#include <exception>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

namespace pgrepl {

namespace {

using Answer = Expected<std::string, std::string>;

// A picture of a thousand servers is a few megabytes.
constexpr std::size_t kLargestAnswer = 256U << 20U;

asio::awaitable<void> fetch_into(
    fetch::Client& client,
    const config::Url& url,
    const config::RestAccess& access,
    std::chrono::milliseconds timeout,
    Answer& answer
) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  answer = co_await client.get(url, access, deadline);
}

}  // namespace

Expected<std::string, std::string> ask_exporter(
    const config::Url& url, const config::RestAccess& access, std::chrono::milliseconds timeout
) {
  loop::SystemClock clock;
  asio::io_context io{1};
  const loop::Loop loop{io, clock};
  session::LibpqNetwork network{loop};
  fetch::HttpClient client{loop, network, kLargestAnswer};
  Answer answer = Unexpected<std::string>{"not asked"};
  asio::co_spawn(
      io,
      fetch_into(client, url, access, timeout, answer),
      [](const std::exception_ptr& problem) {
        if (problem) {
          std::rethrow_exception(problem);
        }
      }
  );
  io.run();
  if (!answer) {
    return Unexpected<std::string>{
        to_string(pg::Endpoint{url.host, url.port}) + ": " + answer.error()};
  }
  return answer;
}

}  // namespace pgrepl
