#include "session/conninfo_parser.h"

#include "pg/newer_keywords.h"
#include "session/libpq.h"
#include "session/libpq_files.h"
#include "session/whole_uri.h"
#include "support/suggest.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <utility>

namespace pgrepl::session {

namespace {

using Keywords = std::map<std::string, std::string, std::less<>>;

Keywords keywords_of(const PQconninfoOption* option) {
  Keywords keywords;
  for (; option != nullptr && option->keyword != nullptr; ++option) {
    if (option->val != nullptr && *option->val != '\0') {
      keywords.emplace(option->keyword, option->val);
    }
  }
  return keywords;
}

std::string value(const Keywords& keywords, std::string_view keyword) {
  const auto found = keywords.find(keyword);
  return found == keywords.end() ? std::string{} : found->second;
}

// What is wrong with the keyword that libpq quotes. It is safe to show: each keyword that stands in
// it comes from a list, never from the user's text.
std::string unknown_keyword(std::string_view message) {
  const std::size_t open = message.find('"');
  const std::size_t close = message.rfind('"');
  if (open == close) {
    return "an unknown keyword";
  }
  const std::string_view quoted = message.substr(open + 1, close - open - 1);
  if (const auto since = pg::libpq_that_brought(quoted)) {
    return "the keyword '" + std::string{quoted} + "', which " + pg::needs_newer_libpq(*since);
  }
  const Options defaults{PQconninfoParse("", nullptr)};
  std::vector<std::string_view> known;
  for (const auto* option = defaults.get(); option != nullptr && option->keyword != nullptr;
       ++option) {
    known.emplace_back(option->keyword);
  }
  const auto best = closest(quoted, known);
  return best ? "an unknown keyword; did you mean '" + *best + "'?" : "an unknown keyword";
}

// libpq's messages quote the text they complain about, so they are replaced, not passed on.
std::string describe(std::string_view message) {
  constexpr std::pair<std::string_view, std::string_view> kKinds[] = {
      {"missing \"=\"",
       "a keyword without '='; put a value that has blanks in single quotes: key='a b'"},
      {"unterminated quoted string", "a single quote is not closed"},
      {"percent-encoded", "a '%' that is not followed by two hex digits; write %25 for '%' itself"},
      {"matching \"]\"", "the '[' of an IPv6 address is not closed"},
      {"IPv6", "the IPv6 address between '[' and ']' is empty"},
      {"unexpected character", "the URI has an unexpected character after a host or a port"},
      {"key/value separator", "the URI's parameters must have the form ?key=value&key=value"},
  };
  if (message.find("invalid connection option") != std::string_view::npos ||
      message.find("invalid URI query parameter") != std::string_view::npos) {
    return unknown_keyword(message);
  }
  for (const auto& [part, meaning] : kKinds) {
    if (message.find(part) != std::string_view::npos) {
      return std::string{meaning};
    }
  }
  return "neither a conninfo string (key=value …) nor a URI (postgresql://…)";
}

// Host, hostaddr and port, each a list, as libpq would use them.
struct Address {
  std::string host;
  std::string hostaddr;
  std::string port;
};

// Only libpq knows how services, environment and its own defaults come together, and it shows the
// outcome only on a connection. The channel_binding that no libpq accepts ends the attempt right
// after that step, before any name is resolved or socket opened (checked after hosts and ports in
// connectOptions2(), libpq 13-18). User, database and password keep it from looking those up.
Expected<Address, std::string> resolve(const Keywords& given) {
  const std::string host = value(given, "host");
  const std::string hostaddr = value(given, "hostaddr");
  const std::string port = value(given, "port");
  const std::string service = value(given, "service");
  const std::array<const char*, 9> keywords{
      "host",
      "hostaddr",
      "port",
      "service",
      "user",
      "dbname",
      "password",
      "channel_binding",
      nullptr};
  const std::array<const char*, 9> values{
      host.c_str(), hostaddr.c_str(), port.c_str(), service.c_str(), "-", "-", "-", "-", nullptr};
  const Conn conn{PQconnectStartParams(keywords.data(), values.data(), 0)};
  const std::string_view message = conn ? PQerrorMessage(conn.get()) : "";
  if (message.find("channel_binding") == std::string_view::npos) {
    if (message.find("could not match") != std::string_view::npos) {
      return Unexpected{std::string{"the numbers of hosts, hostaddrs and ports do not match"}};
    }
    return Unexpected{
        std::string{"its service cannot be read; check the service's name, PGSERVICE, "
                    "PGSERVICEFILE and pg_service.conf"}};
  }
  const Options options{PQconninfo(conn.get())};
  const Keywords resolved = keywords_of(options.get());
  Address address{value(resolved, "host"), value(resolved, "hostaddr"), value(resolved, "port")};
  if (address.host.empty() && address.hostaddr.empty()) {
    address.host = PQhost(conn.get());
  }
  return address;
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> items;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    items.emplace_back(list.substr(0, comma));
    if (comma + 1 == list.size()) {
      items.emplace_back();
    }
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return items;
}

// The item for the host at `position`: a list of one serves all.
std::string item(const std::vector<std::string>& list, std::size_t position) {
  if (list.empty()) {
    return "";
  }
  return list[std::min(position, list.size() - 1)];
}

// libpq's default for an empty text; absent for a port that is none.
std::optional<std::uint16_t> read_port(const std::string& text) {
  if (text.empty()) {
    return pg::Endpoint{}.port;
  }
  const auto port = pg::parse_port(text);
  return port && *port > 0 ? port : std::nullopt;
}

// What each host shares. A demand on the server's role or state would make healthy servers look
// down: each is monitored whatever it is.
pg::ConnInfo without_address(const Keywords& given) {
  constexpr std::array<std::string_view, 7> kApart{
      "host",
      "hostaddr",
      "port",
      "password",
      "replication",
      "target_session_attrs",
      "load_balance_hosts",
  };
  pg::ConnInfo conninfo;
  for (const auto& [keyword, text] : given) {
    if (std::ranges::find(kApart, keyword) == kApart.end()) {
      conninfo.parameters.emplace_back(keyword, text);
    }
  }
  if (const auto password = given.find("password"); password != given.end()) {
    conninfo.password = pg::Secret{password->second};
  }
  return conninfo;
}

Expected<pg::ConnInfo, std::string> with_address(
    pg::ConnInfo conninfo,
    const std::string& host,
    const std::string& hostaddr,
    const std::string& port
) {
  conninfo.endpoint.host = host.empty() ? hostaddr : host;
  if (conninfo.endpoint.host.empty()) {
    return Unexpected{std::string{"a host in its list of hosts is empty"}};
  }
  // Before an abstract Unix socket there is one, at the first place (libpq 14).
  if (conninfo.endpoint.host.find('@', 1) != std::string::npos) {
    return Unexpected{std::string{"a host has an '@'; write %40 for one in a user or password"}};
  }
  if (!hostaddr.empty()) {
    conninfo.set_parameter("hostaddr", hostaddr);
  }
  const auto number = read_port(port);
  if (!number) {
    return Unexpected{std::string{"a port must be a whole number from 1 to 65535"}};
  }
  conninfo.endpoint.port = *number;
  return conninfo;
}

}  // namespace

Expected<std::vector<pg::ConnInfo>, std::string> parse_conninfo(std::string_view text) {
  const auto whole = whole_uri(text);
  if (!whole) {
    return Unexpected{whole.error()};
  }
  char* message = nullptr;
  const Options parsed{PQconninfoParse(whole->c_str(), &message)};
  const Text problem{message};
  if (!parsed) {
    return Unexpected{describe(problem ? problem.get() : "")};
  }
  const Keywords given = keywords_of(parsed.get());
  const bool has_service =
      given.contains("service") || std::getenv("PGSERVICE") != nullptr;  // NOLINT: it stays
  if (auto unusable = has_service ? why_not_open_service_file() : std::nullopt) {
    return Unexpected{std::move(*unusable)};
  }
  const auto address = resolve(given);
  if (!address) {
    return Unexpected{address.error()};
  }
  const std::vector<std::string> hosts = split(address->host);
  const std::vector<std::string> hostaddrs = split(address->hostaddr);
  const std::vector<std::string> ports = split(address->port);
  const pg::ConnInfo shared = without_address(given);
  std::vector<pg::ConnInfo> all;
  for (std::size_t i = 0; i < std::max(hosts.size(), hostaddrs.size()); ++i) {
    auto one = with_address(shared, item(hosts, i), item(hostaddrs, i), item(ports, i));
    if (!one) {
      return Unexpected{one.error()};
    }
    all.push_back(std::move(*one));
  }
  return all;
}

}  // namespace pgrepl::session
