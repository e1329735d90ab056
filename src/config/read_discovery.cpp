#include "config/read_discovery.h"

#include "pg/endpoint.h"

#include <chrono>
#include <string>
#include <utility>

namespace pgrepl::config {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortestRefresh{1'000};
constexpr milliseconds kLongestRefresh{std::chrono::hours{24}};
constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

milliseconds read_refresh(yaml::Reader& reader, milliseconds otherwise) {
  const auto refresh = reader.duration("refresh");
  if (refresh && (*refresh < kShortestRefresh || *refresh > kLongestRefresh)) {
    reader.error("refresh", "must be from 1s to 24h");
  }
  return refresh.value_or(otherwise);
}

std::vector<pg::Network> read_networks(yaml::Reader& reader) {
  std::vector<pg::Network> networks;
  for (const std::string& text : reader.texts("allowed_networks")) {
    if (const auto network = pg::Network::parse(text)) {
      networks.push_back(*network);
    } else {
      reader.error("allowed_networks", "'" + text + "' is no network; expected 10.0.0.0/8");
    }
  }
  return networks;
}

DnsDiscovery read_dns(const yaml::Node& node, const ConnectionContext& context, Errors& errors) {
  DnsDiscovery dns;
  yaml::Reader reader{node, errors};
  dns.name = reader.required_text("name").value_or("");
  dns.allowed_networks = read_networks(reader);
  dns.refresh = read_refresh(reader, dns.refresh);
  dns.login = read_login(reader, context);
  reader.finish();
  return dns;
}

// The authority of a URL as host and port.
std::optional<pg::Endpoint> parse_authority(std::string_view text, std::uint16_t standard_port) {
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  return pg::parse_endpoint(
      has_port ? std::string{text} : std::string{text} + ':' + std::to_string(standard_port)
  );
}

std::vector<Url> read_urls(yaml::Reader& reader) {
  std::vector<Url> urls;
  const auto texts = reader.texts("urls");
  for (const std::string& text : texts) {
    if (auto url = parse_url(text)) {
      urls.push_back(std::move(*url));
    } else {
      // The text is not shown: it may hold a login.
      reader.error("urls", "expected http://host:port or https://host:port, without a login");
    }
  }
  if (texts.empty()) {
    reader.error("urls", "is missing; list the REST API of one or more members");
  }
  return urls;
}

RestAccess read_rest(const yaml::Node* section, Errors& errors) {
  RestAccess rest;
  if (section == nullptr) {
    return rest;
  }
  yaml::Reader reader{*section, errors};
  rest.user = reader.text("user").value_or("");
  if (auto password = reader.text("password")) {
    rest.password = pg::Secret{std::move(*password)};
  }
  rest.password_file = reader.text("password_file");
  if (rest.password && rest.password_file) {
    reader.error("password_file", "is given together with password; keep one");
  }
  if (rest.user.empty() && (rest.password || rest.password_file)) {
    reader.error("user", "is missing; a password needs one");
  }
  rest.ca_file = reader.text("ca_file").value_or("");
  rest.cert_file = reader.text("cert_file").value_or("");
  rest.key_file = reader.text("key_file").value_or("");
  if (rest.cert_file.empty() != rest.key_file.empty()) {
    reader.error("cert_file", "and key_file belong together; give both");
  }
  reader.finish();
  return rest;
}

PatroniDiscovery read_patroni(
    const yaml::Node& node, const ConnectionContext& context, Errors& errors
) {
  PatroniDiscovery patroni;
  yaml::Reader reader{node, errors};
  patroni.urls = read_urls(reader);
  patroni.rest = read_rest(reader.mapping("rest"), errors);
  patroni.allowed_networks = read_networks(reader);
  patroni.refresh = read_refresh(reader, patroni.refresh);
  patroni.login = read_login(reader, context);
  reader.finish();
  return patroni;
}

ReplicationDiscovery read_replication(
    const yaml::Node& node, const ConnectionContext& context, Errors& errors
) {
  ReplicationDiscovery replication;
  yaml::Reader reader{node, errors};
  replication.allowed_networks = read_networks(reader);
  replication.refresh = read_refresh(reader, replication.refresh);
  replication.login = read_login(reader, context);
  reader.finish();
  return replication;
}

std::optional<Discovery> read_one(
    const yaml::Node& node, const ConnectionContext& context, Errors& errors
) {
  yaml::Reader reader{node, errors};
  const yaml::Node* dns = reader.mapping("dns");
  const yaml::Node* patroni = reader.mapping("patroni");
  (void)reader.any("replication");
  // It has no key that must be given, so that nothing after it is all it needs.
  const yaml::Node* replication = node.find("replication");
  reader.finish();
  const int given =
      (dns != nullptr ? 1 : 0) + (patroni != nullptr ? 1 : 0) + (replication != nullptr ? 1 : 0);
  if (given != 1) {
    if (node.kind == yaml::Kind::Mapping && (given > 1 || node.entries.empty())) {
      errors.push_back({node.where, "discovery: an entry is one of dns, patroni and replication"});
    }
    return std::nullopt;
  }
  if (dns != nullptr) {
    return read_dns(*dns, context, errors);
  }
  if (patroni != nullptr) {
    return read_patroni(*patroni, context, errors);
  }
  return read_replication(*replication, context, errors);
}

}  // namespace

std::optional<Url> parse_url(std::string_view text) {
  constexpr std::string_view kHttp = "http://";
  constexpr std::string_view kHttps = "https://";
  Url url;
  url.tls = text.starts_with(kHttps);
  if (!url.tls && !text.starts_with(kHttp)) {
    return std::nullopt;
  }
  text.remove_prefix(url.tls ? kHttps.size() : kHttp.size());
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto authority = parse_authority(text.substr(0, slash), url.tls ? kHttpsPort : kHttpPort);
  url.path = text.substr(slash);
  const bool has_login = text.substr(0, slash).find('@') != std::string_view::npos;
  const bool has_more = url.path.find_first_of("?# \t\r\n") != std::string::npos;
  if (!authority || authority->host.empty() || authority->port == 0 || has_login || has_more) {
    return std::nullopt;
  }
  while (url.path.ends_with('/')) {
    url.path.pop_back();
  }
  url.host = authority->host;
  url.port = authority->port;
  return url;
}

std::vector<Discovery> read_discovery(
    const yaml::Node& list, const ConnectionContext& context, Errors& errors
) {
  std::vector<Discovery> sources;
  for (const yaml::Node& node : list.items) {
    if (auto source = read_one(node, context, errors)) {
      sources.push_back(std::move(*source));
    }
  }
  return sources;
}

}  // namespace pgrepl::config
