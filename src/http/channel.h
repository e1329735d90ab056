// One accepted connection, plain or TLS.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/stream.hpp>

namespace pgrepl::http {

class Channel {
 public:
  // Without a context it is plain.
  Channel(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> tls);

  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() = default;

  // One of these at a time.

  // Whether TLS came about; at once when it is plain.
  asio::awaitable<bool> shake_hands();
  // How many bytes came; 0 when the client has ended, or the connection has.
  asio::awaitable<std::size_t> read_some(asio::mutable_buffer room);
  // How many bytes went; 0 when the connection has ended.
  asio::awaitable<std::size_t> write_some(asio::const_buffer bytes);
  // Says that nothing more comes, and takes what the client still sends: closing a socket with
  // unread bytes makes the kernel throw away the answer that is under way. Ends with the client's
  // end.
  asio::awaitable<void> say_farewell();

  // At any time: what is under way fails.
  void close();

 private:
  std::shared_ptr<asio::ssl::context> context_;  // as it was when the connection began
  asio::ip::tcp::socket socket_;
  std::optional<asio::ssl::stream<asio::ip::tcp::socket&>> tls_;
};

}  // namespace pgrepl::http
