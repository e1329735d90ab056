// One blocking GET or POST to a port of this machine, for asking the exporter what its users would
// ask.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>

namespace pgrepl::testing {

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // as sent, unchunked, not decompressed
};

// Nobody listens, the answer did not come in time, or it is not HTTP.
struct HttpFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[nodiscard]] HttpResponse http_get(
    std::uint16_t port,
    const std::string& path,
    const std::map<std::string, std::string>& headers = {},
    std::chrono::milliseconds timeout = std::chrono::seconds{10}
);

// The same from `host`, an address or "localhost" instead of 127.0.0.1.
[[nodiscard]] HttpResponse http_get_from(
    const std::string& host, std::uint16_t port, const std::string& path
);

// Without a body.
[[nodiscard]] HttpResponse http_post(std::uint16_t port, const std::string& path);

}  // namespace pgrepl::testing
