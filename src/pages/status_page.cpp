#include "pages/status_page.h"

#include "pages/html.h"
#include "pages/quantities.h"

#include <algorithm>
#include <cmath>

namespace pgrepl::pages {

namespace {

constexpr std::size_t kEventsShown = 20;

// What all clusters together are, and how to say it.
struct Summary {
  Health health = Health::Healthy;
  std::string text;
};

std::string counted(std::size_t count, const std::string& thing) {
  return std::to_string(count) + ' ' + thing + (count == 1 ? "" : "s");
}

Summary summarize(const Picture& picture) {
  Summary summary;
  std::size_t servers = 0;
  std::size_t problems = 0;
  for (const WatchedCluster& watched : picture.clusters) {
    const auto found = find_problems(watched);
    servers += watched.cluster.servers.size();
    problems += found.size();
    summary.health = std::max(summary.health, health_of(found));
  }
  summary.text = problems == 0 ? "All is well" : counted(problems, "problem");
  summary.text +=
      ": " + counted(servers, "server") + " in " + counted(picture.clusters.size(), "cluster");
  return summary;
}

// Seconds are enough for people.
std::string draw_time(double epoch_seconds) {
  const std::string precise = format_timestamp(epoch_seconds);
  const std::string shown = precise.substr(0, 10) + ' ' + precise.substr(11, 8);
  return "<time datetime=\"" + precise + "\">" + shown + "</time>";
}

std::string draw_problems(std::span<const Problem> problems) {
  if (problems.empty()) {
    return "<p class=\"fine\">No problems.</p>\n";
  }
  std::string html = "<ul class=\"problems\">\n";
  for (const Problem& problem : problems) {
    const std::string severity{to_string(problem.severity)};
    html += "<li class=\"" + severity + "\"><strong>" + severity + "</strong> <span>" +
            foreign_text(problem.message) + ".</span> <span class=\"advice\">" +
            escape_html(problem.advice) + "</span></li>\n";
  }
  return html + "</ul>\n";
}

void add_fact(std::string& html, const std::string& term, const std::string& value) {
  html += "<div><dt>" + term + "</dt><dd>" + value + "</dd></div>";
}

void add_exposure(std::string& html, const std::string& term, const cluster::Exposure& exposure) {
  if (exposure.bytes || exposure.time) {
    add_fact(html, term, format_bytes(exposure.bytes) + ", " + format_time(exposure.time));
  }
}

void add_endpoints(std::string& html, const cluster::Cluster& cluster) {
  for (const cluster::EndpointStatus& status : cluster.endpoints) {
    const bool was_tried = status.probe.reading || status.probe.failure;
    std::string leads_to = was_tried ? "no known server" : "not tried yet";
    if (status.server) {
      leads_to = foreign_text(*status.server) + ", " + format_time(status.probe.duration);
    }
    if (was_tried) {
      leads_to += status.ok ? " ✓" : " ✖";
    }
    add_fact(html, "Endpoint " + foreign_text(status.probe.name), leads_to);
  }
}

void add_pgbouncers(std::string& html, const cluster::Cluster& cluster) {
  for (const cluster::PgBouncerStatus& status : cluster.pgbouncers) {
    std::string says = status.probe.failure ? "does not answer ✖" : "not tried yet";
    if (status.probe.reading) {
      says = status.routes.empty() ? "answers, and serves no database" : "";
    }
    for (const cluster::PgBouncerRoute& route : status.routes) {
      says += (says.empty() ? "" : "; ") + foreign_text(route.database) + " →";
      for (const std::string& server : route.servers) {
        says += " " + foreign_text(server);
      }
      says += route.servers.empty() ? " no known server" : "";
    }
    add_fact(html, "PgBouncer " + foreign_text(status.probe.name), says);
  }
}

std::string draw_facts(const Picture& picture, const cluster::Cluster& cluster) {
  std::string html = "<dl class=\"facts\">";
  add_fact(
      html,
      "Primary",
      cluster.primary ? foreign_text(cluster.servers[*cluster.primary].sample.name) : "none"
  );
  if (cluster.best_candidate) {
    add_fact(html, "Best candidate", foreign_text(*cluster.best_candidate));
  }
  add_exposure(html, "Lost if the primary died now", cluster.data_loss);
  add_exposure(html, "Not archived yet", cluster.archive);
  if (cluster.sync_standbys && cluster.sync_standbys->required > 0) {
    add_fact(
        html,
        "Synchronous standbys",
        std::to_string(cluster.sync_standbys->present) + " of " +
            std::to_string(cluster.sync_standbys->required)
    );
  }
  add_endpoints(html, cluster);
  add_pgbouncers(html, cluster);
  if (cluster.last_failover) {
    std::string when = draw_time(epoch_seconds(picture, *cluster.last_failover));
    if (cluster.last_failover_downtime) {
      when += ", down for " + format_time(cluster.last_failover_downtime);
    }
    add_fact(html, "Last failover", when);
  }
  return html + "</dl>\n";
}

bool is_at_risk(const cluster::SlotStatus& status) {
  const auto& wal_status = status.slot.wal_status;
  return !status.slot.active || wal_status == "unreserved" || wal_status == "lost" ||
         (status.time_to_loss && std::isfinite(status.time_to_loss->count()));
}

std::string draw_slot(const cluster::Server& server, const cluster::SlotStatus& status) {
  const auto cell = [](const std::string& html) { return "<td>" + html + "</td>"; };
  const std::string consumer =
      status.slot.active ? "in use" : "nobody for " + format_time(status.inactive);
  return "<tr class=\"" + std::string{is_at_risk(status) ? "warning" : "good"} +
         "\"><th scope=\"row\">" + foreign_text(status.slot.name) + "</th>" +
         cell(foreign_text(server.sample.name)) + cell(escape_html(status.slot.type)) +
         cell(consumer) + cell(format_bytes(status.retained_bytes)) +
         cell(escape_html(status.slot.wal_status.value_or("–"))) +
         cell(status.time_to_loss ? format_time(status.time_to_loss) : "no limit set") + "</tr>\n";
}

// Open where a slot deserves a look; a quiet cluster stays small.
std::string draw_slots(const cluster::Cluster& cluster, const std::string& id) {
  std::string rows;
  std::size_t count = 0;
  std::size_t at_risk = 0;
  for (const cluster::Server& server : cluster.servers) {
    for (const cluster::SlotStatus& status : server.slots) {
      rows += draw_slot(server, status);
      count += 1;
      at_risk += is_at_risk(status) ? 1U : 0U;
    }
  }
  if (count == 0) {
    return {};
  }
  const std::string title =
      counted(count, "slot") + (at_risk == 0 ? "" : ", " + std::to_string(at_risk) + " at risk");
  return "<details id=\"" + id + "-slots\"" + (at_risk == 0 ? "" : " open") + "><summary>" + title +
         "</summary>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Slots\">"
         "<table><thead><tr><th scope=\"col\">Slot</th><th scope=\"col\">On</th>"
         "<th scope=\"col\">Type</th><th scope=\"col\">Consumer</th><th scope=\"col\">Keeps</th>"
         "<th scope=\"col\">WAL</th><th scope=\"col\">Lost in</th></tr></thead>\n<tbody>" +
         rows + "</tbody></table></div></details>\n";
}

std::string draw_cluster(
    const Picture& picture, const WatchedCluster& watched, const std::string& id
) {
  const auto problems = find_problems(watched);
  const std::string health{to_string(health_of(problems))};
  return "<section class=\"cluster " + health + "\" aria-labelledby=\"" + id + "\"><h2 id=\"" + id +
         "\">" + foreign_text(watched.cluster.name) + " <span class=\"badge\">" + health +
         "</span></h2>\n" + draw_problems(problems) + draw_facts(picture, watched.cluster) +
         draw_servers(watched, problems) + draw_slots(watched.cluster, id) + "</section>\n";
}

std::string draw_events(const cluster::EventLog& log) {
  std::string html =
      "<section class=\"happened\" aria-labelledby=\"events\"><h2 id=\"events\">Last events</h2>\n";
  if (log.events().empty()) {
    return html + "<p class=\"fine\">Nothing has happened since the start.</p></section>\n";
  }
  html += "<ol class=\"events\">\n";
  std::size_t shown = 0;
  for (auto logged = log.events().rbegin(); logged != log.events().rend() && shown < kEventsShown;
       ++logged, ++shown) {
    const cluster::Event& event = logged->event;
    html += "<li class=\"" + std::string{to_string(event.kind)} + "\">" + draw_time(logged->at) +
            " <span class=\"where\">" + foreign_text(logged->cluster) +
            (event.server.empty() ? "" : " / " + foreign_text(event.server)) + "</span> <span>" +
            foreign_text(event.message) + "</span></li>\n";
  }
  return html + "</ol></section>\n";
}

// A page that JavaScript does not refresh is loaded again as a whole.
constexpr std::string_view kHead =
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n"
    "<link rel=\"icon\" href=\"data:,\">\n"
    "<link rel=\"stylesheet\" href=\"status.css\">\n"
    "<script src=\"status.js\" defer></script>\n";

}  // namespace

std::string status_page(
    const Picture& picture, const cluster::EventLog& log, const std::string& telemetry_path
) {
  const Summary summary = summarize(picture);
  const std::string metrics = escape_html(telemetry_path.substr(1));
  std::string html = "<!doctype html>\n<html lang=\"en\">\n<head>\n" + std::string{kHead} +
                     "<title>" + summary.text + " · PostgreSQL replication</title>\n</head>\n" +
                     "<body>\n<a class=\"skip\" href=\"#content\">Skip to the clusters</a>\n" +
                     "<header><h1>PostgreSQL replication</h1>\n<p id=\"summary\" role=\"status\" " +
                     "class=\"" + std::string{to_string(summary.health)} + "\">" + summary.text +
                     "</p>\n<p id=\"taken\">as of " + draw_time(picture.taken_at) + " UTC</p>\n" +
                     "<nav aria-label=\"For programs\"><a href=\"" + metrics +
                     "\">Metrics</a> <a href=\"api/v1/clusters\">Clusters as JSON</a> " +
                     "<a href=\"api/v1/events\">Events as JSON</a></nav></header>\n" +
                     "<p id=\"stale\" role=\"alert\" hidden>The exporter does not answer; what " +
                     "stands below is old.</p>\n<main id=\"content\" tabindex=\"-1\">\n";
  for (std::size_t i = 0; i < picture.clusters.size(); ++i) {
    html += draw_cluster(picture, picture.clusters[i], "cluster-" + std::to_string(i));
  }
  return html + draw_events(log) + "</main>\n</body>\n</html>\n";
}

}  // namespace pgrepl::pages
