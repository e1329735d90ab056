#include "commands/ask_exporter.h"

#include "fetch/fetch.h"
#include "pg/conninfo.h"
#include "session/resolver.h"

#include <exception>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

namespace pgrepl {

namespace {

using Answer = Expected<std::string, std::string>;

asio::awaitable<void> fetch_into(
    asio::io_context& io,
    const config::Url& url,
    const config::RestAccess& access,
    std::chrono::milliseconds timeout,
    Answer& answer
) {
  session::Resolver resolver{io};
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  answer = co_await discovery::fetch(io, resolver, url, access, deadline);
}

}  // namespace

Expected<std::string, std::string> ask_exporter(
    const config::Url& url, const config::RestAccess& access, std::chrono::milliseconds timeout
) {
  asio::io_context io{1};
  Answer answer = Unexpected<std::string>{"not asked"};
  asio::co_spawn(
      io,
      fetch_into(io, url, access, timeout, answer),
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
