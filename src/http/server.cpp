#include "http/server.h"

#include "http/front.h"
#include "http/lanes.h"
#include "http/response_head.h"
#include "http/target.h"
#include "http/wake.h"
#include "http/web_settings.h"
#include "log/log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <exception>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>

#include <civetweb.h>

namespace pgrepl::http {

namespace {

using Mistake = Unexpected<std::string>;

Expected<std::vector<ListenAddress>, std::string> parse_all(
    const std::vector<std::string>& listen_addresses
) {
  if (listen_addresses.empty()) {
    return Mistake{"there is no address to listen on"};
  }
  std::vector<ListenAddress> addresses;
  for (const std::string& text : listen_addresses) {
    const auto address = ListenAddress::parse(text);
    if (!address) {
      return Mistake{address.error()};
    }
    addresses.push_back(*address);
  }
  return addresses;
}

std::string text_or_empty(const char* text) {
  return text == nullptr ? std::string{} : std::string{text};
}

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return text;
}

Request read_request(const mg_request_info& info) {
  Request request{
      .method = text_or_empty(info.request_method), .path = {}, .query = {}, .headers = {}};
  if (request.method == "HEAD") {
    request.method = "GET";
  }
  for (int index = 0; index < info.num_headers; ++index) {
    const auto& header = info.http_headers[index];
    std::string& value = request.headers[lower_case(text_or_empty(header.name))];
    value += (value.empty() ? "" : ", ") + text_or_empty(header.value);
  }
  const std::string target = std::exchange(request.headers[kTarget], {});
  request.headers.erase(kTarget);
  request.path = path_of(target);
  request.query = query_of(target);
  return request;
}

Response answer(const Handler& handler, const Request& request) {
  try {
    return handler(request);
  } catch (const std::exception& e) {
    log::write(
        log::Level::Error, "http", "request failed", {{"path", request.path}, {"what", e.what()}}
    );
    return {
        .status = 500,
        .content_type = "text/plain; charset=utf-8",
        .body = "internal error\n",
        .headers = {}};
  }
}

// civetweb 1.15 wants room for an error's number, 1.16 has it.
template <class ErrorData>
void give_room(ErrorData& error, [[maybe_unused]] unsigned& code) {
  if constexpr (std::is_pointer_v<decltype(error.code)>) {
    error.code = &code;
  }
}

// Without a line Connection: the lane stays open, and what the client is told the front decides.
void send(mg_connection* connection, const Response& response) {
  const std::string head = response_head(response, std::chrono::system_clock::now()) + "\r\n";
  mg_write(connection, head.data(), head.size());
  const std::string_view method = mg_get_request_info(connection)->request_method;
  const std::string_view content = response.content();
  if (method != "HEAD" && !content.empty()) {
    mg_write(connection, content.data(), content.size());
  }
}

}  // namespace

// Reads the front's requests on 127.0.0.1 and calls the handler on its threads. What its callbacks
// reach through its user data stays in place as long as they run.
class Server::Civetweb {
 public:
  Civetweb(Handler handler, InnerHop& hop) : handler_(std::move(handler)), hop_(hop) {}

  Civetweb(const Civetweb&) = delete;
  Civetweb& operator=(const Civetweb&) = delete;

  // civetweb looks at its stop flag every two seconds, or after a connection.
  ~Civetweb() {
    if (context_ == nullptr) {
      return;
    }
    std::atomic<bool> stopped = false;
    std::thread waker{[target = port(), &stopped] {
      while (!stopped) {
        wake_listener(target);
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
      }
    }};
    mg_stop(context_);
    stopped = true;
    waker.join();
  }

  // An error text, or none.
  [[nodiscard]] std::string start() {
    const std::string threads = std::to_string(kAllLanes);
    // Each thread serves one lane of the front for ever, so that it may be silent for long. Only a
    // stranger never gets as far as a second request, and is hung up on soon.
    const std::array options{
        "listening_ports",
        "127.0.0.1:0",
        "num_threads",
        threads.c_str(),
        "max_request_size",
        "16384",
        "enable_keep_alive",
        "yes",
        "keep_alive_timeout_ms",
        "2000000000",
        "request_timeout_ms",
        "5000",
        "tcp_nodelay",
        "1",
        "enable_directory_listing",
        "no",
        static_cast<const char*>(nullptr)};
    mg_callbacks callbacks{};
    callbacks.begin_request = &Civetweb::begin_request;
    callbacks.log_message = &Civetweb::say_nothing;
    std::array<char, 256> text{};
    mg_init_data init{&callbacks, this, const_cast<const char**>(options.data())};
    unsigned code = 0;
    mg_error_data error{};
    give_room(error, code);
    error.text = text.data();
    error.text_buffer_size = text.size();
    context_ = mg_start2(&init, &error);
    return context_ != nullptr ? std::string{}
                               : "cannot listen on 127.0.0.1: " + std::string{text.data()};
  }

  [[nodiscard]] std::uint16_t port() const {
    mg_server_port found{};
    mg_get_server_ports(context_, 1, &found);
    return static_cast<std::uint16_t>(found.port);
  }

 private:
  // The caller is C: nothing may be thrown through it. Out of memory ends the program.
  static int begin_request(mg_connection* connection) noexcept {
    const auto* self = static_cast<const Civetweb*>(mg_get_user_data(mg_get_context(connection)));
    const mg_request_info& info = *mg_get_request_info(connection);
    const Response response = self->respond(info);
    send(connection, response);
    return response.status;
  }

  [[nodiscard]] Response respond(const mg_request_info& info) const {
    switch (hop_.meet(info.remote_addr, static_cast<std::uint16_t>(info.remote_port))) {
      case InnerPeer::Lane:
        return answer(handler_, read_request(info));
      case InnerPeer::NewLane:
        return {.body = "open\n", .headers = {}};
      case InnerPeer::Stranger:
        break;
    }
    return {.status = 403, .body = "Not for direct use.\n", .headers = {}};
  }

  // What it would print is about clients, whom the front knows better.
  static int say_nothing(const mg_connection* /*connection*/, const char* /*message*/) noexcept {
    return 1;
  }

  Handler handler_;
  InnerHop& hop_;
  mg_context* context_ = nullptr;
};

Expected<std::unique_ptr<Server>, std::string> Server::start(
    const std::vector<std::string>& listen_addresses,
    Handler handler,
    std::unique_ptr<WebSettings> settings,
    const Limits& limits,
    Refusals::Family& refused
) {
  const auto addresses = parse_all(listen_addresses);
  if (!addresses) {
    return Mistake{addresses.error()};
  }
  std::unique_ptr<Server> server{new Server{refused}};
  server->settings_ = std::move(settings);
  WebSettings* web = server->settings_.get();
  if (web != nullptr) {
    handler = [web, inner = std::move(handler)](const Request& request) {
      return web->answer(request, inner);
    };
  }
  server->civetweb_ = std::make_unique<Civetweb>(std::move(handler), server->hop_);
  if (std::string problem = server->civetweb_->start(); !problem.empty()) {
    return Mistake{std::move(problem)};
  }
  const Behind behind{
      .port = server->civetweb_->port(),
      .hop = server->hop_,
      .refusals = server->refusals_,
      .settings = web};
  auto front = Front::start(*addresses, limits, behind);
  if (!front) {
    return Mistake{std::move(front.error())};
  }
  server->front_ = std::move(*front);
  server->ports_ = server->front_->ports();
  return server;
}

Server::Server(Refusals::Family& refused) : refusals_(refused) {
}

Server::~Server() = default;

}  // namespace pgrepl::http
