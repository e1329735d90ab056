// The HTTP server: sockets, threads and the protocol. What a path answers is the handler's
// business.
#pragma once

#include "http/inner_hop.h"
#include "http/limits.h"
#include "http/listen_address.h"
#include "http/message.h"
#include "http/refusals.h"
#include "support/expected.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pgrepl::http {

class Front;
class WebSettings;

class Server {
 public:
  // Listens on all addresses or on none. ":9187" is every interface, in IPv6 too where the machine
  // has it; "127.0.0.1:9187", "[::1]:9187", "localhost:9187" are one; port 0 is a free one. The
  // error names the address and the reason.
  // `settings` is what the web configuration file asks for: TLS, logins, headers; null without one.
  // Who is refused is counted in `refused`, which outlives the server.
  [[nodiscard]] static Expected<std::unique_ptr<Server>, std::string> start(
      const std::vector<std::string>& listen_addresses,
      Handler handler,
      std::unique_ptr<WebSettings> settings,
      const Limits& limits,
      Refusals::Family& refused
  );

  // Waits for requests under way.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // One for each address, in order.
  [[nodiscard]] const std::vector<std::uint16_t>& ports() const { return ports_; }

  // Who was not served. May be read from any thread.
  [[nodiscard]] const Refusals& refusals() const { return refusals_; }

 private:
  class Civetweb;
  explicit Server(Refusals::Family& refused);

  std::vector<std::uint16_t> ports_;
  Refusals refusals_;
  std::unique_ptr<WebSettings> settings_;  // null without a file
  InnerHop hop_;
  std::unique_ptr<Civetweb> civetweb_;
  std::unique_ptr<Front> front_;  // ends before what it hands on to
};

}  // namespace pgrepl::http
