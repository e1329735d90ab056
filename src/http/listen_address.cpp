#include "http/listen_address.h"

#include "pg/endpoint.h"

#include <utility>

namespace pgrepl::http {

Expected<ListenAddress, std::string> ListenAddress::parse(std::string_view text) {
  auto endpoint = pg::parse_endpoint(text);
  if (!endpoint) {
    return Unexpected{
        "\"" + std::string{text} +
        "\" is no address to listen on: write :9187, 127.0.0.1:9187 or [::1]:9187"};
  }
  return ListenAddress{.host = std::move(endpoint->host), .port = endpoint->port};
}

}  // namespace pgrepl::http
