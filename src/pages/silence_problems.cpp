#include "pages/silence_problems.h"

#include "pages/standby_problems.h"

#include <utility>

namespace pgrepl::pages {

namespace {

using cluster::Role;
using cluster::Server;
using cluster::StandbyState;
using pg::FailureReason;

Problem describe_warm(const Server& server) {
  return problem_of(
      Severity::Warning,
      server,
      *server.standby,
      server.sample.name +
          " is a warm standby: it takes no connections, and is known by its upstream alone",
      {Remedy::Look, "With hot_standby = on it could be asked itself."}
  );
}

std::string said_of(const Server& server) {
  const auto& failure = server.sample.failure;
  return failure ? " (" + std::string{to_string(failure->reason)} + "): " + failure->message : "";
}

// Before PostgreSQL 14 a standby ends when it learns of the higher setting; from 14 on it pauses,
// and cannot start again (xlogrecovery.c, RecoveryRequiresIntParameter).
Problem describe_too_low(const Server& server) {
  const std::string& name = server.sample.name;
  const bool pauses = server.sample.facts && server.sample.facts->version.number >= 140000;
  return problem_of(
      Severity::Critical,
      server,
      *server.standby,
      name + " does not answer" + said_of(server) +
          "; a setting of it is lower than its primary's" +
          (pauses ? ", with which it does not start"
                  : ", and before PostgreSQL 14 a standby ends for that"),
      {Remedy::RaiseSetting,
       "Set " + settings_of(*server.standby) + " on " + name + " and start it."}
  );
}

// Its place in its cluster has been taken: started as it is, it would be a second primary.
bool is_superseded(const WatchedCluster& watched, const Server& server) {
  const cluster::Cluster& cluster = watched.cluster;
  if (server.role != Role::Primary || !cluster.primary || server.same_as) {
    return false;
  }
  const Server& primary = cluster.servers[*cluster.primary];
  const auto birth = birth_of(server.sample);
  return primary.sample.name != server.sample.name && birth && birth == birth_of(primary.sample);
}

Advice advise_superseded(const WatchedCluster& watched, const Server& server) {
  const std::string& primary = watched.cluster.servers[*watched.cluster.primary].sample.name;
  return {
      Remedy::Look,
      "Do not start it as it is: it would be a second primary beside " + primary + ", as " +
          server.sample.name + " was the primary before. Bring it back as a standby of " + primary +
          "; it may hold commits that " + primary + " does not have."};
}

std::string advise_starting(const Server& server) {
  // What 14 and later say before a hot standby is consistent, and a primary that recovers from a
  // crash may say too (postmaster.c, CAC_NOTCONSISTENT).
  const bool waits_for_wal =
      server.role != Role::Primary &&
      server.sample.failure->message.find("not yet accepting connections") != std::string::npos;
  if (waits_for_wal) {
    return "It takes connections once it has replayed enough WAL to be consistent. When its log "
           "says that it waits for WAL, check primary_conninfo and restore_command.";
  }
  return "It recovers, and takes connections after that: its log says how far it is. Wait for it.";
}

// What it was is not known of one that has never answered: beside a primary, it is started as a
// standby alone.
std::string advise_refused(const WatchedCluster& watched, bool never) {
  const cluster::Cluster& cluster = watched.cluster;
  if (!never) {
    return "Nothing listens there: its log says why it ended.";
  }
  const std::string wrong =
      "Nothing listens there: correct host and port in the configuration, or "
      "start it";
  return cluster.primary
             ? wrong + " as a standby of " + cluster.servers[*cluster.primary].sample.name + "."
             : wrong + ".";
}

std::string advise_on_others(const Server& server, bool never) {
  // What PgBouncer says while the server behind it lets nobody in.
  if (server.sample.failure &&
      server.sample.failure->message.find("server_login_retry") != std::string::npos) {
    return "A PgBouncer answers there, and cannot log in to the server behind it: look at that "
           "one.";
  }
  return never ? "Check host, port and login in the configuration."
               : "Look at its log and at the machine it runs on.";
}

std::string advise_on(
    const WatchedCluster& watched, const Server& server, FailureReason reason, bool never
) {
  switch (reason) {
    case FailureReason::Refused:
      return advise_refused(watched, never);
    case FailureReason::Timeout:
      return never ? "Check host and port in the configuration, the network between, and the "
                     "machine."
                   : "Look whether its machine and the network to it respond.";
    case FailureReason::Auth:
      return "Check user and password in the configuration, and pg_hba.conf of the server.";
    case FailureReason::Tls:
      return "Check sslmode and the certificates on both sides.";
    case FailureReason::Dns:
      return "Check the host in the configuration, and the name service.";
    case FailureReason::TooManyConnections:
      return "It runs and has no connection left: end idle sessions, or raise max_connections.";
    case FailureReason::StartingUp:
      return advise_starting(server);
    case FailureReason::ShuttingDown:
      return "It is being shut down. That ends with its sessions and WAL senders: its log says "
             "more.";
    case FailureReason::Pooler:
      return "Lead the exporter to the server itself, or set pool_mode of that pooler's database "
             "to "
             "session or transaction.";
    case FailureReason::TooLarge:
      return "Look whether it is a PostgreSQL server that answers there; if its answers are "
             "honest, "
             "raise limits in the configuration.";
    case FailureReason::Permission:
    case FailureReason::Unsupported:
    case FailureReason::Other:
      break;
  }
  return advise_on_others(server, never);
}

}  // namespace

bool is_on_its_way(const Server& server) {
  const auto& failure = server.sample.failure;
  return failure && !server.sample.tick &&
         (failure->reason == FailureReason::StartingUp ||
          failure->reason == FailureReason::ShuttingDown);
}

Problem describe_silence(const WatchedCluster& watched, const Server& server) {
  if (server.standby && server.standby->state == StandbyState::Warm) {
    return describe_warm(server);
  }
  if (server.standby && !server.standby->low_settings.empty()) {
    return describe_too_low(server);
  }
  const std::string& name = server.sample.name;
  const bool never = !server.role;
  const auto& failure = server.sample.failure;
  Advice advice{
      Remedy::Look,
      advise_on(watched, server, failure ? failure->reason : FailureReason::Other, never)};
  if (is_superseded(watched, server)) {
    advice = advise_superseded(watched, server);
  }
  std::string message =
      name + (never ? " has never answered" : " does not answer") + said_of(server);
  return {Severity::Critical, name, std::move(message), std::move(advice.text), advice.remedy};
}

}  // namespace pgrepl::pages
