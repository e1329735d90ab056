#include "doctor/findings.h"

#include "cluster/sync_standbys.h"
#include "doctor/recovery_limits.h"

#include <cmath>
#include <cstdio>
#include <utility>

namespace pgrepl::doctor {

namespace {

using Found = std::optional<Finding>;

bool is_primary(const Examined& server) {
  return server.facts.is_false("in_recovery");
}

bool is_standby(const Examined& server) {
  return server.facts.is_true("in_recovery");
}

std::string count(double number) {
  return std::to_string(std::llround(number));
}

std::string set(const std::string& setting, const std::string& value) {
  return "ALTER SYSTEM SET " + setting + " = " + value + "; SELECT pg_reload_conf();";
}

std::string set_and_restart(const std::string& setting, const std::string& value) {
  return "ALTER SYSTEM SET " + setting + " = " + value + "; and restart the server";
}

// A setting that should be on.
Found expect_on(
    const Examined& server, const char* setting, const std::string& why, const std::string& remedy
) {
  if (server.facts.text(setting) != "off") {
    return std::nullopt;
  }
  return Finding{"", std::string{setting} + " is off: " + why, remedy};
}

// A limit that replication is about to reach: one place left, or none.
Found expect_room(
    const Examined& server, const char* used_name, const char* setting, const std::string& what
) {
  const auto used = server.facts.number(used_name);
  const auto limit = server.facts.number(setting);
  if (!used || !limit || *used + 1 < *limit || *limit == 0) {
    return std::nullopt;
  }
  return Finding{
      "",
      std::string{setting} + " is " + count(*limit) + " and " + count(*used) +
          " are taken: " + what,
      set_and_restart(setting, count(*limit * 2))};
}

Found reachable(const Examined& server) {
  if (!server.failure) {
    return std::nullopt;
  }
  return Finding{
      "",
      "it cannot be asked: " + *server.failure,
      "check address, pg_hba.conf and the login in the configuration; `check` validates the file"};
}

Found pooler(const Examined& server) {
  if (!server.is_pooled) {
    return std::nullopt;
  }
  return Finding{
      "",
      "its address leads through a pooler: what is read is of whichever server that has behind it, "
      "and several exporters cannot share it out",
      "name the server's own address and port; watch the pooler under pgbouncers and endpoints"};
}

Found monitor_role(const Examined& server) {
  if (!server.facts.is_false("is_monitor")) {
    return std::nullopt;
  }
  const std::string login = server.facts.text("login");
  if (server.facts.is_true("is_member")) {
    return Finding{
        "",
        "the role " + login + " is a member of pg_monitor and does not inherit its rights",
        "ALTER ROLE \"" + login + "\" INHERIT; from PostgreSQL 16 on: GRANT pg_monitor TO \"" +
            login + "\" WITH INHERIT TRUE;"};
  }
  return Finding{
      "",
      "the role " + login + " is no member of pg_monitor, and sees little of replication",
      "GRANT pg_monitor TO \"" + login + "\";"};
}

Found superuser(const Examined& server) {
  if (!server.facts.is_true("is_superuser")) {
    return std::nullopt;
  }
  return Finding{
      "",
      "the exporter logs in as the superuser " + server.facts.text("login"),
      "CREATE ROLE monitor LOGIN PASSWORD '…' IN ROLE pg_monitor; and use it in the configuration"};
}

Found no_password(const Examined& server) {
  if (!server.asks_for_no_password) {
    return std::nullopt;
  }
  return Finding{
      "",
      "a login without a password was let in over the network",
      "replace `trust` by `scram-sha-256` in pg_hba.conf; SELECT pg_reload_conf();"};
}

Found encryption(const Examined& server) {
  if (server.is_local || !server.facts.is_true("over_network") ||
      !server.facts.is_false("is_encrypted")) {
    return std::nullopt;
  }
  return Finding{
      "",
      "the connection is not encrypted",
      "ssl = on in postgresql.conf, and sslmode: verify-full in the exporter's configuration"};
}

Found clock(const Examined& server) {
  if (!server.clock_offset || std::abs(*server.clock_offset) < 1 + server.clock_uncertainty) {
    return std::nullopt;
  }
  char offset[32];
  (void)std::snprintf(offset, sizeof offset, "%+.1f", *server.clock_offset);
  return Finding{
      "",
      "its clock differs from ours by " + std::string{offset} + " s",
      "run chrony or another NTP client on both hosts"};
}

Found wal_level(const Examined& server) {
  if (server.facts.text("wal_level") != "minimal") {
    return std::nullopt;
  }
  return Finding{
      "",
      "wal_level is minimal: no standby and no archive can be fed",
      set_and_restart("wal_level", "'replica'")};
}

Found durability(const Examined& server) {
  for (const char* setting : {"fsync", "full_page_writes"}) {
    if (server.facts.text(setting) == "off") {
      return expect_on(server, setting, "a crash can destroy the data", set(setting, "on"));
    }
  }
  return std::nullopt;
}

Found wal_senders(const Examined& server) {
  return expect_room(
      server, "wal_senders", "max_wal_senders", "a backup or a standby that returns finds no place"
  );
}

Found slots(const Examined& server) {
  return expect_room(
      server, "slots", "max_replication_slots", "a standby more cannot have its slot"
  );
}

Found slot_limit(const Examined& server) {
  if (server.facts.number("max_slot_wal_keep_size") != -1 ||
      server.facts.number("slots").value_or(0) == 0) {
    return std::nullopt;
  }
  return Finding{
      "",
      "max_slot_wal_keep_size is -1: a slot that nobody reads fills the disk and stops the server",
      set("max_slot_wal_keep_size", "'…GB'") + " with less than the disk has free"};
}

Found inactive_slots(const Examined& server) {
  const auto inactive = server.facts.number("inactive_slots");
  if (inactive.value_or(0) == 0) {
    return std::nullopt;
  }
  return Finding{
      "",
      count(*inactive) + " replication slot(s) have no reader and keep WAL: " +
          server.facts.text("inactive_slot_names"),
      "start what reads them; drop one only when its reader will never come back: "
      "SELECT pg_drop_replication_slot('…');"};
}

Found wal_kept(const Examined& server) {
  const auto senders = server.facts.number("senders_without_slot");
  if (senders.value_or(0) == 0 || server.facts.number("wal_keep_size") != 0) {
    return std::nullopt;
  }
  return Finding{
      "",
      count(*senders) +
          " standby(s) have no slot and wal_keep_size is 0: after a pause they may not catch up",
      "SELECT pg_create_physical_replication_slot('…'); with primary_slot_name on the standby, "
      "or " +
          set("wal_keep_size", "'…GB'")};
}

Found repeated_names(const Examined& server) {
  const std::string names = server.facts.text("repeated_names");
  if (names.empty()) {
    return std::nullopt;
  }
  return Finding{
      "",
      "several standbys have the same application_name: " + names,
      "give each its own application_name in primary_conninfo, or its own cluster_name"};
}

Found sync_standbys(const Examined& server) {
  const auto names =
      cluster::parse_sync_standby_names(server.facts.text("synchronous_standby_names"));
  const double present = server.facts.number("sync_standbys").value_or(0);
  if (!is_primary(server) || !names || static_cast<double>(names->required) <= present) {
    return std::nullopt;
  }
  return Finding{
      "",
      "synchronous_standby_names asks for " + std::to_string(names->required) + " and " +
          count(present) + " are there: a commit that asks for it waits",
      "bring the standbys back"};
}

Found archiving(const Examined& server) {
  const bool is_on = server.facts.text("archive_mode") != "off";
  if (!is_primary(server) || server.facts.text("archive_mode").empty()) {
    return std::nullopt;
  }
  if (!is_on) {
    return Finding{
        "",
        "archive_mode is off: nothing can be restored to a point in time",
        set_and_restart("archive_mode", "on") + ", with an archive_command of your backup tool"};
  }
  if (server.facts.is_true("archives_nowhere")) {
    return Finding{
        "",
        "archive_mode is on, but no archive_command is set: WAL is kept for ever",
        set("archive_command", "'…'")};
  }
  return std::nullopt;
}

Found archive_failures(const Examined& server) {
  if (!server.facts.is_true("archiving_fails")) {
    return std::nullopt;
  }
  return Finding{
      "",
      "archiving fails, " + server.facts.text("archive_failures") + " times so far",
      "see the server's log for the output of archive_command; SELECT * FROM pg_stat_archiver;"};
}

Found rewind(const Examined& server) {
  if (server.facts.text("wal_log_hints") != "off" || server.facts.text("data_checksums") != "off") {
    return std::nullopt;
  }
  return Finding{
      "",
      "neither wal_log_hints nor data checksums: pg_rewind cannot bring back a former primary",
      set_and_restart("wal_log_hints", "on")};
}

Found hot_standby(const Examined& server) {
  return expect_on(
      server,
      "hot_standby",
      "a standby cannot be read, nor monitored",
      set_and_restart("hot_standby", "on")
  );
}

Found conflicts(const Examined& server) {
  const auto cancelled = server.facts.number("snapshot_conflicts");
  if (!is_standby(server) || cancelled.value_or(0) == 0 ||
      server.facts.text("hot_standby_feedback") != "off") {
    return std::nullopt;
  }
  return Finding{
      "",
      "hot_standby_feedback is off, and " + count(*cancelled) +
          " queries were cancelled for rows that the primary had removed",
      set("hot_standby_feedback", "on") + " at the price of bloat on the primary"};
}

Found nameless(const Examined& server) {
  if (!is_standby(server) || !server.facts.is_true("is_nameless")) {
    return std::nullopt;
  }
  return Finding{
      "",
      "primary_conninfo has no application_name and cluster_name is empty: its primary calls it "
      "walreceiver, as any other",
      set_and_restart("cluster_name", "'" + server.name + "'")};
}

Found activity(const Examined& server) {
  for (const char* setting : {"track_activities", "track_counts"}) {
    if (server.facts.text(setting) == "off") {
      return expect_on(server, setting, "statistics stay empty", set(setting, "on"));
    }
  }
  return std::nullopt;
}

Found io_timing(const Examined& server) {
  return expect_on(
      server,
      "track_io_timing",
      "times of reads and writes stay 0; pg_test_timing tells what it costs",
      set("track_io_timing", "on")
  );
}

struct Check {
  std::string_view name;
  Found (*find)(const Examined& server);
};

constexpr Check kChecks[] = {
    {"reachable", reachable},
    {"pooler", pooler},
    {"pg_monitor", monitor_role},
    {"superuser", superuser},
    {"no_password", no_password},
    {"encryption", encryption},
    {"clock", clock},
    {"wal_level", wal_level},
    {"durability", durability},
    {"max_wal_senders", wal_senders},
    {"max_replication_slots", slots},
    {"max_slot_wal_keep_size", slot_limit},
    {"inactive_slots", inactive_slots},
    {"wal_keep_size", wal_kept},
    {"repeated_names", repeated_names},
    {"synchronous_standby_names", sync_standbys},
    {"archive_mode", archiving},
    {"archive_failures", archive_failures},
    {"pg_rewind", rewind},
    {"hot_standby", hot_standby},
    {"recovery_limits", recovery_limits},
    {"hot_standby_feedback", conflicts},
    {"application_name", nameless},
    {"track_activities", activity},
    {"track_io_timing", io_timing},
};

}  // namespace

std::vector<Finding> examine(const Examined& server) {
  std::vector<Finding> findings;
  // A role without these rights sees little, and what it does not see is no finding.
  const bool sees_all = !server.facts.is_false("is_monitor");
  for (const Check& check : kChecks) {
    if (!sees_all && check.find != reachable && check.find != monitor_role) {
      continue;
    }
    if (auto found = check.find(server)) {
      found->check = check.name;
      findings.push_back(std::move(*found));
    }
  }
  return findings;
}

std::vector<std::string_view> checks() {
  std::vector<std::string_view> names;
  for (const Check& check : kChecks) {
    names.push_back(check.name);
  }
  return names;
}

}  // namespace pgrepl::doctor
