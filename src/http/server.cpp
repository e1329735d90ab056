#include "http/server.h"

#include "http/response_head.h"
#include "http/tls_front.h"
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
#include <iterator>
#include <string_view>
#include <system_error>
#include <thread>
#include <type_traits>

#include <civetweb.h>

namespace pgrepl::http {

namespace {

using Mistake = Unexpected<std::string>;

// Which sockets are civetweb's. It has those of IPv4; those of IPv6 are relayed to it, since
// Debian builds it without IPv6.
struct Plan {
  std::vector<ListenAddress> civetweb;
  std::size_t relay_target = 0;  // index in `civetweb`, reachable at 127.0.0.1
};

bool is_at_loopback(const ListenAddress& address) {
  return address.host.empty() || address.host == "127.0.0.1";
}

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

Plan plan(const std::vector<ListenAddress>& addresses) {
  Plan plan;
  std::ranges::remove_copy_if(
      addresses, std::back_inserter(plan.civetweb), &ListenAddress::is_ipv6
  );
  const auto target = std::ranges::find_if(plan.civetweb, is_at_loopback);
  plan.relay_target = static_cast<std::size_t>(target - plan.civetweb.begin());
  const bool relays = std::ranges::any_of(addresses, &ListenAddress::is_ipv6);
  if (relays && target == plan.civetweb.end()) {
    plan.civetweb.push_back({.host = "127.0.0.1", .port = 0});
  }
  return plan;
}

std::string listening_ports(const std::vector<ListenAddress>& addresses) {
  std::string specs;
  for (const ListenAddress& address : addresses) {
    specs += (specs.empty() ? "" : ",") + civetweb_spec(address);
  }
  return specs;
}

// Where a machine has no IPv6, "every interface" is those of IPv4.
bool is_without_ipv6(std::error_code failure) {
  return failure == std::errc::address_family_not_supported ||
         failure == std::errc::address_not_available;
}

// "cannot bind to 127.0.0.1:9187: 98 (Address already in use)" in plain words.
std::string plain(std::string_view message) {
  constexpr std::string_view kBind = "cannot bind to ";
  if (!message.starts_with(kBind)) {
    return "cannot listen: " + std::string{message};
  }
  message.remove_prefix(kBind.size());
  const std::size_t address_end = message.rfind(": ");
  const std::size_t open = message.find('(', address_end);
  if (address_end == std::string_view::npos || open == std::string_view::npos) {
    return "cannot listen on " + std::string{message};
  }
  std::string address{message.substr(0, address_end)};
  if (address.find(':') == std::string::npos) {  // a port alone, for every interface
    address.insert(0, 1, ':');
  }
  const std::string_view reason = message.substr(open + 1, message.rfind(')') - open - 1);
  return "cannot listen on " + address + ": " + std::string{reason};
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
      .method = text_or_empty(info.request_method),
      .path = text_or_empty(info.local_uri),
      .query = text_or_empty(info.query_string),
      .headers = {}};
  if (request.method == "HEAD") {
    request.method = "GET";
  }
  for (int index = 0; index < info.num_headers; ++index) {
    const auto& header = info.http_headers[index];
    request.headers[lower_case(text_or_empty(header.name))] = text_or_empty(header.value);
  }
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

// civetweb's own decision on whether it waits for another request, which it does not tell.
bool stays_open(const mg_connection* connection, const Request& request) {
  const auto wish = request.headers.find("connection");
  const std::string text = wish == request.headers.end() ? "" : lower_case(wish->second);
  const std::string version = text_or_empty(mg_get_request_info(connection)->http_version);
  return text.find("close") == std::string::npos &&
         (version == "1.1" || text.find("keep-alive") != std::string::npos);
}

// civetweb 1.15 wants room for an error's number, 1.16 has it.
template <class ErrorData>
void give_room(ErrorData& error, [[maybe_unused]] unsigned& code) {
  if constexpr (std::is_pointer_v<decltype(error.code)>) {
    error.code = &code;
  }
}

void send(mg_connection* connection, const Request& request, const Response& response) {
  const bool open = stays_open(connection, request);
  if (!open) {
    mg_disable_connection_keep_alive(connection);
  }
  const char* reason = mg_get_response_code_text(connection, response.status);
  const std::string head = response_head(response, reason, open, std::chrono::system_clock::now());
  mg_write(connection, head.data(), head.size());
  const std::string_view method = mg_get_request_info(connection)->request_method;
  const std::string_view content = response.content();
  if (method != "HEAD" && !content.empty()) {
    mg_write(connection, content.data(), content.size());
  }
}

}  // namespace

// What civetweb's callbacks reach through its user data: it stays in place as long as they run.
class Server::Civetweb {
 public:
  // With a hop, only what it admits is answered.
  Civetweb(Handler handler, std::string first_host, const InnerHop* hop)
      : handler_(std::move(handler)), first_host_(std::move(first_host)), hop_(hop) {}

  Civetweb(const Civetweb&) = delete;
  Civetweb& operator=(const Civetweb&) = delete;

  // civetweb looks at its stop flag every two seconds, or after a connection.
  ~Civetweb() {
    if (context_ == nullptr) {
      return;
    }
    const std::vector<std::uint16_t> all = ports();
    std::atomic<bool> stopped = false;
    std::thread waker{[this, &all, &stopped] {
      while (!stopped && !all.empty()) {
        wake_listener(first_host_, all.front());
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
      }
    }};
    mg_stop(context_);
    stopped = true;
    waker.join();
  }

  // An error text, or none.
  [[nodiscard]] std::string start(const std::string& ports) {
    // Small buffers: a scrape is short. A slow client holds a thread until its request times out,
    // so there are more of them than scrapers.
    const std::array options{
        "listening_ports",
        ports.c_str(),
        "num_threads",
        "16",
        "max_request_size",
        "8192",
        "enable_keep_alive",
        "yes",
        "keep_alive_timeout_ms",
        "1000",
        "request_timeout_ms",
        "4000",
        "tcp_nodelay",
        "1",
        "enable_directory_listing",
        "no",
        static_cast<const char*>(nullptr)};
    mg_callbacks callbacks{};
    callbacks.begin_request = &Civetweb::begin_request;
    callbacks.log_message = &Civetweb::keep_first_message;
    std::array<char, 256> text{};
    mg_init_data init{&callbacks, this, const_cast<const char**>(options.data())};
    unsigned code = 0;
    mg_error_data error{};
    give_room(error, code);
    error.text = text.data();
    error.text_buffer_size = text.size();
    context_ = mg_start2(&init, &error);
    if (context_ != nullptr) {
      return {};
    }
    return plain(first_message_.empty() ? std::string{text.data()} : first_message_);
  }

  [[nodiscard]] std::vector<std::uint16_t> ports() const {
    std::array<mg_server_port, 64> found{};
    const int count = mg_get_server_ports(context_, static_cast<int>(found.size()), found.data());
    std::vector<std::uint16_t> ports;
    for (int index = 0; index < count; ++index) {
      ports.push_back(static_cast<std::uint16_t>(found.at(static_cast<std::size_t>(index)).port));
    }
    return ports;
  }

 private:
  // The caller is C: nothing may be thrown through it. Out of memory ends the program.
  static int begin_request(mg_connection* connection) noexcept {
    const auto* self = static_cast<const Civetweb*>(mg_get_user_data(mg_get_context(connection)));
    const mg_request_info& info = *mg_get_request_info(connection);
    const bool is_admitted =
        self->hop_ == nullptr ||
        self->hop_->admits(info.remote_addr, static_cast<std::uint16_t>(info.remote_port));
    const Request request = read_request(info);
    const Response response =
        is_admitted ? answer(self->handler_, request)
                    : Response{.status = 403, .body = "Not for direct use.\n", .headers = {}};
    send(connection, request, response);
    return response.status;
  }

  // civetweb says what is wrong with an address here only, on the thread that starts it. What its
  // own threads say is about clients.
  static int keep_first_message(const mg_connection* connection, const char* message) noexcept {
    auto* self = static_cast<Civetweb*>(mg_get_user_data(mg_get_context(connection)));
    if (self != nullptr && self->starter_ == std::this_thread::get_id() &&
        self->first_message_.empty()) {
      self->first_message_ = message;
    }
    return 1;  // not to be printed
  }

  Handler handler_;
  std::string first_host_;  // of the first address
  const InnerHop* hop_;
  std::thread::id starter_ = std::this_thread::get_id();
  std::string first_message_;
  mg_context* context_ = nullptr;
};

Expected<std::unique_ptr<Server>, std::string> Server::start(
    const std::vector<std::string>& listen_addresses, Handler handler
) {
  return start(listen_addresses, std::move(handler), nullptr);
}

Expected<std::unique_ptr<Server>, std::string> Server::start(
    const std::vector<std::string>& listen_addresses,
    Handler handler,
    std::unique_ptr<WebSettings> settings,
    std::function<void(int status)> told
) {
  const auto addresses = parse_all(listen_addresses);
  if (!addresses) {
    return Mistake{addresses.error()};
  }
  std::unique_ptr<Server> server{new Server};
  server->settings_ = std::move(settings);
  WebSettings* web = server->settings_.get();
  if (web != nullptr) {
    handler = [web, inner = std::move(handler)](const Request& request) {
      return web->answer(request, inner);
    };
  }
  handler = [told = std::move(told), inner = std::move(handler)](const Request& request) {
    Response response = inner(request);
    told(response.status);
    return response;
  };
  const bool tls = web != nullptr && web->serves_tls();
  const std::string problem = tls ? server->start_tls(*addresses, std::move(handler))
                                  : server->start_plain(*addresses, std::move(handler));
  if (!problem.empty()) {
    return Mistake{problem};
  }
  return server;
}

std::string Server::start_plain(const std::vector<ListenAddress>& addresses, Handler handler) {
  const Plan planned = plan(addresses);
  const std::string first_host = planned.civetweb.front().host;
  civetweb_ = std::make_unique<Civetweb>(std::move(handler), first_host, nullptr);
  if (std::string problem = civetweb_->start(listening_ports(planned.civetweb)); !problem.empty()) {
    return problem;
  }
  const std::vector<std::uint16_t> ports = civetweb_->ports();
  std::size_t next = 0;
  for (const ListenAddress& address : addresses) {
    const std::uint16_t target = ports.at(address.is_ipv6() ? planned.relay_target : next++);
    if (std::string failure = open(address, target); !failure.empty()) {
      return failure;
    }
  }
  return {};
}

std::string Server::start_tls(const std::vector<ListenAddress>& addresses, Handler handler) {
  const ListenAddress inner{.host = "127.0.0.1", .port = 0};
  civetweb_ = std::make_unique<Civetweb>(std::move(handler), inner.host, &hop_);
  if (std::string problem = civetweb_->start(listening_ports({inner})); !problem.empty()) {
    return problem;
  }
  auto front = TlsFront::start(addresses, civetweb_->ports().front(), *settings_, hop_);
  if (!front) {
    return front.error();
  }
  front_ = std::move(*front);
  ports_ = front_->ports();
  return {};
}

std::string Server::open(const ListenAddress& address, std::uint16_t target) {
  if (!address.is_ipv6() && !address.host.empty()) {
    ports_.push_back(target);
    return {};
  }
  const std::string host = address.host.empty() ? "::" : address.host;
  const std::uint16_t port = address.host.empty() ? target : address.port;
  auto relay = Ipv6Relay::start(host, port, target);
  if (!relay && address.host.empty() && is_without_ipv6(relay.error())) {
    ports_.push_back(target);
    return {};
  }
  if (!relay) {
    return "cannot listen on [" + host + "]:" + std::to_string(port) + ": " +
           relay.error().message();
  }
  ports_.push_back((*relay)->port());
  relays_.push_back(std::move(*relay));
  return {};
}

Server::Server() = default;

Server::~Server() = default;

}  // namespace pgrepl::http
