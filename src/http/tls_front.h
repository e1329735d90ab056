// Ends TLS and hands the bytes on to the HTTP library on 127.0.0.1, whose own TLS crashes with the
// OpenSSL of Debian 12 and 13.
#pragma once

#include "http/inner_hop.h"
#include "http/listen_address.h"
#include "http/web_settings.h"
#include "support/expected.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pgrepl::http {

class TlsFront {
 public:
  // Listens on all addresses or on none. `settings` and `hop` must outlive it. The error names the
  // address and the reason.
  [[nodiscard]] static Expected<std::unique_ptr<TlsFront>, std::string> start(
      const std::vector<ListenAddress>& addresses,
      std::uint16_t target_port,
      WebSettings& settings,
      InnerHop& hop
  );

  // Cuts connections under way.
  ~TlsFront();
  TlsFront(const TlsFront&) = delete;
  TlsFront& operator=(const TlsFront&) = delete;

  // One for each address, in order.
  [[nodiscard]] std::vector<std::uint16_t> ports() const;

 private:
  class Loop;
  explicit TlsFront(std::unique_ptr<Loop> loop);

  std::unique_ptr<Loop> loop_;
};

}  // namespace pgrepl::http
