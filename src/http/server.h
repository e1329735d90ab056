// HTTP over civetweb, as functions of a request. Knows no path of ours; TLS is not its business.
#pragma once

#include "support/expected.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pgrepl::http {

struct Request {
  std::string method;
  std::string path;                            // decoded, without the query
  std::string query;                           // as sent, without '?'
  std::map<std::string, std::string> headers;  // names in lower case

  // Empty when it was not sent. `name` in lower case.
  [[nodiscard]] std::string header(const std::string& name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

using Handler = std::function<Response(const Request&)>;

class Server {
 public:
  // Listens on each address: ":9187" (every interface, IPv4 and, where there is any, IPv6),
  // "127.0.0.1:9187", "[::1]:9187". The handler is called on the server's threads; what it throws
  // becomes a 500. The error names the addresses and the reason.
  [[nodiscard]] static Expected<std::unique_ptr<Server>, std::string> start(
      const std::vector<std::string>& listen_addresses, Handler handler
  );

  // Waits for the requests under way.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it listens, in the order of the addresses; what port 0 became.
  [[nodiscard]] std::vector<std::uint16_t> ports() const;

  struct Impl;  // what civetweb's callbacks are given

 private:
  explicit Server(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace pgrepl::http
