// Carries bytes from one connection to another.
#pragma once

#include <cstddef>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

namespace pgrepl::http {

// Until one of the two ends; the caller holds both. `on_bytes()` is called whenever some came.
template <class From, class To, class OnBytes>
asio::awaitable<void> copy(From& from, To& to, OnBytes on_bytes) {
  std::vector<char> bytes(16384);
  asio::error_code failure;
  auto token = asio::redirect_error(asio::use_awaitable, failure);
  while (!failure) {
    const auto room = asio::buffer(bytes);
    const std::size_t count = co_await from.async_read_some(room, token);
    if (failure) {
      co_return;
    }
    on_bytes();
    const auto data = asio::buffer(bytes.data(), count);
    co_await asio::async_write(to, data, token);
  }
}

}  // namespace pgrepl::http
