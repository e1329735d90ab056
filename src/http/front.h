// The one door: takes every connection, plain or TLS, IPv4 or IPv6, and bounds them. The HTTP
// library behind it sees complete requests only, on a fixed number of connections.
//
// One thread with a loop of its own: the front never waits for PostgreSQL.
#pragma once

#include "http/inner_hop.h"
#include "http/limits.h"
#include "http/listen_address.h"
#include "http/refusals.h"
#include "support/expected.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pgrepl::http {

class WebSettings;

// All of it outlives the front.
struct Behind {
  std::uint16_t port = 0;  // of the HTTP library, on 127.0.0.1
  InnerHop& hop;
  Refusals& refusals;
  WebSettings* settings = nullptr;  // null without a web configuration file
};

class Front {
 public:
  // Listens on all addresses or on none. The error names the address and the reason.
  [[nodiscard]] static Expected<std::unique_ptr<Front>, std::string> start(
      const std::vector<ListenAddress>& addresses, const Limits& limits, const Behind& behind
  );

  // Lets answers under way go out, for three seconds at most.
  ~Front();
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  // One for each address, in order.
  [[nodiscard]] std::vector<std::uint16_t> ports() const;

 private:
  class Loop;
  explicit Front(std::unique_ptr<Loop> loop);

  std::unique_ptr<Loop> loop_;
};

}  // namespace pgrepl::http
