#include "metrics/gauge_writer.h"

#include <algorithm>
#include <string>

namespace pgrepl::metrics {

namespace {

using cluster::Role;
using cluster::Server;
using cluster::Standby;
using cluster::StandbyState;

// Families with one value a standby.
struct StandbyRow {
  std::string_view name;
  std::string_view help;
  std::optional<double> (*value)(const ClusterView&, const Server&, const Standby&);
};

constexpr StandbyRow kStandbyRows[] = {
    {"pg_standby_lag_seconds",
     "Age of the primary's state that this standby shows; 0 when it shows everything",
     [](const ClusterView&, const Server&, const Standby& s) { return seconds(s.lag.time); }},
    {"pg_standby_lag_bytes",
     "WAL that the primary has written and this standby has not replayed",
     [](const ClusterView&, const Server&, const Standby& s) { return number(s.lag.bytes); }},
    {"pg_standby_lag_uncertainty_seconds",
     "The true lag lies within this distance of pg_standby_lag_seconds; absent where that is the "
     "least it can be",
     [](const ClusterView&, const Server&, const Standby& s) {
       return seconds(s.lag.uncertainty);
     }},
    {"pg_standby_state_since_timestamp_seconds",
     "When the standby entered its present state, as far as it was watched",
     [](const ClusterView& v, const Server&, const Standby& s) {
       return std::optional{wall_clock(v, s.state_since)};
     }},
    {"pg_standby_catchup_seconds",
     "Time until the lag is gone at the rates of the last minute; +Inf when it does not shrink",
     [](const ClusterView&, const Server&, const Standby& s) { return seconds(s.catchup); }},
    {"pg_standby_replay_bytes_per_second",
     "WAL replayed per second over the last minute",
     [](const ClusterView&, const Server&, const Standby& s) { return s.replay_bytes_per_second; }},
    {"pg_standby_streaming",
     "Whether its WAL receiver is streaming what comes from a primary in the end",
     [](const ClusterView&, const Server& server, const Standby& s) -> std::optional<double> {
       const auto* reading = reading_of(server);
       if (reading == nullptr || reading->receiver.is_hidden()) {
         return std::nullopt;
       }
       return truth(reading->receiver && reading->receiver->status == "streaming" && follows(s));
     }},
    {"pg_standby_replay_paused",
     "Whether pg_wal_replay_pause() holds it",
     [](const ClusterView&, const Server& server, const Standby&) -> std::optional<double> {
       const auto* reading = reading_of(server);
       return reading == nullptr ? std::nullopt : std::optional{truth(reading->replay_paused)};
     }},
    {"pg_standby_configured_delay_seconds",
     "Its recovery_min_apply_delay",
     [](const ClusterView&, const Server& server, const Standby&) -> std::optional<double> {
       const auto& facts = server.sample.facts;
       if (!facts || !facts->recovery_min_apply_delay) {
         return std::nullopt;
       }
       return cluster::Seconds{*facts->recovery_min_apply_delay}.count();
     }},
    {"pg_standby_diverged",
     "Whether it went past the point where the primary's timeline began",
     [](const ClusterView&, const Server&, const Standby& s) {
       return std::optional{truth(s.state == StandbyState::Diverged)};
     }},
    {"pg_failover_ready",
     "Whether it could be promoted now without loss beyond the recovery point objective",
     [](const ClusterView&, const Server&, const Standby& s) {
       return s.state == StandbyState::Unknown ? std::nullopt
                                               : std::optional{truth(s.failover_ready)};
     }},
    {"pg_standby_last_message_age_seconds",
     "Time since its WAL receiver last heard from its upstream",
     [](const ClusterView&, const Server&, const Standby& s) {
       return seconds(s.last_message_age);
     }},
};

void add_state_sets(const Standby& standby, GaugeWriter& out) {
  for (const cluster::LagBasis basis : cluster::kLagBases) {
    const std::string word{to_string(basis)};
    out.gauge(
        "pg_standby_lag_basis",
        "How the lag was found",
        {{"basis", word}},
        truth(standby.lag.basis == basis)
    );
  }
  for (const StandbyState state : cluster::kStandbyStates) {
    if (standby.state == StandbyState::Unknown) {
      break;
    }
    const std::string word{to_string(state)};
    out.gauge(
        "pg_standby_state",
        "What the standby is doing",
        {{"state", word}},
        truth(standby.state == state)
    );
  }
}

void add_stages(const Standby& standby, GaugeWriter& out) {
  constexpr std::string_view kHelp = "The stage where most of the lag is";
  bool known = false;
  for (const cluster::Stage stage : cluster::kStages) {
    const auto& lag = standby.stages.at(static_cast<std::size_t>(stage));
    const std::string word{to_string(stage)};
    out.gauge(
        "pg_standby_stage_lag_bytes",
        "WAL that waits in this stage of its way from the primary",
        {{"stage", word}},
        number(lag.bytes)
    );
    out.gauge(
        "pg_standby_stage_lag_seconds",
        "The part of the lag that arises in this stage",
        {{"stage", word}},
        seconds(lag.time)
    );
    known = known || lag.time;
  }
  for (const cluster::Stage stage : cluster::kStages) {
    const std::string word{to_string(stage)};
    const auto holds = known ? std::optional{truth(standby.bottleneck == stage)} : std::nullopt;
    out.gauge("pg_standby_bottleneck", kHelp, {{"stage", word}}, holds);
  }
  const auto none = known ? std::optional{truth(!standby.bottleneck)} : std::nullopt;
  out.gauge("pg_standby_bottleneck", kHelp, {{"stage", "none"}}, none);
}

void add_thresholds(const ClusterView& view, const Server& server, GaugeWriter& out) {
  constexpr std::string_view kHelp = "Configured threshold of the lag for alerts";
  const auto& servers = view.configured.servers;
  const auto found = std::ranges::find(servers, server.sample.name, &config::Server::name);
  // A discovered server is not configured and has none of its own.
  const auto own = found == servers.end() ? config::LagThresholds{} : found->lag_thresholds;
  const auto& common = view.configured.lag_thresholds;
  const auto warning = own.warning ? own.warning : common.warning;
  const auto critical = own.critical ? own.critical : common.critical;
  constexpr std::string_view kName = "pg_standby_lag_threshold_seconds";
  out.gauge(kName, kHelp, {{"severity", "warning"}}, seconds(warning));
  out.gauge(kName, kHelp, {{"severity", "critical"}}, seconds(critical));
}

}  // namespace

void add_standby_families(
    const ClusterView& view, const Server& server, const Standby& standby, GaugeWriter& out
) {
  for (const StandbyRow& row : kStandbyRows) {
    out.gauge(row.name, row.help, row.value(view, server, standby));
  }
  add_state_sets(standby, out);
  add_stages(standby, out);
  add_thresholds(view, server, out);
  if (const auto& upstream = standby.upstream) {
    out.gauge(
        "pg_standby_upstream_info",
        "The server it receives WAL from, and what shows that",
        {{"upstream", upstream->server},
         {"slot_name", upstream->slot_name.value_or("")},
         {"application_name", upstream->application_name},
         {"evidence", std::string{to_string(upstream->evidence)}}},
        1
    );
  }
}

}  // namespace pgrepl::metrics
