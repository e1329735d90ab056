// The HTTP server: sockets, threads and the protocol. What a path answers is the handler's
// business.
#pragma once

#include "http/inner_hop.h"
#include "http/ipv6_relay.h"
#include "http/listen_address.h"
#include "support/expected.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgrepl::http {

struct Request {
  std::string method;  // HEAD arrives as GET: the server leaves the body out
  std::string path;    // decoded, without "..", begins with '/'
  std::string query;   // as sent, without '?'
  std::map<std::string, std::string> headers;  // names in lower case
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // besides type and length
  // In place of the body: a page, which may be long, is not copied to be sent.
  std::shared_ptr<const std::string> page{};

  [[nodiscard]] std::string_view content() const { return page ? *page : body; }
};

// Called from several threads at once. An exception becomes a 500.
using Handler = std::function<Response(const Request&)>;

class TlsFront;
class WebSettings;

class Server {
 public:
  // Listens on all addresses or on none. ":9187" is every interface, in IPv6 too where the machine
  // has it; "127.0.0.1:9187", "[::1]:9187", "localhost:9187" are one; port 0 is a free one. The
  // error names the address and the reason.
  [[nodiscard]] static Expected<std::unique_ptr<Server>, std::string> start(
      const std::vector<std::string>& listen_addresses, Handler handler
  );
  // The same behind what the web configuration file asks for: TLS, logins, headers. `told` is
  // called on the threads of the server with the status of each answer, those of refused logins
  // included.
  [[nodiscard]] static Expected<std::unique_ptr<Server>, std::string> start(
      const std::vector<std::string>& listen_addresses,
      Handler handler,
      std::unique_ptr<WebSettings> settings,
      std::function<void(int status)> told = [](int) {}
  );

  // Waits for requests under way.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // One for each address, in order.
  [[nodiscard]] const std::vector<std::uint16_t>& ports() const { return ports_; }

 private:
  class Civetweb;
  Server();

  // An error text, or none.
  [[nodiscard]] std::string start_plain(
      const std::vector<ListenAddress>& addresses, Handler handler
  );
  [[nodiscard]] std::string start_tls(const std::vector<ListenAddress>& addresses, Handler handler);

  // Opens what civetweb does not; an error text, or none.
  [[nodiscard]] std::string open(const ListenAddress& address, std::uint16_t target);

  std::vector<std::uint16_t> ports_;
  std::unique_ptr<WebSettings> settings_;  // null without a file
  InnerHop hop_;
  std::unique_ptr<Civetweb> civetweb_;
  std::vector<std::unique_ptr<Ipv6Relay>> relays_;  // end before what they hand on to
  std::unique_ptr<TlsFront> front_;                 // likewise; null without TLS
};

}  // namespace pgrepl::http
