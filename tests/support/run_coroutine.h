// Runs one coroutine to its end on a loop of its own, for tests of what is awaited.
#pragma once

#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

namespace pgrepl::testing {

template <class T>
asio::awaitable<void> keep_result_of(asio::awaitable<T> task, std::optional<T>& result) {
  T value = co_await std::move(task);
  result.emplace(std::move(value));
}

template <class T>
T run_coroutine(asio::io_context& io, asio::awaitable<T> task) {
  std::optional<T> result;
  std::exception_ptr problem;
  auto kept = keep_result_of(std::move(task), result);
  asio::co_spawn(io, std::move(kept), [&problem](const std::exception_ptr& thrown) {
    problem = thrown;
  });
  io.restart();
  io.run();
  if (problem) {
    std::rethrow_exception(problem);
  }
  if (!result) {
    throw std::logic_error{"the coroutine did not end"};
  }
  return std::move(*result);
}

}  // namespace pgrepl::testing
