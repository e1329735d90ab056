#include "config/web.h"

#include "pg/endpoint.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace pgrepl::config {

namespace {

constexpr std::string_view kAddressForm = "expected host:port, [IPv6 address]:port or :port";

std::optional<std::string> listen_address_problem(const std::string& text) {
  if (pg::parse_endpoint(text)) {
    return std::nullopt;
  }
  std::string problem = "'" + text + "' is no listen address; " + std::string{kAddressForm};
  if (pg::parse_port(text)) {
    problem += "; did you mean ':" + text + "'?";
  }
  return problem;
}

std::optional<std::string> telemetry_path_problem(const std::string& path) {
  if (!path.starts_with('/')) {
    return "'" + path + "' does not begin with '/'; did you mean '/" + path + "'?";
  }
  if (path.find_first_of(" \t\r\n?#") != std::string::npos) {
    return "a path has no blank, '?' or '#'";
  }
  return std::nullopt;
}

void read_bounds(yaml::Reader& reader, Web& web) {
  constexpr std::int64_t kMost = 100'000;
  if (const auto most = reader.integer("max_connections", 8, kMost)) {
    web.max_connections = static_cast<std::size_t>(*most);
  }
  if (const auto most = reader.integer("max_connections_per_address", 1, kMost)) {
    web.max_connections_per_address = static_cast<std::size_t>(*most);
  }
}

void apply_flags(Web& web, const Flags& flags, Errors& errors) {
  if (!flags.listen_addresses.empty()) {
    web.listen_addresses = flags.listen_addresses;
  }
  for (const std::string& address : flags.listen_addresses) {
    if (const auto problem = listen_address_problem(address)) {
      errors.push_back({{.file = "--web.listen-address"}, *problem});
    }
  }
  if (flags.telemetry_path) {
    web.telemetry_path = *flags.telemetry_path;
    if (const auto problem = telemetry_path_problem(web.telemetry_path)) {
      errors.push_back({{.file = "--web.telemetry-path"}, *problem});
    }
  }
  web.config_file = flags.web_config_file.value_or(web.config_file);
  web.enable_lifecycle = flags.enable_lifecycle.value_or(web.enable_lifecycle);
}

}  // namespace

Web read_web(const yaml::Node& section, const Flags& flags, Errors& errors) {
  Web web;
  yaml::Reader reader{section, errors};
  if (auto addresses = reader.texts("listen_address"); !addresses.empty()) {
    for (const std::string& address : addresses) {
      if (const auto problem = listen_address_problem(address)) {
        reader.error("listen_address", *problem);
      }
    }
    web.listen_addresses = std::move(addresses);
  }
  if (auto path = reader.text("telemetry_path")) {
    if (const auto problem = telemetry_path_problem(*path)) {
      reader.error("telemetry_path", *problem);
    }
    web.telemetry_path = std::move(*path);
  }
  web.config_file = reader.text("config_file").value_or("");
  web.enable_lifecycle = reader.boolean("enable_lifecycle").value_or(web.enable_lifecycle);
  read_bounds(reader, web);
  reader.finish();
  apply_flags(web, flags, errors);
  return web;
}

}  // namespace pgrepl::config
