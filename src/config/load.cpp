#include "config/load.h"

#include "config/clusters.h"
#include "config/connection.h"
#include "config/data_source.h"
#include "config/expand.h"
#include "config/limits.h"
#include "config/probe.h"
#include "config/web.h"
#include "support/yaml.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace pgrepl::config {

namespace {

constexpr Milliseconds kShortestTick{100};
// Beyond a day a limit limits nothing, and PostgreSQL's own settings end at 24 days.
constexpr Milliseconds kLongestLimit{std::chrono::hours{24}};
constexpr int kMostObservers = 100;

const yaml::Node& section(yaml::Reader& reader, std::string_view key) {
  static const yaml::Node kAbsent;
  const yaml::Node* found = reader.mapping(key);
  return found == nullptr ? kAbsent : *found;
}

Milliseconds read_limit(
    yaml::Reader& reader, std::string_view key, Milliseconds otherwise, Milliseconds least
) {
  const auto limit = reader.duration(key);
  if (limit && (*limit < least || *limit > kLongestLimit)) {
    reader.error(key, "must be from " + std::to_string(least.count()) + "ms to 24h");
  }
  return limit.value_or(otherwise);
}

// 0 sets no limit.
int read_observers(yaml::Reader& reader, int otherwise) {
  const auto observers = reader.integer("observers", 0, kMostObservers);
  return static_cast<int>(observers.value_or(otherwise));
}

Sampling read_sampling(const yaml::Node& node, Errors& errors) {
  constexpr Milliseconds kLeast{1};
  const Sampling standard;
  yaml::Reader reader{node, errors};
  Sampling sampling{
      .tick = read_limit(reader, "tick", standard.tick, kShortestTick),
      .timeout = read_limit(reader, "timeout", standard.timeout, kLeast),
      .connect_timeout = read_limit(reader, "connect_timeout", standard.connect_timeout, kLeast),
      .statement_timeout =
          read_limit(reader, "statement_timeout", standard.statement_timeout, kLeast),
      .lock_timeout = read_limit(reader, "lock_timeout", standard.lock_timeout, kLeast),
  };
  sampling.observers = read_observers(reader, standard.observers);
  reader.finish();
  return sampling;
}

Queries read_queries(const yaml::Node& node, const Flags& flags, Errors& errors) {
  yaml::Reader reader{node, errors};
  Queries queries{
      .files = reader.texts("files"),
      .enable = reader.texts("enable"),
      .disable = reader.texts("disable"),
      .include_databases = reader.texts("include_databases"),
      .exclude_databases = reader.texts("exclude_databases"),
  };
  reader.finish();
  const std::pair<std::string_view, const std::vector<std::string>&> lists[] = {
      {"files", queries.files},
      {"enable", queries.enable},
      {"disable", queries.disable},
      {"include_databases", queries.include_databases},
      {"exclude_databases", queries.exclude_databases}};
  for (const auto& [key, texts] : lists) {
    if (std::ranges::find(texts, std::string{}) != texts.end()) {
      reader.error(key, "an entry is empty");
    }
  }
  const auto append = [](std::vector<std::string>& list, const std::vector<std::string>& more) {
    list.insert(list.end(), more.begin(), more.end());
  };
  append(queries.files, flags.extend_query_paths);
  append(queries.enable, flags.enable_queries);
  append(queries.disable, flags.disable_queries);
  append(queries.include_databases, flags.include_databases);
  append(queries.exclude_databases, flags.exclude_databases);
  queries.legacy_names = flags.legacy_names;
  return queries;
}

Expected<yaml::Node, Errors> read_file(const Sources& sources) {
  if (!sources.config_file) {
    return yaml::Node{};
  }
  const auto text = sources.read_file(*sources.config_file);
  if (!text) {
    return Unexpected{
        Errors{{{.file = *sources.config_file}, text.error() + "; check --config.file"}}};
  }
  return yaml::parse(*text, *sources.config_file);
}

// Only where nothing else is wrong: a server that was written wrongly is not a missing one.
void require_server(const Config& config, const Sources& sources, Errors& errors) {
  const bool has_server = std::ranges::any_of(config.clusters, [](const Cluster& cluster) {
    return !cluster.servers.empty() || !cluster.discovery.empty();
  });
  if (!has_server && errors.empty()) {
    errors.push_back(
        {{.file = sources.config_file.value_or("")},
         "no server to monitor: list servers or discovery under 'clusters' in the file that "
         "--config.file names, or set DATA_SOURCE_NAME, for example "
         "DATA_SOURCE_NAME=postgresql://monitor@db.example.com:5432/postgres"}
    );
  }
}

}  // namespace

Expected<Config, Errors> load(const Sources& sources) {
  auto parsed = read_file(sources);
  if (!parsed) {
    return Unexpected{std::move(parsed.error())};
  }
  Errors errors;
  const yaml::Node file = expand(std::move(*parsed), sources.environment, errors);
  yaml::Reader reader{file, errors};
  Config config{
      .web = read_web(section(reader, "web"), sources.flags, errors),
      .sampling = read_sampling(section(reader, "sampling"), errors),
      .limits = read_limits(section(reader, "limits"), errors),
      .clusters = {},
      .queries = read_queries(section(reader, "queries"), sources.flags, errors),
  };
  config.sampling.min_round_interval = config.limits.min_round_interval;
  const ConnectionContext context{
      .sources = sources,
      .defaults = read_defaults(section(reader, "defaults"), sources, errors),
  };
  config.probe = read_probe(section(reader, "probe"), errors);
  config.auth_modules = read_auth_modules(section(reader, "auth_modules"), sources, errors);
  config.defaults = context.defaults;
  const yaml::Node* clusters = reader.sequence("clusters");
  if (clusters != nullptr && !clusters->items.empty()) {
    config.clusters = read_clusters(*clusters, context, errors);
  } else if (auto cluster = cluster_from_environment(context, errors)) {
    config.clusters.push_back(std::move(*cluster));
  }
  reader.finish();
  require_server(config, sources, errors);
  if (!errors.empty()) {
    return Unexpected{std::move(errors)};
  }
  return config;
}

}  // namespace pgrepl::config
