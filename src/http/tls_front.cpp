#include "http/tls_front.h"

#include "http/copy.h"

#include <algorithm>
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
#include <asio/ssl/stream.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

namespace pgrepl::http {

namespace {

using asio::experimental::awaitable_operators::operator&&;
using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr int kMostConnections = 64;
constexpr auto kPauseWithoutDescriptors = 100ms;
constexpr auto kForHandshake = 10s;
// A page may take as long as the scraper is willing to wait.
constexpr auto kForTheNextByte = 90s;
constexpr auto kForFarewell = 2s;

// One client with its connection to the target. Counts itself.
struct Client {
  Client(tcp::socket from, std::shared_ptr<asio::ssl::context> tls, InnerHop& inner_hop, int& count)
      : context(std::move(tls)),
        stream(std::move(from), *context),
        server(stream.get_executor()),
        timer(stream.get_executor()),
        hop(inner_hop),
        live(count) {
    ++live;
  }

  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  ~Client() {
    hop.strike(source_port);
    --live;
  }

  void close() {
    asio::error_code ignored;
    hop.strike(source_port);
    server.close(ignored);
    stream.lowest_layer().close(ignored);
  }

  std::shared_ptr<asio::ssl::context> context;  // as it was when the connection began
  asio::ssl::stream<tcp::socket> stream;
  tcp::socket server;
  asio::steady_timer timer;
  std::uint16_t source_port = 0;  // of `server`; 0 before it is bound
  bool has_ended = false;
  InnerHop& hop;
  int& live;
};

// Closes what makes no headway; whoever makes some sets the timer anew.
asio::awaitable<void> watch(std::shared_ptr<Client> client) {
  while (!client->has_ended && client->timer.expiry() > std::chrono::steady_clock::now()) {
    asio::error_code moved;
    co_await client->timer.async_wait(asio::redirect_error(asio::use_awaitable, moved));
  }
  client->close();
}

// A client that neither sends nor takes a byte for long is hung up on.
auto keep_alive(asio::steady_timer& timer) {
  return [&timer] { timer.expires_after(kForTheNextByte); };
}

// A client that has asked for all it wants may still be waiting for the answer.
asio::awaitable<void> carry_requests(std::shared_ptr<Client> client) {
  const auto on_bytes = keep_alive(client->timer);
  co_await copy(client->stream, client->server, on_bytes);
  asio::error_code ignored;
  client->server.shutdown(tcp::socket::shutdown_send, ignored);
}

// After the server has hung up there is nothing to wait for but the farewell that TLS has.
asio::awaitable<void> carry_answers(std::shared_ptr<Client> client) {
  const auto on_bytes = keep_alive(client->timer);
  co_await copy(client->server, client->stream, on_bytes);
  client->timer.expires_after(kForFarewell);
  asio::error_code ignored;
  co_await client->stream.async_shutdown(asio::redirect_error(asio::use_awaitable, ignored));
  client->stream.lowest_layer().close(ignored);
}

asio::awaitable<asio::error_code> connect(std::shared_ptr<Client> client, tcp::endpoint target) {
  asio::error_code failure;
  client->server.open(tcp::v4(), failure);
  if (!failure) {
    client->server.bind({asio::ip::address_v4::loopback(), 0}, failure);
  }
  if (failure) {
    co_return failure;
  }
  client->source_port = client->server.local_endpoint(failure).port();
  client->hop.note(client->source_port);
  auto token = asio::redirect_error(asio::use_awaitable, failure);
  co_await client->server.async_connect(target, token);
  asio::error_code ignored;
  client->server.set_option(tcp::no_delay{true}, ignored);
  co_return failure;
}

asio::awaitable<void> serve(std::shared_ptr<Client> client, tcp::endpoint target) {
  asio::error_code failure;
  auto token = asio::redirect_error(asio::use_awaitable, failure);
  co_await client->stream.async_handshake(asio::ssl::stream_base::server, token);
  if (!failure) {
    client->timer.expires_after(kForTheNextByte);
    failure = co_await connect(client, target);
  }
  if (!failure) {
    auto requests = carry_requests(client);
    auto answers = carry_answers(client);
    co_await (std::move(requests) && std::move(answers));
  }
  client->has_ended = true;
  client->timer.cancel();
}

// What may be thrown is out of memory; it costs one connection.
void end_connection(const std::exception_ptr& /*thrown*/) {
}

// Where a machine has no IPv6, "every interface" is those of IPv4.
bool is_without_ipv6(const asio::error_code& failure) {
  return failure == std::errc::address_family_not_supported ||
         failure == std::errc::address_not_available;
}

asio::error_code open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  asio::error_code failure;
  asio::error_code ignored;  // what these are not set to shows when it is bound
  acceptor.close(ignored);
  acceptor.open(endpoint.protocol(), failure);
  if (failure) {
    return failure;
  }
  acceptor.set_option(tcp::acceptor::reuse_address{true}, ignored);
  if (endpoint.address().is_v6()) {
    acceptor.set_option(asio::ip::v6_only{!endpoint.address().is_unspecified()}, ignored);
  }
  acceptor.bind(endpoint, failure);
  if (!failure) {
    acceptor.listen(tcp::acceptor::max_listen_connections, failure);
  }
  return failure;
}

}  // namespace

// One thread with a loop of its own: TLS never waits for PostgreSQL.
class TlsFront::Loop {
 public:
  Loop(std::uint16_t target_port, WebSettings& settings, InnerHop& hop)
      : target_(asio::ip::address_v4::loopback(), target_port), settings_(settings), hop_(hop) {}

  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  ~Loop() {
    io_.stop();
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  [[nodiscard]] asio::error_code listen(const ListenAddress& address) {
    tcp::acceptor& acceptor = acceptors_.emplace_back(io_);
    if (address.host.empty()) {
      const auto failure = open(acceptor, {asio::ip::address_v6::any(), address.port});
      return is_without_ipv6(failure) ? open(acceptor, {tcp::v4(), address.port}) : failure;
    }
    asio::error_code failure;
    tcp::resolver resolver{io_};
    const auto found = resolver.resolve(address.host, std::to_string(address.port), failure);
    return failure ? failure : open(acceptor, found.begin()->endpoint());
  }

  void run() {
    for (tcp::acceptor& acceptor : acceptors_) {
      asio::co_spawn(io_, accept_all(acceptor), &end_connection);
    }
    thread_ = std::thread{[this] { io_.run(); }};
  }

  [[nodiscard]] std::vector<std::uint16_t> ports() const {
    std::vector<std::uint16_t> ports;
    for (const tcp::acceptor& acceptor : acceptors_) {
      ports.push_back(acceptor.local_endpoint().port());
    }
    return ports;
  }

 private:
  asio::awaitable<void> accept_all(tcp::acceptor& acceptor) {
    asio::error_code failure;
    auto token = asio::redirect_error(asio::use_awaitable, failure);
    while (failure != asio::error::operation_aborted) {
      tcp::socket socket = co_await acceptor.async_accept(token);
      if (failure) {
        asio::steady_timer pause{io_, kPauseWithoutDescriptors};
        co_await pause.async_wait(asio::use_awaitable);
      } else if (live_ < kMostConnections) {
        asio::error_code ignored;
        socket.set_option(tcp::no_delay{true}, ignored);
        auto client = std::make_shared<Client>(std::move(socket), settings_.tls(), hop_, live_);
        client->timer.expires_after(kForHandshake);
        asio::co_spawn(io_, watch(client), &end_connection);
        asio::co_spawn(io_, serve(client, target_), &end_connection);
      }
    }
  }

  int live_ = 0;  // outlives the loop, and so the clients
  tcp::endpoint target_;
  WebSettings& settings_;
  InnerHop& hop_;
  asio::io_context io_{1};
  std::vector<tcp::acceptor> acceptors_;
  std::thread thread_;
};

Expected<std::unique_ptr<TlsFront>, std::string> TlsFront::start(
    const std::vector<ListenAddress>& addresses,
    std::uint16_t target_port,
    WebSettings& settings,
    InnerHop& hop
) {
  auto loop = std::make_unique<Loop>(target_port, settings, hop);
  for (const ListenAddress& address : addresses) {
    const std::string host = address.is_ipv6() ? '[' + address.host + ']' : address.host;
    if (const asio::error_code failure = loop->listen(address)) {
      return Unexpected<std::string>{
          "cannot listen on " + host + ':' + std::to_string(address.port) + ": " +
          failure.message()};
    }
  }
  loop->run();
  return std::unique_ptr<TlsFront>{new TlsFront{std::move(loop)}};
}

TlsFront::TlsFront(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {
}

TlsFront::~TlsFront() = default;

std::vector<std::uint16_t> TlsFront::ports() const {
  return loop_->ports();
}

}  // namespace pgrepl::http
