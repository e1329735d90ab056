#include "loop/ending_of.h"

#include <tuple>

#include <asio/co_spawn.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

// Asio 1.24 moved as_tuple out of `experimental`. Debian 12 has 1.22, Debian 13 has 1.30.
#if __has_include(<asio/as_tuple.hpp>)
#include <asio/as_tuple.hpp>
#else
#include <asio/experimental/as_tuple.hpp>
namespace asio {
using experimental::as_tuple;
}  // namespace asio
#endif

namespace pgrepl::loop {

asio::awaitable<std::exception_ptr> ending_of(asio::awaitable<void> work) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto how = asio::as_tuple(asio::use_awaitable);
  const auto ended = co_await asio::co_spawn(executor, std::move(work), how);
  co_return std::get<0>(ended);
}

}  // namespace pgrepl::loop
