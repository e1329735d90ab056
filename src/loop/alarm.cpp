#include "loop/alarm.h"

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace pgrepl::loop {

asio::awaitable<bool> Alarm::wait_until(Instant at) {
  loop_.clock.set(timer_, at);
  asio::error_code ended;
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ended));
  co_return loop_.now() >= at;
}

}  // namespace pgrepl::loop
