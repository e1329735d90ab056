#include "config/data_source.h"

#include "config/servers.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace pgrepl::config {

namespace {

constexpr std::string_view kBlanks = " \t\r\n\f\v";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool is_uri(std::string_view text) {
  return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

bool begins_data_source(std::string_view text) {
  text = trimmed(text);
  if (text.empty() || is_uri(text)) {
    return true;
  }
  const std::size_t equals = text.find('=');
  return equals != std::string_view::npos &&
         std::ranges::count(libpq_keywords(), trimmed(text.substr(0, equals))) > 0;
}

// Follows the quotes of one conninfo string, where a quote opens only right after '='. In a URI a
// quote and a backslash are letters like any other.
class Quotes {
 public:
  // Whether the character lies outside of quotes.
  bool is_outside(char character) {
    if (escaped_) {
      escaped_ = false;
      return false;
    }
    if (character == '\\') {
      escaped_ = true;
    } else if (character == '\'' && (quoted_ || before_ == '=')) {
      quoted_ = !quoted_;
    }
    if (kBlanks.find(character) == std::string_view::npos) {
      before_ = character;
    }
    return !quoted_ && !escaped_;
  }

 private:
  bool quoted_ = false;
  bool escaped_ = false;
  char before_ = '\0';  // the last that is no blank
};

void append_part(std::vector<std::string>& parts, std::string_view part) {
  if (part = trimmed(part); !part.empty()) {
    parts.emplace_back(part);
  }
}

struct Credentials {
  std::optional<std::string> user{};
  std::optional<pg::Secret> password{};
  std::optional<std::string> password_file{};
};

// The place of one data source in a variable of the environment.
struct Entry {
  std::string variable;
  std::size_t number = 0;  // 0: the variable is no list
};

// Docker Swarm resolves tasks.SERVICE to the address of every container of the service, so that one
// name stands for several servers, which move.
bool names_tasks_of_swarm(const pg::ConnInfo& conninfo) {
  return conninfo.endpoint.host.starts_with("tasks.") && !conninfo.parameter("hostaddr");
}

class DataSource {
 public:
  DataSource(const ConnectionContext& context, Errors& errors)
      : context_(context), errors_(errors) {}

  std::optional<Cluster> read() {
    if (const auto names = variable("DATA_SOURCE_NAME")) {
      const std::vector<std::string> parts = split_data_source_name(*names);
      for (std::size_t i = 0; i < parts.size(); ++i) {
        add({.variable = "DATA_SOURCE_NAME", .number = i + 1}, parts[i], {});
      }
      return cluster();
    }
    if (const auto uris = content("DATA_SOURCE_URI")) {
      add_uris(*uris);
      return cluster();
    }
    for (const std::string name : {"PGHOST", "PGHOSTADDR", "PGSERVICE"}) {
      if (variable(name)) {
        add({.variable = name}, "", {});
        return cluster();
      }
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] std::optional<std::string> variable(const std::string& name) const {
    const auto found = context_.sources.environment.find(name);
    if (found == context_.sources.environment.end() || trimmed(found->second).empty()) {
      return std::nullopt;
    }
    return found->second;
  }

  // Of the file that NAME_FILE names, else of the variable itself.
  std::optional<std::string> content(const std::string& name) {
    const auto file = variable(name + "_FILE");
    if (!file) {
      return variable(name);
    }
    const auto text = context_.sources.read_file(*file);
    if (!text) {
      errors_.push_back({{.file = name + "_FILE"}, "'" + *file + "' " + text.error()});
      return std::nullopt;
    }
    const std::string_view found = trimmed(*text);
    return found.empty() ? std::nullopt : std::optional{std::string{found}};
  }

  Credentials credentials() {
    Credentials credentials{.user = content("DATA_SOURCE_USER")};
    auto password = content("DATA_SOURCE_PASS");
    if (const auto file = variable("DATA_SOURCE_PASS_FILE")) {
      credentials.password_file = file;
    } else if (password) {
      credentials.password = pg::Secret{std::move(*password)};
    }
    return credentials;
  }

  void add_uris(const std::string& uris) {
    const Credentials login = credentials();
    const std::vector<std::string> parts = split_data_source_uri(uris);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::string uri = is_uri(parts[i]) ? parts[i] : "postgresql://" + parts[i];
      add({.variable = "DATA_SOURCE_URI", .number = i + 1}, uri, login);
    }
  }

  void add(const Entry& entry, const std::string& text, const Credentials& login) {
    const SourceLocation where{.file = entry.variable};
    auto parsed = context_.sources.parse_conninfo(text);
    if (!parsed) {
      const std::string number =
          entry.number == 0 ? "" : "entry " + std::to_string(entry.number) + ": ";
      errors_.push_back({where, number + parsed.error()});
      return;
    }
    for (pg::ConnInfo& conninfo : *parsed) {
      if (login.user) {
        conninfo.set_parameter("user", *login.user);
      }
      if (login.password || login.password_file) {
        conninfo.password = login.password;
        conninfo.password_file = login.password_file;
      }
      conninfo = filled(std::move(conninfo), context_);
      if (names_tasks_of_swarm(conninfo)) {
        std::string name = conninfo.endpoint.host;
        discovery_.emplace_back(DnsDiscovery{.name = std::move(name), .login = std::move(conninfo)}
        );
        continue;
      }
      Server server;
      server.conninfo = std::move(conninfo);
      servers_.push_back({.server = std::move(server), .where = where});
    }
  }

  Cluster cluster() {
    Cluster cluster;
    cluster.servers = named(std::move(servers_), errors_);
    cluster.discovery = std::move(discovery_);
    return cluster;
  }

  const ConnectionContext& context_;
  Errors& errors_;
  std::vector<LocatedServer> servers_;
  std::vector<Discovery> discovery_;
};

}  // namespace

std::vector<std::string> split_data_source_name(std::string_view text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  Quotes quotes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_outside = is_uri(trimmed(text.substr(begin))) || quotes.is_outside(text[i]);
    if (text[i] == ',' && is_outside && begins_data_source(text.substr(i + 1))) {
      append_part(parts, text.substr(begin, i - begin));
      begin = i + 1;
      quotes = {};
    }
  }
  append_part(parts, text.substr(begin));
  return parts;
}

std::vector<std::string> split_data_source_uri(std::string_view text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string_view part = trimmed(text.substr(begin, i - begin));
    if (is_uri(part)) {
      part.remove_prefix(part.find("//") + 2);
    }
    const bool is_complete = part.find_first_of("/?") != std::string_view::npos;
    if (text[i] == ',' && (is_complete || is_uri(trimmed(text.substr(i + 1))))) {
      append_part(parts, text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  append_part(parts, text.substr(begin));
  return parts;
}

std::optional<Cluster> cluster_from_environment(const ConnectionContext& context, Errors& errors) {
  return DataSource{context, errors}.read();
}

}  // namespace pgrepl::config
