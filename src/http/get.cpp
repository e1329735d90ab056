#include "http/get.h"

#include <charconv>

#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

namespace pgrepl::http {

namespace {

// The steps of one exchange, each started by the one before; run by get() until the time is up.
class Exchange {
 public:
  Exchange(asio::io_context& io, std::string request) : socket_(io), request_(std::move(request)) {}

  void begin(const asio::ip::tcp::resolver::results_type& addresses) {
    asio::async_connect(
        socket_,
        addresses,
        [this](const asio::error_code& problem, const asio::ip::tcp::endpoint&) {
          if (problem) {
            finish(problem);
            return;
          }
          send();
        }
    );
  }

  [[nodiscard]] bool finished() const { return finished_; }

  [[nodiscard]] const asio::error_code& problem() const { return problem_; }

  [[nodiscard]] const std::string& received() const { return received_; }

 private:
  void send() {
    asio::async_write(
        socket_,
        asio::buffer(request_),
        [this](const asio::error_code& problem, std::size_t) {
          if (problem) {
            finish(problem);
            return;
          }
          receive();
        }
    );
  }

  void receive() {
    asio::async_read(
        socket_,
        asio::dynamic_buffer(received_),
        [this](const asio::error_code& problem, std::size_t) {
          finish(problem == asio::error::eof ? asio::error_code{} : problem);
        }
    );
  }

  void finish(const asio::error_code& problem) {
    problem_ = problem;
    finished_ = true;
  }

  asio::ip::tcp::socket socket_;
  std::string request_;
  std::string received_;
  asio::error_code problem_;
  bool finished_ = false;
};

Expected<Answer, std::string> parse(const std::string& text) {
  const std::size_t head_end = text.find("\r\n\r\n");
  Answer answer;
  if (!text.starts_with("HTTP/1.") || head_end == std::string::npos || text.size() < 12) {
    return Unexpected<std::string>{"what answered does not speak HTTP"};
  }
  const auto [end, problem] = std::from_chars(text.data() + 9, text.data() + 12, answer.status);
  if (problem != std::errc{}) {
    return Unexpected<std::string>{"what answered does not speak HTTP"};
  }
  answer.body = text.substr(head_end + 4);
  return answer;
}

}  // namespace

Expected<Answer, std::string> get(
    const std::string& host,
    std::uint16_t port,
    const std::string& path,
    std::chrono::milliseconds timeout
) {
  asio::io_context io{1};
  asio::ip::tcp::resolver resolver{io};
  asio::error_code unknown;
  const auto addresses = resolver.resolve(host, std::to_string(port), unknown);
  if (unknown) {
    return Unexpected<std::string>{"cannot resolve " + host + ": " + unknown.message()};
  }
  const std::string request =
      "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
  Exchange exchange{io, request};
  exchange.begin(addresses);
  io.run_for(timeout);
  if (!exchange.finished()) {
    return Unexpected<std::string>{"no answer within " + std::to_string(timeout.count()) + " ms"};
  }
  if (exchange.problem()) {
    return Unexpected<std::string>{exchange.problem().message()};
  }
  return parse(exchange.received());
}

}  // namespace pgrepl::http
