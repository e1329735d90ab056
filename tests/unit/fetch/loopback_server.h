// A server on 127.0.0.1 that answers one request with bytes written down beforehand, on the same
// loop as the client that is tested, so that a test needs no thread and no sleep.
#pragma once

#include "support/certificate.h"

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address_v4.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

namespace pgrepl::testing {

// What the server does after its last byte.
enum class Then : std::uint8_t { Closes, Resets, Stays };

class LoopbackServer {
 public:
  LoopbackServer(asio::io_context& io, std::string answer, Then then = Then::Closes)
      : acceptor_(io, {asio::ip::address_v4::loopback(), 0}),
        answer_(std::move(answer)),
        then_(then) {}

  // Speaks TLS from the next start() on.
  void use(const Certificate& certificate) {
    tls_.emplace(asio::ssl::context::tls_server);
    tls_->use_certificate_chain(asio::buffer(certificate.certificate));
    tls_->use_private_key(asio::buffer(certificate.key), asio::ssl::context::pem);
  }

  // After use(); to be arranged before start().
  [[nodiscard]] asio::ssl::context& tls() { return *tls_; }

  void start() {
    asio::co_spawn(acceptor_.get_executor(), serve(), [](const std::exception_ptr& problem) {
      if (problem) {
        std::rethrow_exception(problem);
      }
    });
  }

  // Nobody asks any more: ends the wait for somebody.
  void stop() { acceptor_.close(); }

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  // As it came, with its head; empty before.
  [[nodiscard]] const std::string& request() const { return request_; }

 private:
  using Socket = asio::ip::tcp::socket;

  asio::awaitable<void> serve() {
    asio::error_code problem;
    Socket socket =
        co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, problem));
    if (problem) {
      co_return;
    }
    if (tls_) {
      asio::ssl::stream<Socket&> stream{socket, *tls_};
      co_await stream.async_handshake(
          asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, problem)
      );
      if (!problem) {
        co_await answer(stream);
      }
    } else {
      co_await answer(socket);
    }
    if (then_ == Then::Resets) {
      // Asio's destructor would undo it.
      socket.set_option(asio::socket_base::linger{true, 0});
      socket.close();
    }
  }

  template <class Stream>
  asio::awaitable<void> answer(Stream& stream) {
    asio::error_code problem;
    auto into = asio::dynamic_buffer(request_);
    co_await asio::async_read_until(
        stream, into, "\r\n\r\n", asio::redirect_error(asio::use_awaitable, problem)
    );
    const auto written = asio::buffer(answer_);
    co_await asio::async_write(stream, written, asio::redirect_error(asio::use_awaitable, problem));
    if (then_ == Then::Stays) {
      // Until the client leaves.
      co_await asio::async_read_until(
          stream, into, '\0', asio::redirect_error(asio::use_awaitable, problem)
      );
    }
  }

  asio::ip::tcp::acceptor acceptor_;
  std::string answer_;
  Then then_;
  std::optional<asio::ssl::context> tls_;
  std::string request_;
};

}  // namespace pgrepl::testing
