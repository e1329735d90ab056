#include "doctor/facts.h"

#include <charconv>

namespace pgrepl::doctor {

namespace {

// current_setting(name, true) is NULL where a version has no such setting. Settings that only
// members of pg_read_all_settings may see raise an error for others, hence the CASE. A standby is
// who says what it replayed: backups, pg_receivewal and logical consumers do not. A slot holds WAL
// when it has a position and is valid; copies that a standby keeps of its primary's slots (17+),
// and what the server keeps for itself, are nobody's to drop.
constexpr std::string_view kQuestion = R"sql(
WITH slots AS (
  SELECT slot_name, active, active_pid, slot_type,
         restart_lsn IS NOT NULL AND wal_status IS DISTINCT FROM 'lost' AND NOT temporary
           AND slot_name <> 'pg_conflict_detection'
           AND pg_catalog.to_jsonb(slot) ->> 'invalidation_reason' IS NULL
           AND NOT coalesce((pg_catalog.to_jsonb(slot) ->> 'synced')::boolean, false)
           AS holds_wal
  FROM pg_catalog.pg_replication_slots AS slot
), senders AS (
  SELECT pid, application_name, state, sync_state FROM pg_catalog.pg_stat_replication
  WHERE state <> 'backup' AND replay_lsn IS NOT NULL
    AND pid NOT IN (SELECT active_pid FROM slots WHERE slot_type = 'logical'
                    AND active_pid IS NOT NULL)
)
SELECT
  pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1) AS server_version,
  pg_catalog.current_setting('server_version_num') AS server_version_num,
  current_user AS login,
  pg_catalog.pg_is_in_recovery() AS in_recovery,
  pg_catalog.pg_has_role(current_user, 'pg_monitor', 'USAGE') AS is_monitor,
  pg_catalog.pg_has_role(current_user, 'pg_monitor', 'MEMBER') AS is_member,
  (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS is_superuser,
  pg_catalog.current_setting('wal_level') AS wal_level,
  pg_catalog.current_setting('fsync') AS fsync,
  pg_catalog.current_setting('full_page_writes') AS full_page_writes,
  pg_catalog.current_setting('max_wal_senders') AS max_wal_senders,
  (SELECT count(*) FROM pg_catalog.pg_stat_replication) AS wal_senders,
  pg_catalog.current_setting('max_replication_slots') AS max_replication_slots,
  (SELECT count(*) FROM slots) AS slots,
  (SELECT count(*) FROM slots WHERE NOT active AND holds_wal) AS inactive_slots,
  (SELECT pg_catalog.string_agg(slot_name, ', ') FROM slots WHERE NOT active AND holds_wal)
    AS inactive_slot_names,
  (SELECT count(*) FROM senders WHERE pid NOT IN
    (SELECT active_pid FROM slots WHERE active_pid IS NOT NULL)) AS senders_without_slot,
  (SELECT pg_catalog.string_agg(application_name, ', ') FROM
    (SELECT application_name FROM senders WHERE application_name <> ''
     GROUP BY application_name HAVING count(*) > 1) AS names) AS repeated_names,
  (SELECT count(*) FROM senders WHERE sync_state IN ('sync', 'quorum') AND state = 'streaming')
    AS sync_standbys,
  pg_catalog.current_setting('synchronous_standby_names') AS synchronous_standby_names,
  (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'max_slot_wal_keep_size')
    AS max_slot_wal_keep_size,
  (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_keep_size') AS wal_keep_size,
  pg_catalog.current_setting('max_connections') AS max_connections,
  pg_catalog.current_setting('max_worker_processes') AS max_worker_processes,
  pg_catalog.current_setting('max_prepared_transactions') AS max_prepared_transactions,
  pg_catalog.current_setting('max_locks_per_transaction') AS max_locks_per_transaction,
  (SELECT system_identifier FROM pg_catalog.pg_control_system()) AS system_identifier,
  pg_catalog.current_setting('hot_standby') AS hot_standby,
  pg_catalog.current_setting('hot_standby_feedback') AS hot_standby_feedback,
  (SELECT sum(confl_snapshot) FROM pg_catalog.pg_stat_database_conflicts) AS snapshot_conflicts,
  pg_catalog.current_setting('archive_mode') AS archive_mode,
  (pg_catalog.current_setting('archive_command') IN ('', '(disabled)')
    AND coalesce(pg_catalog.current_setting('archive_library', true), '') = '') AS archives_nowhere,
  (SELECT last_failed_time > coalesce(last_archived_time, '-infinity')
     FROM pg_catalog.pg_stat_archiver) AS archiving_fails,
  (SELECT failed_count FROM pg_catalog.pg_stat_archiver) AS archive_failures,
  pg_catalog.current_setting('wal_log_hints') AS wal_log_hints,
  pg_catalog.current_setting('data_checksums') AS data_checksums,
  pg_catalog.current_setting('track_activities') AS track_activities,
  pg_catalog.current_setting('track_counts') AS track_counts,
  pg_catalog.current_setting('track_io_timing') AS track_io_timing,
  CASE WHEN pg_catalog.pg_has_role(current_user, 'pg_read_all_settings', 'USAGE') THEN
    pg_catalog.current_setting('cluster_name') = ''
    AND pg_catalog.current_setting('primary_conninfo', true) <> ''
    AND pg_catalog.current_setting('primary_conninfo', true) !~ 'application_name'
  END AS is_nameless,
  pg_catalog.inet_client_addr() IS NOT NULL AS over_network,
  EXISTS (SELECT FROM pg_catalog.pg_stat_ssl
          WHERE pid = pg_catalog.pg_backend_pid() AND client_dn IS NOT NULL) AS has_client_certificate,
  EXISTS (SELECT FROM pg_catalog.pg_stat_gssapi
          WHERE pid = pg_catalog.pg_backend_pid() AND gss_authenticated) AS has_gss,
  EXISTS (SELECT FROM pg_catalog.pg_stat_ssl
          WHERE pid = pg_catalog.pg_backend_pid() AND ssl) AS is_encrypted,
  EXTRACT(epoch FROM pg_catalog.clock_timestamp()) AS clock
)sql";

}  // namespace

std::string_view question() {
  return kQuestion;
}

std::string Facts::text(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string{} : found->second;
}

std::optional<double> Facts::number(std::string_view name) const {
  const std::string value = text(name);
  double number = 0;
  const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
  return !value.empty() && problem == std::errc{} && end == value.data() + value.size()
             ? std::optional{number}
             : std::nullopt;
}

Expected<Facts, std::string> decode_facts(const pg::ResultSet& answer) {
  if (answer.rows() != 1) {
    return Unexpected<std::string>{"the server's answer has not one row"};
  }
  std::map<std::string, std::string, std::less<>> values;
  const std::vector<std::string> columns = answer.columns();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (const auto value = answer.at(0, i)) {
      values.emplace(columns[i], *value);
    }
  }
  return Facts{std::move(values)};
}

}  // namespace pgrepl::doctor
