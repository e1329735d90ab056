#include "e2e/webhook.h"

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>

#include <civetweb.h>
#include <nlohmann/json.hpp>

namespace pgrepl::testing {

namespace {

std::string body_of(mg_connection* connection) {
  std::string body;
  std::array<char, 4096> part{};
  int length = 0;
  while ((length = mg_read(connection, part.data(), part.size())) > 0) {
    body.append(part.data(), static_cast<std::size_t>(length));
  }
  return body;
}

}  // namespace

Webhook::Webhook() {
  const std::string port = "127.0.0.1:" + std::to_string(port_.number());
  std::array<const char*, 5> options{"listening_ports", port.c_str(), "num_threads", "4", nullptr};
  server_ = mg_start(nullptr, nullptr, options.data());
  if (server_ == nullptr) {
    throw std::runtime_error("the webhook cannot listen on " + port);
  }
  mg_set_request_handler(server_, "/", &Webhook::receive, this);
}

Webhook::~Webhook() {
  mg_stop(server_);
}

std::size_t Webhook::count(
    std::string_view receiver, std::string_view status, std::string_view alert
) const {
  const std::scoped_lock lock{mutex_};
  return static_cast<std::size_t>(std::ranges::count_if(notifications_, [&](const auto& told) {
    return told.receiver == receiver && told.status == status &&
           (alert.empty() || std::ranges::find(told.alerts, alert) != told.alerts.end());
  }));
}

std::string Webhook::story() const {
  const std::scoped_lock lock{mutex_};
  std::string text;
  for (const Notification& told : notifications_) {
    if (told.receiver != "deadman") {
      text += told.receiver + " " + told.status;
      for (const std::string& alert : told.alerts) {
        text += " " + alert;
      }
      text += "\n";
    }
  }
  return text;
}

int Webhook::receive(mg_connection* connection, void* self) {
  const mg_request_info* request = mg_get_request_info(connection);
  static_cast<Webhook*>(self)->remember(request->local_uri, body_of(connection));
  mg_printf(connection, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  return 200;
}

void Webhook::remember(const std::string& path, const std::string& body) {
  const auto message = nlohmann::json::parse(body, nullptr, false);
  if (message.is_discarded()) {
    return;
  }
  const std::string status = message.value("status", "");
  std::set<std::string> names;
  for (const auto& alert : message["alerts"]) {
    if (alert.value("status", "") == status) {
      names.insert(alert["labels"].value("alertname", ""));
    }
  }
  const std::scoped_lock lock{mutex_};
  notifications_.push_back({path.substr(1), status, {names.begin(), names.end()}});
}

}  // namespace pgrepl::testing
