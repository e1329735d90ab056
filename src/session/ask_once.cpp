#include "session/ask_once.h"

#include <memory>
#include <utility>

namespace pgrepl::session {

asio::awaitable<SimpleSession::Answer> ask_once(
    Network& network, pg::ConnInfo conninfo, std::string sql, Deadline deadline
) {
  const std::unique_ptr<SimpleSession> session = network.make_simple_session();
  auto problem = co_await session->open(std::move(conninfo), deadline);
  if (problem) {
    co_return Unexpected<ConnectError>{std::move(*problem)};
  }
  auto answer = co_await session->ask(std::move(sql), deadline);
  co_return answer;
}

}  // namespace pgrepl::session
