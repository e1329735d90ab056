// What an HTTP client may send: query string and headers, and where /probe may be led.
#include "endpoints/negotiation.h"
#include "endpoints/query_string.h"
#include "fuzz/input.h"
#include "http/listen_address.h"
#include "session/conninfo_parser.h"
#include "watch/probe_target.h"

#include <array>
#include <string>

namespace {

using namespace pgrepl;

config::Config configuration() {
  config::Config config;
  config.defaults.password = pg::Secret{"marker"};
  config.defaults.set_parameter("user", "monitor");
  config.defaults.set_parameter("sslmode", "verify-full");
  return config;
}

// With a password of ours in it, nothing but a known server may be the target, as it is configured.
void probe(const std::string& target, const std::string& module) {
  static const config::Config kConfig = configuration();
  const std::array known{watch::KnownServer{"main", "pg-1", {"10.0.0.1", 5432}}};
  http::ProbeRequest request{
      .target = target, .cluster = std::nullopt, .auth_module = std::nullopt};
  if (!module.empty()) {
    request.auth_module = module;
  }
  const auto found = watch::find_probe_target(request, kConfig, known, session::parse_conninfo);
  fuzz::promise(!found || found->known);
  if (!found) {
    fuzz::promise(found.error().status == 400 || found.error().status == 403);
    fuzz::promise(found.error().text.find("marker") == std::string::npos);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::text(data, size);
  const std::string query{fuzz::take(rest, '\n')};
  const std::string accept{fuzz::take(rest, '\n')};
  (void)http::exposition_format(accept);
  (void)http::accepts_gzip(accept);
  (void)http::ListenAddress::parse(query);
  const auto target = http::query_value(query, "target");
  if (target && !target->empty()) {
    probe(*target, http::query_value(query, "auth_module").value_or(""));
  }
  return 0;
}
