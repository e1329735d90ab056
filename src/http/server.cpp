#include "http/server.h"

#include "log.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <exception>

#include <civetweb.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pgrepl::http {

struct Server::Impl {
  Handler handler;
  mg_context* context = nullptr;
  std::string start_messages;  // of civetweb, while it starts
};

namespace {

using Header = std::pair<std::string, std::string>;

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return text;
}

std::string or_empty(const char* text) {
  return text == nullptr ? "" : text;
}

Request to_request(const mg_request_info& info) {
  Request request{
      .method = or_empty(info.request_method),
      .path = or_empty(info.local_uri),
      .query = or_empty(info.query_string),
      .headers = {},
  };
  for (int i = 0; i < info.num_headers; ++i) {
    const mg_header& header = info.http_headers[i];
    request.headers[lower_case(or_empty(header.name))] = or_empty(header.value);
  }
  return request;
}

void send(mg_connection* connection, const Request& request, const Response& response) {
  mg_response_header_start(connection, response.status);
  const auto add = [connection](const std::string& name, const std::string& value) {
    mg_response_header_add(connection, name.c_str(), value.c_str(), -1);
  };
  add("Content-Type", response.content_type);
  add("Content-Length", std::to_string(response.body.size()));
  add("X-Content-Type-Options", "nosniff");
  add("Cache-Control", "no-store");
  for (const auto& [name, value] : response.headers) {
    add(name, value);
  }
  mg_response_header_send(connection);
  if (request.method != "HEAD") {
    mg_write(connection, response.body.data(), response.body.size());
  }
}

// civetweb is C: nothing may be thrown through it.
int on_request(mg_connection* connection) noexcept {
  const mg_request_info* info = mg_get_request_info(connection);
  const auto* impl = static_cast<const Server::Impl*>(info->user_data);
  try {
    const Request request = to_request(*info);
    Response response;
    try {
      response = impl->handler(request);
    } catch (const std::exception& e) {
      log::write(
          log::Level::Error, "http", "request failed", {{"path", request.path}, {"what", e.what()}}
      );
      response = {.status = 500, .body = "Internal error; the log says which.\n", .headers = {}};
    }
    send(connection, request, response);
  } catch (...) {
    return 500;  // no memory even for an answer: civetweb closes the connection
  }
  return 1;
}

int on_message(const mg_connection* connection, const char* message) noexcept {
  auto* impl = static_cast<Server::Impl*>(mg_get_user_data(mg_get_context(connection)));
  if (impl != nullptr && impl->context == nullptr) {
    impl->start_messages += (impl->start_messages.empty() ? "" : "; ") + std::string{message};
  } else {
    log::write(log::Level::Debug, "http", message);
  }
  return 1;
}

bool has_ipv6() {
  const int probe = socket(AF_INET6, SOCK_STREAM, 0);
  if (probe >= 0) {
    close(probe);
  }
  return probe >= 0;
}

// "+9187" is civetweb's word for both families; an optional port ('o') may fail.
std::string to_civetweb(const std::string& address) {
  if (address.starts_with(':')) {
    return (has_ipv6() ? "+" : "") + address.substr(1);
  }
  return address;
}

std::string joined(
    const std::vector<std::string>& parts, std::string (*change)(const std::string&)
) {
  std::string text;
  for (const std::string& part : parts) {
    text += (text.empty() ? "" : ",") + change(part);
  }
  return text;
}

}  // namespace

std::string Request::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
}

Expected<std::unique_ptr<Server>, std::string> Server::start(
    const std::vector<std::string>& listen_addresses, Handler handler
) {
  auto impl = std::make_unique<Impl>();
  impl->handler = std::move(handler);
  const std::string ports = joined(listen_addresses, to_civetweb);
  // As many scrapes as may wait for one round; more wait in the queue. Connections are not kept:
  // an idle one would hold a thread.
  const std::array<const char*, 9> options{
      "listening_ports",
      ports.c_str(),
      "num_threads",
      "8",
      "request_timeout_ms",
      "10000",
      "max_request_size",
      "8192",
      nullptr};
  mg_callbacks callbacks{};
  callbacks.begin_request = on_request;
  callbacks.log_message = on_message;
  mg_init_library(0);
  mg_context* context = mg_start(&callbacks, impl.get(), const_cast<const char**>(options.data()));
  if (context == nullptr) {
    mg_exit_library();
    const auto same = [](const std::string& text) { return text; };
    return Unexpected<std::string>{
        "cannot listen on " + joined(listen_addresses, same) + ": " + impl->start_messages};
  }
  impl->context = context;
  return std::unique_ptr<Server>{new Server{std::move(impl)}};
}

Server::~Server() {
  mg_stop(impl_->context);
  mg_exit_library();
}

std::vector<std::uint16_t> Server::ports() const {
  std::array<mg_server_port, 16> found{};
  const int count =
      mg_get_server_ports(impl_->context, static_cast<int>(found.size()), found.data());
  std::vector<std::uint16_t> ports;
  for (int i = 0; i < count; ++i) {
    ports.push_back(static_cast<std::uint16_t>(found.at(static_cast<std::size_t>(i)).port));
  }
  return ports;
}

}  // namespace pgrepl::http
