// Servers and the arrows between them.
#include "pages/html.h"
#include "pages/quantities.h"
#include "pages/replication_tree.h"
#include "pages/status_page.h"

#include <algorithm>
#include <optional>

namespace pgrepl::pages {

namespace {

using cluster::Evidence;
using cluster::Role;
using cluster::Server;
using cluster::Standby;

// Servers that an anomaly of the cluster is about, and that say nothing of it themselves.
bool is_in_conflict(const cluster::Cluster& cluster, const Server& server) {
  const bool rival = !cluster.primary && cluster.primaries > 1 && answers_as(server, Role::Primary);
  return rival || (server.standby && server.standby->state == cluster::StandbyState::Diverged);
}

std::string_view look_of(
    const cluster::Cluster& cluster, const Server& server, std::span<const Problem> problems
) {
  std::optional<Severity> worst;
  if (is_in_conflict(cluster, server)) {
    worst = Severity::Critical;
  }
  for (const Problem& problem : problems) {
    if (problem.server == server.sample.name) {
      worst = std::max(worst, std::optional{problem.severity});
    }
  }
  return worst ? to_string(*worst) : "good";
}

std::string span(std::string_view kind, const std::string& html) {
  return "<span class=\"" + std::string{kind} + "\">" + html + "</span>";
}

// sync, quorum or potential, from the upstream's row; nothing for the usual async.
std::string sync_state(const WatchedCluster& watched, const cluster::Upstream& upstream) {
  const auto& servers = watched.cluster.servers;
  const auto found = std::ranges::find_if(servers, [&](const Server& server) {
    return server.sample.name == upstream.server;
  });
  if (found == servers.end() || !found->sample.tick) {
    return {};
  }
  for (const cluster::WalSender& sender : found->sample.tick->reading.senders) {
    if (sender.application_name == upstream.application_name &&
        sender.slot_name == upstream.slot_name && sender.sync_state != "async") {
      return sender.sync_state;
    }
  }
  return {};
}

std::string describe_evidence(const cluster::Upstream& upstream) {
  switch (upstream.evidence) {
    case Evidence::Slot:
      return "slot " + foreign_text(upstream.slot_name.value_or(""));
    case Evidence::Sender:
      return "by host and port, named " + foreign_text(upstream.application_name);
    case Evidence::ApplicationName:
      return "by its name " + foreign_text(upstream.application_name);
    case Evidence::Address:
      return "by its address";
    case Evidence::Remembered:
      return "as last seen";
  }
  return {};
}

// "upstream_down" as people write it.
std::string in_words(std::string name) {
  std::ranges::replace(name, '_', ' ');
  return name;
}

// What stands on the arrow from the upstream. Without one, there is no arrow.
std::string draw_edge(const WatchedCluster& watched, const Standby& standby) {
  const std::string lag = span("lag", format_time(standby.lag.time));
  const std::string state{to_string(standby.state)};
  std::string html = "<div class=\"edge " + state;
  if (!standby.upstream) {
    html += " loose\">" + span("unseen", "upstream unknown; ");
  } else {
    html +=
        "\">" + span("unseen", "replicates from " + foreign_text(standby.upstream->server) + "; ");
  }
  html += span("state", in_words(state)) + span("unseen", ", behind: ") + lag + ' ' +
          span("bytes", format_bytes(standby.lag.bytes));
  if (standby.upstream) {
    const std::string sync = sync_state(watched, *standby.upstream);
    html += (sync.empty() ? "" : ' ' + span("sync", escape_html(sync))) + ' ' +
            span("evidence", describe_evidence(*standby.upstream));
  }
  return html + "</div>";
}

std::string describe_role(const Server& server) {
  if (server.sample.left_to_others) {
    return "left to other exporters";
  }
  if (!server.role) {
    return "never seen";
  }
  const std::string role = *server.role == Role::Primary ? "primary" : "standby";
  return answers(server) ? role : "was " + role;
}

// "3 min" of "3 min 20 s".
std::string first_unit(const std::string& time) {
  return time.substr(0, time.find(' ', time.find(' ') + 1));
}

std::string describe_facts(const Server& server) {
  std::string facts;
  const auto add = [&facts](const std::string& fact) {
    facts += (facts.empty() ? "" : " · ") + fact;
  };
  if (server.sample.left_to_others) {
    add("answers");
  } else if (!answers(server)) {
    const auto& failure = server.sample.failure;
    add("down: " + (failure ? std::string{to_string(failure->reason)} : "no answer yet"));
  }
  if (server.sample.facts) {
    add(to_string(server.sample.facts->version));
  }
  if (server.timeline) {
    add("timeline " + std::to_string(static_cast<std::uint32_t>(*server.timeline)));
  }
  if (answers(server)) {
    add("up " + first_unit(format_time(uptime(server))));
  }
  return facts;
}

std::string draw_tree(
    const WatchedCluster& watched, const ReplicationTree& tree, std::span<const Problem> problems
) {
  const Server& server = watched.cluster.servers[tree.server];
  const std::string look{look_of(watched.cluster, server, problems)};
  const bool is_primary = watched.cluster.primary == tree.server;
  std::string html = "<li class=\"server " + look + "\">";
  if (server.standby) {
    html += draw_edge(watched, *server.standby);
  }
  html += "<article class=\"card" + std::string{is_primary ? " primary" : ""} + "\"><h3>" +
          foreign_text(server.sample.name) + "</h3> " + span("role", describe_role(server)) +
          (look == "good" ? "" : ' ' + span("look", look)) +
          (server.standby && server.standby->failover_ready
               ? ' ' + span("ready", "✓ ready" + span("unseen", " for a failover"))
               : "") +
          "<p class=\"facts\">" + describe_facts(server) + "</p></article>";
  if (!tree.standbys.empty()) {
    html += "<ul>";
    for (const ReplicationTree& standby : tree.standbys) {
      html += draw_tree(watched, standby, problems);
    }
    html += "</ul>";
  }
  return html + "</li>\n";
}

}  // namespace

std::string draw_servers(const WatchedCluster& watched, std::span<const Problem> problems) {
  std::string html =
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Servers of " +
      escape_html(watched.cluster.name) + "\"><ul class=\"tree\">\n";
  for (const ReplicationTree& tree : replication_trees(watched.cluster)) {
    html += draw_tree(watched, tree, problems);
  }
  return html + "</ul></div>\n";
}

}  // namespace pgrepl::pages
