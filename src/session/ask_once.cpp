#include "session/ask_once.h"

#include "session/simple_session.h"

#include <utility>

namespace pgrepl::session {

asio::awaitable<Expected<pg::ResultSet, ConnectError>> ask_once(
    asio::io_context& io,
    Resolver& resolver,
    pg::ConnInfo conninfo,
    std::string sql,
    std::chrono::steady_clock::time_point deadline
) {
  SimpleSession session{io, resolver};
  auto problem = co_await session.open(std::move(conninfo), deadline);
  if (problem) {
    co_return Unexpected<ConnectError>{std::move(*problem)};
  }
  auto answer = co_await session.ask(std::move(sql), deadline);
  co_return answer;
}

}  // namespace pgrepl::session
