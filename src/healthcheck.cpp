#include "healthcheck.h"

#include "http/get.h"

#include <chrono>
#include <cstdio>
#include <string>

namespace pgrepl {

namespace {

// Where to reach what listens on `address`: an empty or wildcard host is this one.
std::string reachable_host(const std::string& address) {
  std::string host = address.substr(0, address.rfind(':'));
  if (host.starts_with('[')) {
    host = host.substr(1, host.size() - 2);
  }
  if (host.empty() || host == "0.0.0.0") {
    return "127.0.0.1";
  }
  return host == "::" ? "::1" : host;
}

}  // namespace

int healthcheck(const config::Web& web) {
  const std::string& address = web.listen_addresses.front();
  const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  const auto answer =
      http::get(reachable_host(address), port, "/-/healthy", std::chrono::seconds{5});
  if (!answer) {
    std::fprintf(stderr, "%s: %s\n", address.c_str(), answer.error().c_str());
    return 1;
  }
  if (answer->status != 200) {
    std::fprintf(stderr, "%s: %d %s", address.c_str(), answer->status, answer->body.c_str());
    return 1;
  }
  return 0;
}

}  // namespace pgrepl
