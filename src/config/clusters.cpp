#include "config/clusters.h"

#include "config/read_discovery.h"
#include "config/read_endpoints.h"
#include "config/read_pgbouncers.h"
#include "config/servers.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pgrepl::config {

namespace {

constexpr std::int64_t kMostStandbys = 10'000;

// Prometheus' data model: [a-zA-Z_][a-zA-Z0-9_]*.
bool is_label_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto is_letter_or_digit = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, is_letter_or_digit);
}

std::optional<std::string> label_name_problem(std::string_view name) {
  if (name == "cluster" || name == "server") {
    return "is a label that every series has already; choose another name";
  }
  if (name.starts_with("__")) {
    return "names that begin with '__' belong to Prometheus; choose another name";
  }
  if (!is_label_name(name)) {
    return "is no label name; use letters, digits and '_', not a digit first";
  }
  return std::nullopt;
}

std::map<std::string, std::string> read_labels(const yaml::Node* section, Errors& errors) {
  std::map<std::string, std::string> labels;
  if (section == nullptr) {
    return labels;
  }
  yaml::Reader reader{*section, errors};
  for (const yaml::Entry& entry : section->entries) {
    if (const auto problem = label_name_problem(entry.key)) {
      errors.push_back({entry.key_where, entry.key + ": " + *problem});
    }
    if (auto value = reader.text(entry.key)) {
      labels.emplace(entry.key, std::move(*value));
    }
  }
  return labels;
}

// Absent, or longer than nothing.
std::optional<Milliseconds> read_span(yaml::Reader& reader, std::string_view key) {
  const auto span = reader.duration(key);
  if (span && *span <= Milliseconds{0}) {
    reader.error(key, "must be longer than 0");
  }
  return span;
}

// `inherited` serves what the section does not say, also where there is no section.
LagThresholds read_lag_thresholds(
    const yaml::Node* section, const LagThresholds& inherited, Errors& errors
) {
  if (section == nullptr) {
    return inherited;
  }
  yaml::Reader reader{*section, errors};
  LagThresholds thresholds{
      .warning = read_span(reader, "warning"), .critical = read_span(reader, "critical")};
  reader.finish();
  const std::string_view told = thresholds.warning ? "warning" : "critical";
  thresholds.warning = thresholds.warning ? thresholds.warning : inherited.warning;
  thresholds.critical = thresholds.critical ? thresholds.critical : inherited.critical;
  if (thresholds.warning && thresholds.critical && *thresholds.warning > *thresholds.critical) {
    reader.error(
        told,
        "the warning threshold, " + std::to_string(thresholds.warning->count()) +
            "ms, must not exceed the critical one, " +
            std::to_string(thresholds.critical->count()) + "ms"
    );
  }
  return thresholds;
}

Objectives read_objectives(const yaml::Node* section, Errors& errors) {
  if (section == nullptr) {
    return {};
  }
  yaml::Reader reader{*section, errors};
  Objectives objectives{.rpo = read_span(reader, "rpo"), .rto = read_span(reader, "rto")};
  reader.finish();
  return objectives;
}

std::optional<std::string> read_name(yaml::Reader& reader) {
  auto name = reader.text("name");
  if (name && name->find_first_not_of(" \t\r\n") == std::string::npos) {
    reader.error("name", "is empty");
  }
  return name;
}

std::optional<ClusterRole> read_role(yaml::Reader& reader) {
  const auto role = reader.text("role");
  if (role && role != "origin" && role != "standby") {
    reader.error("role", "expected origin or standby");
  }
  if (!role) {
    return std::nullopt;
  }
  return role == "standby" ? ClusterRole::Standby : ClusterRole::Origin;
}

// A cluster that follows another is a standby cluster, whether that is said or not.
void read_place(yaml::Reader& reader, Cluster& cluster) {
  cluster.role = read_role(reader);
  cluster.follows = reader.text("follows");
  if (!cluster.follows) {
    return;
  }
  if (cluster.role == ClusterRole::Origin) {
    reader.error("follows", "a cluster with the role origin follows no other; leave out one");
  }
  cluster.role = ClusterRole::Standby;
}

std::optional<FedBy> read_fed_by(yaml::Reader& reader) {
  const auto source = reader.text("fed_by");
  if (source && source != "archive") {
    reader.error("fed_by", "expected archive; a standby that streams needs no hint");
  }
  return source ? std::optional{FedBy::Archive} : std::nullopt;
}

class ClusterReader {
 public:
  ClusterReader(const ConnectionContext& context, Errors& errors)
      : context_(context), errors_(errors) {}

  Cluster read(const yaml::Node& node) {
    Cluster cluster;
    yaml::Reader reader{node, errors_};
    cluster.name = read_name(reader).value_or(cluster.name);
    cluster.labels = read_labels(reader.mapping("labels"), errors_);
    if (const auto count = reader.integer("expected_standbys", 0, kMostStandbys)) {
      cluster.expected_standbys = static_cast<int>(*count);
    }
    read_place(reader, cluster);
    cluster.objectives = read_objectives(reader.mapping("objectives"), errors_);
    cluster.lag_thresholds = read_lag_thresholds(reader.mapping("lag_thresholds"), {}, errors_);
    if (const yaml::Node* servers = reader.sequence("servers")) {
      cluster.servers = read_servers(*servers, cluster.lag_thresholds);
    }
    if (const yaml::Node* sources = reader.sequence("discovery")) {
      cluster.discovery = read_discovery(*sources, context_, errors_);
    }
    if (const yaml::Node* endpoints = reader.sequence("endpoints")) {
      cluster.endpoints = read_endpoints(*endpoints, context_, errors_);
    }
    if (const yaml::Node* pgbouncers = reader.sequence("pgbouncers")) {
      cluster.pgbouncers = read_pgbouncers(*pgbouncers, context_, errors_);
    }
    cluster.forget_after = read_span(reader, "forget_after").value_or(cluster.forget_after);
    reader.finish();
    return cluster;
  }

 private:
  std::vector<Server> read_servers(const yaml::Node& list, const LagThresholds& inherited) {
    std::vector<LocatedServer> servers;
    for (const yaml::Node& node : list.items) {
      if (auto server = read_server(node, inherited)) {
        servers.push_back({.server = std::move(*server), .where = node.where});
      }
    }
    return named(std::move(servers), errors_);
  }

  std::optional<Server> read_server(const yaml::Node& node, const LagThresholds& inherited) {
    yaml::Reader reader{node, errors_};
    if (node.kind != yaml::Kind::Mapping) {
      if (node.kind == yaml::Kind::Null) {
        errors_.push_back({node.where, "servers: an entry is empty; it needs host or conninfo"});
      }
      return std::nullopt;
    }
    auto name = read_name(reader);
    auto conninfo = read_connection(reader, context_);
    const LagThresholds thresholds =
        read_lag_thresholds(reader.mapping("lag_thresholds"), inherited, errors_);
    const auto fed_by = read_fed_by(reader);
    reader.finish();
    if (!conninfo) {
      return std::nullopt;
    }
    return Server{
        .name = std::move(name).value_or(""),
        .conninfo = std::move(*conninfo),
        .lag_thresholds = thresholds,
        .fed_by = fed_by,
    };
  }

  const ConnectionContext& context_;
  Errors& errors_;
};

}  // namespace

namespace {

// Named after all are read: a cluster may follow one that stands below it.
void check_followed(
    const std::vector<Cluster>& clusters, const std::vector<SourceLocation>& places, Errors& errors
) {
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    const auto& followed = clusters[i].follows;
    if (!followed) {
      continue;
    }
    if (*followed == clusters[i].name) {
      errors.push_back({places[i], "follows: a cluster cannot follow itself"});
    } else if (std::ranges::find(clusters, *followed, &Cluster::name) == clusters.end()) {
      errors.push_back(
          {places[i],
           "follows: no cluster is called '" + *followed +
               "'; name one of this file, or say role: standby where that one is not watched"}
      );
    }
  }
}

// The place of `follows`, or of the whole cluster without one.
SourceLocation place_of_follows(const yaml::Node& node) {
  const auto found = std::ranges::find(node.entries, "follows", &yaml::Entry::key);
  return found == node.entries.end() ? node.where : found->value.where;
}

}  // namespace

std::vector<Cluster> read_clusters(
    const yaml::Node& list, const ConnectionContext& context, Errors& errors
) {
  std::vector<Cluster> clusters;
  std::vector<SourceLocation> places;
  ClusterReader reader{context, errors};
  for (const yaml::Node& node : list.items) {
    Cluster cluster = reader.read(node);
    if (std::ranges::find(clusters, cluster.name, &Cluster::name) != clusters.end()) {
      errors.push_back(
          {node.where, "name: two clusters are called '" + cluster.name + "'; rename one"}
      );
    }
    clusters.push_back(std::move(cluster));
    places.push_back(place_of_follows(node));
  }
  check_followed(clusters, places, errors);
  return clusters;
}

}  // namespace pgrepl::config
