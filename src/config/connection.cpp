#include "config/connection.h"

#include "pg/newer_keywords.h"
#include "support/suggest.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace pgrepl::config {

namespace {

constexpr std::array<std::string_view, 41> kKeywords{
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "gssencmode",
    "gsslib",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "max_protocol_version",
    "min_protocol_version",
    "options",
    "passfile",
    "password",
    "port",
    "replication",
    "require_auth",
    "requirepeer",
    "service",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslmode",
    "sslnegotiation",
    "sslpassword",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
};

constexpr std::array<std::string_view, 7> kHandledApart{
    "host", "hostaddr", "password", "port", "service", "sslmode", "sslpassword"};

struct Refusal {
  std::string_view keyword;
  std::string_view reason;
};

constexpr std::array kRefusals{
    Refusal{"connect_timeout", "is set for all servers, in sampling.connect_timeout"},
    Refusal{"replication", "cannot be set; an ordinary connection is what monitoring needs"},
    Refusal{"target_session_attrs", "cannot be set; a server is monitored whatever its role"},
};

constexpr std::array<std::string_view, 6> kSslModes{
    "disable", "allow", "prefer", "require", "verify-ca", "verify-full"};

void set_once(yaml::Reader& reader, pg::ConnInfo& into, std::string_view key, std::string value) {
  if (into.parameter(key) && !into.parameter(key)->empty()) {
    reader.error(key, "is given here and in conninfo; keep one");
    return;
  }
  into.set_parameter(key, std::move(value));
}

void read_sslmode(yaml::Reader& reader, pg::ConnInfo& into) {
  const auto mode = reader.text("sslmode");
  if (!mode || mode->empty()) {
    return;
  }
  if (std::ranges::find(kSslModes, *mode) == kSslModes.end()) {
    const auto suggestion = closest(*mode, kSslModes);
    reader.error(
        "sslmode",
        "expected disable, allow, prefer, require, verify-ca or verify-full" +
            (suggestion ? "; did you mean '" + *suggestion + "'?" : "")
    );
  }
  set_once(reader, into, "sslmode", *mode);
}

// The key that `key` and its twin `key`_file leave to use: absent when both or neither are given.
std::optional<std::string> read_twin(
    yaml::Reader& reader, std::string_view key, std::optional<std::string>& file
) {
  const std::string file_key = std::string{key} + "_file";
  auto value = reader.text(key);
  file = reader.text(file_key);
  if (value && value->empty()) {
    value.reset();
  }
  if (file && file->empty()) {
    file.reset();
  }
  if (value && file) {
    reader.error(file_key, "is given together with " + std::string{key} + "; keep one");
  }
  return value;
}

// What stands between braces in a word of the command, and is none of what is replaced there.
std::optional<std::string> unknown_placeholder(const std::string& word) {
  for (auto open = word.find('{'); open != std::string::npos; open = word.find('{', open + 1)) {
    const auto close = word.find('}', open);
    const auto length = close == std::string::npos ? close : close - open + 1;
    const std::string name = word.substr(open, length);
    if (name != "{host}" && name != "{port}" && name != "{user}" && name != "{dbname}") {
      return name;
    }
  }
  return std::nullopt;
}

void read_password_command(yaml::Reader& reader, pg::ConnInfo& into) {
  constexpr std::string_view kKey = "password_command";
  into.password_command = reader.texts(kKey);
  if (const auto ttl = reader.duration("password_ttl")) {
    into.password_ttl = *ttl;
  }
  if (into.password_command.empty()) {
    return;
  }
  if (into.password || into.password_file) {
    reader.error(kKey, "is given together with a password or password_file; keep one");
  }
  if (!into.password_command.front().starts_with('/')) {
    reader.error(kKey, "must begin with the absolute path of a program; there is no shell");
  }
  for (const std::string& word : into.password_command) {
    if (const auto name = unknown_placeholder(word)) {
      reader.error(
          kKey, "has '" + *name + "'; what is replaced is {host}, {port}, {user} and {dbname}"
      );
    }
  }
}

void read_password(yaml::Reader& reader, pg::ConnInfo& into) {
  std::optional<std::string> file;
  auto password = read_twin(reader, "password", file);
  if (into.password && (password || file)) {
    reader.error(
        password ? "password" : "password_file", "is given here and in conninfo; keep one"
    );
  }
  if (password) {
    into.password = pg::Secret{std::move(*password)};
  }
  if (file) {
    into.password_file = std::move(file);
  }
  read_password_command(reader, into);
}

// The passphrase of the client key. libpq takes it as a value only, so the file is read here.
void read_sslpassword(yaml::Reader& reader, const FileReader& read_file, pg::ConnInfo& into) {
  std::optional<std::string> file;
  auto password = read_twin(reader, "sslpassword", file);
  if (file) {
    auto text = read_file(*file);
    if (!text) {
      reader.error("sslpassword_file", "'" + *file + "' " + text.error());
      return;
    }
    password = std::move(*text);
    password->erase(password->find_last_not_of(" \t\r\n") + 1);
  }
  if (password) {
    set_once(reader, into, "sslpassword", std::move(*password));
  }
}

void read_keywords(yaml::Reader& reader, const Sources& sources, pg::ConnInfo& into) {
  for (const Refusal& refusal : kRefusals) {
    if (reader.any(refusal.keyword) != nullptr) {
      reader.error(refusal.keyword, std::string{refusal.reason});
    }
  }
  for (const std::string_view keyword : kKeywords) {
    const bool is_refused =
        std::ranges::find(kRefusals, keyword, &Refusal::keyword) != kRefusals.end();
    if (is_refused || std::ranges::find(kHandledApart, keyword) != kHandledApart.end()) {
      continue;
    }
    if (auto value = reader.text(keyword); value && !value->empty()) {
      if (const auto problem = why_not_known(keyword, sources.parse_conninfo)) {
        reader.error(keyword, *problem);
      }
      set_once(reader, into, keyword, std::move(*value));
    }
  }
  read_sslmode(reader, into);
  read_sslpassword(reader, sources.read_file, into);
  read_password(reader, into);
}

std::optional<std::uint16_t> read_port(yaml::Reader& reader) {
  const auto port = reader.integer("port", 1, 65535);
  return port ? std::optional{static_cast<std::uint16_t>(*port)} : std::nullopt;
}

std::string in_quotes(std::string_view value) {
  std::string text = "'";
  for (const char letter : value) {
    if (letter == '\'' || letter == '\\') {
      text += '\\';
    }
    text += letter;
  }
  return text + '\'';
}

// One server stands for one host: with more, nobody could say which of them a series is about.
std::optional<pg::ConnInfo> parse_one(
    yaml::Reader& reader, std::string_view key, std::string_view text, const ConnInfoParser& parse
) {
  auto parsed = parse(text);
  if (!parsed) {
    reader.error(key, parsed.error());
    return std::nullopt;
  }
  if (parsed->size() != 1) {
    reader.error(
        key, "lists " + std::to_string(parsed->size()) + " hosts; make each a server of its own"
    );
    return std::nullopt;
  }
  return std::move(parsed->front());
}

std::optional<pg::ConnInfo> read_conninfo(
    yaml::Reader& reader, const std::string& conninfo, const ConnInfoParser& parse
) {
  for (const std::string_view key : {"host", "hostaddr", "port", "service"}) {
    if (reader.any(key) != nullptr) {
      reader.error(key, "is given together with conninfo; write it there");
    }
  }
  return parse_one(reader, "conninfo", conninfo, parse);
}

// Why a server cannot be at this host; absent when it can.
std::optional<std::string_view> why_no_address(std::string_view host) {
  if (host.empty()) {
    return "is missing; a server needs host or conninfo";
  }
  if (host.find(',') != std::string_view::npos) {
    return "lists several hosts; make each a server of its own";
  }
  // Before an abstract Unix socket there is one, at the first place.
  if (host.find('@', 1) != std::string_view::npos) {
    return "has an '@'; user and password have keys of their own";
  }
  return std::nullopt;
}

std::optional<pg::ConnInfo> read_address(yaml::Reader& reader, const ConnectionContext& context) {
  const auto conninfo = reader.text("conninfo");
  const auto host = reader.text("host");
  const auto hostaddr = reader.text("hostaddr");
  const auto service = reader.text("service");
  const auto port = read_port(reader);
  if (conninfo) {
    return read_conninfo(reader, *conninfo, context.sources.parse_conninfo);
  }
  if (service && !host && !hostaddr) {
    const std::string text = "service=" + in_quotes(*service);
    auto found = parse_one(reader, "service", text, context.sources.parse_conninfo);
    if (found) {
      found->endpoint.port = port.value_or(found->endpoint.port);
    }
    return found;
  }
  const std::string_view key = host || !hostaddr ? "host" : "hostaddr";
  const std::string address = host.value_or(hostaddr.value_or(""));
  if (const auto problem = why_no_address(address)) {
    reader.error(key, std::string{*problem});
    return std::nullopt;
  }
  pg::ConnInfo read;
  read.endpoint = {.host = address, .port = port.value_or(context.defaults.endpoint.port)};
  if (hostaddr) {
    read.set_parameter("hostaddr", *hostaddr);
  }
  if (service) {
    read.set_parameter("service", *service);
  }
  return read;
}

bool names_password(const pg::ConnInfo& conninfo) {
  return conninfo.password || conninfo.password_file || !conninfo.password_command.empty() ||
         conninfo.parameter("passfile");
}

}  // namespace

std::span<const std::string_view> libpq_keywords() {
  return kKeywords;
}

std::optional<std::string> why_not_known(std::string_view keyword, const ConnInfoParser& parse) {
  const auto since = pg::libpq_that_brought(keyword);
  if (!since || parse("host=x " + std::string{keyword} + "=x")) {
    return std::nullopt;
  }
  return pg::needs_newer_libpq(*since);
}

pg::ConnInfo read_defaults(const yaml::Node& section, const Sources& sources, Errors& errors) {
  pg::ConnInfo defaults;
  yaml::Reader reader{section, errors};
  defaults.endpoint.port = read_port(reader).value_or(defaults.endpoint.port);
  for (const std::string_view key : {"host", "hostaddr", "service"}) {
    if (reader.any(key) != nullptr) {
      reader.error(key, "has no default; it belongs to each server");
    }
  }
  read_keywords(reader, sources, defaults);
  reader.finish();
  return defaults;
}

std::optional<pg::ConnInfo> read_connection(
    yaml::Reader& reader, const ConnectionContext& context
) {
  auto conninfo = read_address(reader, context);
  const bool has_address = conninfo.has_value();
  pg::ConnInfo read = std::move(conninfo).value_or(pg::ConnInfo{});
  read_keywords(reader, context.sources, read);
  return has_address ? std::optional{filled(std::move(read), context)} : std::nullopt;
}

pg::ConnInfo read_login(yaml::Reader& reader, const ConnectionContext& context) {
  pg::ConnInfo login;
  login.endpoint.port = read_port(reader).value_or(context.defaults.endpoint.port);
  for (const std::string_view key : {"host", "hostaddr", "service", "conninfo"}) {
    if (reader.any(key) != nullptr) {
      reader.error(key, "cannot be given; the address is what is discovered");
    }
  }
  read_keywords(reader, context.sources, login);
  return filled(std::move(login), context);
}

pg::ConnInfo filled(pg::ConnInfo conninfo, const ConnectionContext& context) {
  const pg::ConnInfo& defaults = context.defaults;
  if (!names_password(conninfo)) {
    conninfo.set_password_of(defaults);
  }
  for (const auto& [keyword, value] : defaults.parameters) {
    if (!conninfo.parameter(keyword)) {
      conninfo.set_parameter(keyword, value);
    }
  }
  const Environment& environment = context.sources.environment;
  const bool has_service = conninfo.parameter("service") || environment.contains("PGSERVICE");
  if (!conninfo.parameter("dbname") && !has_service) {
    const auto database = environment.find("PGDATABASE");
    const bool is_set = database != environment.end() && !database->second.empty();
    conninfo.set_parameter("dbname", is_set ? database->second : "postgres");
  }
  return conninfo;
}

}  // namespace pgrepl::config
