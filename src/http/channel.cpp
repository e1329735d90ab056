#include "http/channel.h"

#include <array>
#include <utility>

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace pgrepl::http {

namespace {

using asio::ip::tcp;

// Of what a client still sends after the last answer; more than any request we read.
constexpr std::size_t kMostThrownAway = 256UL << 10U;

}  // namespace

Channel::Channel(tcp::socket socket, std::shared_ptr<asio::ssl::context> tls)
    : context_(std::move(tls)), socket_(std::move(socket)) {
  asio::error_code ignored;
  socket_.set_option(tcp::no_delay{true}, ignored);
  if (context_ != nullptr) {
    tls_.emplace(socket_, *context_);
  }
}

asio::awaitable<bool> Channel::shake_hands() {
  if (!tls_) {
    co_return true;
  }
  asio::error_code failure;
  auto token = asio::redirect_error(asio::use_awaitable, failure);
  co_await tls_->async_handshake(asio::ssl::stream_base::server, token);
  co_return !failure;
}

asio::awaitable<std::size_t> Channel::read_some(asio::mutable_buffer room) {
  asio::error_code failure;
  auto token = asio::redirect_error(asio::use_awaitable, failure);
  std::size_t count = 0;
  if (tls_) {
    count = co_await tls_->async_read_some(room, token);
  } else {
    count = co_await socket_.async_read_some(room, token);
  }
  co_return failure ? 0 : count;
}

asio::awaitable<std::size_t> Channel::write_some(asio::const_buffer bytes) {
  asio::error_code failure;
  auto token = asio::redirect_error(asio::use_awaitable, failure);
  std::size_t count = 0;
  if (tls_) {
    count = co_await tls_->async_write_some(bytes, token);
  } else {
    count = co_await socket_.async_write_some(bytes, token);
  }
  co_return failure ? 0 : count;
}

asio::awaitable<void> Channel::say_farewell() {
  asio::error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  if (tls_) {
    co_await tls_->async_shutdown(token);
  }
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  std::array<char, 4096> room{};
  const auto buffer = asio::buffer(room);
  asio::error_code failure;
  auto reading = asio::redirect_error(asio::use_awaitable, failure);
  for (std::size_t thrown_away = 0; !failure && thrown_away < kMostThrownAway;) {
    const std::size_t count = co_await socket_.async_read_some(buffer, reading);
    thrown_away += count;
  }
}

void Channel::close() {
  asio::error_code ignored;
  socket_.close(ignored);
}

}  // namespace pgrepl::http
