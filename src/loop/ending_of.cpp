#include "loop/ending_of.h"

#include <tuple>

#include <asio/co_spawn.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

namespace pgrepl::loop {

asio::awaitable<std::exception_ptr> ending_of(asio::awaitable<void> work) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto how = asio::experimental::as_tuple(asio::use_awaitable);
  const auto ended = co_await asio::co_spawn(executor, std::move(work), how);
  co_return std::get<0>(ended);
}

}  // namespace pgrepl::loop
