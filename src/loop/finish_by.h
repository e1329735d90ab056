// Work with a deadline.
#pragma once

#include "loop/alarm.h"

#include <optional>
#include <utility>

#include <asio/awaitable.hpp>

namespace pgrepl::loop {

// Runs `work` to its end: true. False when the deadline came first, when somebody called
// alarm.cancel(), or when the caller itself was cancelled; the work has been cancelled then and has
// come to its end. An exception of the work is passed on, whenever it comes; Asio 1.22's `work ||
// timer` waits for the first success, and so swallows it. `alarm` is used by nobody else meanwhile.
asio::awaitable<bool> finish_by(Alarm& alarm, asio::awaitable<void> work, Instant deadline);

namespace detail {

template <class T>
asio::awaitable<void> keep_result(asio::awaitable<T> work, std::optional<T>& result) {
  T value = co_await std::move(work);
  result.emplace(std::move(value));
}

}  // namespace detail

// The same for work with a result, which is absent where finish_by() is false.
template <class T>
asio::awaitable<std::optional<T>> result_by(
    Alarm& alarm, asio::awaitable<T> work, Instant deadline
) {
  std::optional<T> result;
  auto kept = detail::keep_result(std::move(work), result);
  const bool finished = co_await finish_by(alarm, std::move(kept), deadline);
  if (!finished) {
    result.reset();
  }
  co_return result;
}

}  // namespace pgrepl::loop
