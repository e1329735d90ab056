// Whom Alertmanager tells: an HTTP server on the loopback that remembers every notification.
#pragma once

#include "support/reserved_port.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

struct mg_connection;
struct mg_context;

namespace pgrepl::testing {

struct Notification {
  std::string receiver;             // "pager", "ticket", "deadman"
  std::string status;               // "firing", "resolved"
  std::vector<std::string> alerts;  // names of those with that status, sorted, each once
};

class Webhook {
 public:
  Webhook();
  ~Webhook();
  Webhook(const Webhook&) = delete;
  Webhook& operator=(const Webhook&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_.number(); }

  // Notifications of this receiver and status that name the alert; any alert if it is empty.
  [[nodiscard]] std::size_t count(
      std::string_view receiver, std::string_view status, std::string_view alert = {}
  ) const;

  // All of them but the watchdog's, a line each.
  [[nodiscard]] std::string story() const;

 private:
  static int receive(mg_connection* connection, void* self);
  void remember(const std::string& path, const std::string& body);

  ReservedPort port_;
  mutable std::mutex mutex_;
  std::vector<Notification> notifications_;
  mg_context* server_ = nullptr;
};

}  // namespace pgrepl::testing
