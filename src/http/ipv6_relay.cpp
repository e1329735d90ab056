#include "http/ipv6_relay.h"

#include "http/copy.h"

#include <chrono>
#include <exception>
#include <thread>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

namespace pgrepl::http {

namespace {

using asio::experimental::awaitable_operators::operator&&;
using asio::ip::tcp;

constexpr int kMostConnections = 64;
constexpr std::chrono::milliseconds kPauseWithoutDescriptors{100};

// One client with its connection to the target. Counts itself.
struct Pair {
  Pair(tcp::socket from, tcp::socket to, int& count)
      : client(std::move(from)), server(std::move(to)), live(count) {
    ++live;
  }

  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  ~Pair() { --live; }

  tcp::socket client;
  tcp::socket server;
  int& live;
};

void do_nothing() {
}

// A client that has asked for all it wants may still be waiting for the answer.
asio::awaitable<void> carry_requests(std::shared_ptr<Pair> pair) {
  co_await copy(pair->client, pair->server, &do_nothing);
  asio::error_code ignored;
  pair->server.shutdown(tcp::socket::shutdown_send, ignored);
}

// After the server has hung up there is nothing to wait for.
asio::awaitable<void> carry_answers(std::shared_ptr<Pair> pair) {
  co_await copy(pair->server, pair->client, &do_nothing);
  asio::error_code ignored;
  pair->client.shutdown(tcp::socket::shutdown_both, ignored);
}

asio::awaitable<void> relay(std::shared_ptr<Pair> pair, tcp::endpoint target) {
  asio::error_code failure;
  auto token = asio::redirect_error(asio::use_awaitable, failure);
  co_await pair->server.async_connect(target, token);
  if (failure) {
    co_return;
  }
  auto requests = carry_requests(pair);
  auto answers = carry_answers(pair);
  co_await (std::move(requests) && std::move(answers));
}

// What may be thrown is out of memory; it costs one connection.
void end_connection(const std::exception_ptr& /*thrown*/) {
}

}  // namespace

// One thread with a loop of its own: a relay never waits for PostgreSQL.
class Ipv6Relay::Loop {
 public:
  explicit Loop(std::uint16_t target_port)
      : target_(asio::ip::address_v4::loopback(), target_port), acceptor_(io_) {}

  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  ~Loop() {
    io_.stop();
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  [[nodiscard]] asio::error_code listen(const std::string& host, std::uint16_t port) {
    asio::error_code failure;
    const auto address = asio::ip::make_address_v6(host, failure);
    const tcp::endpoint endpoint{address, port};
    if (failure) {
      return failure;
    }
    acceptor_.open(endpoint.protocol(), failure);
    if (failure) {
      return failure;
    }
    asio::error_code ignored;  // what these are not set to shows when it is bound
    acceptor_.set_option(tcp::acceptor::reuse_address{true}, ignored);
    acceptor_.set_option(asio::ip::v6_only{true}, ignored);
    acceptor_.bind(endpoint, failure);
    if (failure) {
      return failure;
    }
    acceptor_.listen(tcp::acceptor::max_listen_connections, failure);
    if (failure) {
      return failure;
    }
    asio::co_spawn(io_, accept_all(), &end_connection);
    thread_ = std::thread{[this] { io_.run(); }};
    return {};
  }

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  asio::awaitable<void> accept_all() {
    asio::error_code failure;
    auto token = asio::redirect_error(asio::use_awaitable, failure);
    while (failure != asio::error::operation_aborted) {
      tcp::socket client = co_await acceptor_.async_accept(token);
      if (failure) {
        asio::steady_timer pause{io_, kPauseWithoutDescriptors};
        co_await pause.async_wait(asio::use_awaitable);
      } else if (live_ < kMostConnections) {
        auto pair = std::make_shared<Pair>(std::move(client), tcp::socket{io_}, live_);
        asio::co_spawn(io_, relay(std::move(pair), target_), &end_connection);
      }
    }
  }

  int live_ = 0;  // outlives the loop, and so the pairs
  tcp::endpoint target_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  std::thread thread_;
};

Expected<std::unique_ptr<Ipv6Relay>, std::error_code> Ipv6Relay::start(
    const std::string& host, std::uint16_t port, std::uint16_t target_port
) {
  auto loop = std::make_unique<Loop>(target_port);
  const asio::error_code failure = loop->listen(host, port);
  if (failure) {
    return Unexpected<std::error_code>{failure};
  }
  return std::unique_ptr<Ipv6Relay>{new Ipv6Relay{std::move(loop)}};
}

Ipv6Relay::Ipv6Relay(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {
}

Ipv6Relay::~Ipv6Relay() = default;

std::uint16_t Ipv6Relay::port() const {
  return loop_->port();
}

}  // namespace pgrepl::http
