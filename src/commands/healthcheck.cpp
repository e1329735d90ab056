#include "commands/healthcheck.h"

#include "commands/ask_exporter.h"
#include "http/web_settings.h"

#include <chrono>
#include <cstdio>
#include <string>

namespace pgrepl {

namespace {

// Where to reach what listens on `host`: what listens everywhere is reached at the loopback
// address.
std::string reachable_host(const std::string& host) {
  if (host.empty() || host == "0.0.0.0") {
    return "127.0.0.1";
  }
  return host == "::" ? "::1" : host;
}

// An exporter that asks for a login, or for a certificate that we have not, is alive; whether the
// loop behind it turns is told to those who may know.
bool refuses_strangers(const std::string& answer) {
  return answer.ends_with("status 401") || answer.find("alert") != std::string::npos;
}

int report(const std::string& address, const std::string& reason) {
  std::fprintf(stderr, "%s: %s\n", address.c_str(), reason.c_str());
  return 1;
}

}  // namespace

int healthcheck(const config::Web& web) {
  const std::string& address = web.listen_addresses.front();
  const auto listening = pg::parse_endpoint(address);
  if (!listening) {
    return report(address, "is no address to listen on");
  }
  config::Url url{
      .host = reachable_host(listening->host), .port = listening->port, .path = "/-/healthy"};
  bool is_guarded = false;
  if (!web.config_file.empty()) {
    const auto settings = http::WebSettings::open(web.config_file);
    if (!settings) {
      return report(address, to_string(settings.error().front()));
    }
    is_guarded = true;
    url.tls = (*settings)->serves_tls();
  }
  config::RestAccess access;
  access.checks_server = false;
  const auto answer = ask_exporter(url, access, std::chrono::seconds{5});
  if (answer || (is_guarded && refuses_strangers(answer.error()))) {
    return 0;
  }
  return report(address, answer.error());
}

}  // namespace pgrepl
