// Loading a configuration from texts, with a parser for the plainest conninfo strings, so that
// tests of configuration need no libpq.
#pragma once

#include "config/load.h"
#include "support/errors.h"

#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace pgrepl::config {

inline constexpr std::string_view kFile = "exporter.yaml";

// "key=value key=value" without quotes, and "postgresql://host:port/dbname"; several hosts as
// libpq has them. "broken" stands for what libpq refuses.
inline Expected<std::vector<pg::ConnInfo>, std::string> parse_plainly(std::string_view text) {
  if (text.find("broken") != std::string_view::npos) {
    return Unexpected{std::string{"a single quote is not closed"}};
  }
  pg::ConnInfo shared;
  std::string hosts = "/socket";
  std::string words{text};
  if (const auto scheme = words.find("://"); scheme != std::string::npos) {
    const std::string rest = words.substr(scheme + 3);
    const auto slash = rest.find('/');
    words = "host=" + rest.substr(0, slash) +
            (slash == std::string::npos ? "" : " dbname=" + rest.substr(slash + 1));
  }
  std::istringstream stream{words};
  for (std::string word; stream >> word;) {
    const auto equals = word.find('=');
    const std::string key = word.substr(0, equals);
    const std::string value = word.substr(equals + 1);
    if (key == "host") {
      hosts = value;
    } else if (key == "password") {
      shared.password = pg::Secret{value};
    } else if (key == "port") {
      shared.endpoint.port = static_cast<std::uint16_t>(std::stoi(value));
    } else {
      shared.set_parameter(key, value);
    }
  }
  std::vector<pg::ConnInfo> all;
  std::istringstream list{hosts};
  for (std::string host; std::getline(list, host, ',');) {
    const auto colon = host.rfind(':');
    shared.endpoint.host = host.substr(0, colon);
    if (colon != std::string::npos) {
      shared.endpoint.port = static_cast<std::uint16_t>(std::stoi(host.substr(colon + 1)));
    }
    all.push_back(shared);
  }
  return all;
}

struct Given {
  std::optional<std::string> yaml{};
  Environment environment{};
  Flags flags{};
  std::map<std::string, std::string> files{};
  ConnInfoParser parse_conninfo = parse_plainly;
};

inline Expected<Config, Errors> load_given(Given given) {
  Sources sources;
  if (given.yaml) {
    sources.config_file = kFile;
    given.files.emplace(kFile, *given.yaml);
  }
  sources.read_file = [files = given.files](const std::string& name
                      ) -> Expected<std::string, std::string> {
    const auto found = files.find(name);
    if (found == files.end()) {
      return Unexpected<std::string>{"does not exist"};
    }
    return found->second;
  };
  sources.environment = given.environment;
  sources.flags = given.flags;
  sources.parse_conninfo = given.parse_conninfo;
  return load(sources);
}

// The configuration; a failed test when there are errors.
inline Config loaded(Given given) {
  auto config = load_given(std::move(given));
  if (!config) {
    ADD_FAILURE() << to_string(config.error());
    return {};
  }
  return std::move(*config);
}

// One line for each error; empty when there is none.
inline std::string errors_of(Given given) {
  const auto config = load_given(std::move(given));
  return config ? "" : to_string(config.error());
}

// The only server of the only cluster.
inline Server only_server(Given given) {
  const Config config = loaded(std::move(given));
  if (config.clusters.size() != 1 || config.clusters[0].servers.size() != 1) {
    ADD_FAILURE() << "expected one server";
    return {};
  }
  return config.clusters[0].servers[0];
}

}  // namespace pgrepl::config
