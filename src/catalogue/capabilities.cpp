#include "catalogue/capabilities.h"

namespace pgrepl::catalogue {

namespace {

constexpr std::string_view kNoLsn = "NULL::pg_catalog.pg_lsn";

// A role without pg_read_all_stats is shown the pid of the receiver and of the senders, and NULL
// for the rest (manual, "The Statistics Collector"): the substitutes show the same.
constexpr RefusableFunction kFunctions[] = {
    {"wal_position",
     "pg_catalog.pg_current_wal_lsn()",
     kNoLsn,
     "SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_current_wal_lsn() "
     "END"},
    {"wal_position",
     "pg_catalog.pg_last_wal_replay_lsn()",
     kNoLsn,
     "SELECT pg_catalog.pg_last_wal_replay_lsn()"},
    {"wal_position",
     "pg_catalog.pg_last_wal_receive_lsn()",
     kNoLsn,
     "SELECT pg_catalog.pg_last_wal_receive_lsn()"},
    {"wal_position",
     "pg_catalog.pg_last_xact_replay_timestamp()",
     "NULL::timestamp with time zone",
     "SELECT pg_catalog.pg_last_xact_replay_timestamp()"},
    {"wal_position",
     "pg_catalog.pg_walfile_name(server.position)",
     "NULL::text",
     "SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN "
     "pg_catalog.pg_walfile_name('0/1000028') "
     "END"},
    {"wal_position",
     "pg_catalog.pg_is_wal_replay_paused()",
     "NULL::boolean",
     "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_is_wal_replay_paused() "
     "END"},
    {"receiver",
     "pg_catalog.pg_stat_get_wal_receiver()",
     "(SELECT 0 AS pid, NULL::text AS status, NULL::integer AS received_tli, "
     "NULL::pg_catalog.pg_lsn AS flushed_lsn, NULL::pg_catalog.pg_lsn AS latest_end_lsn, "
     "NULL::timestamp with time zone AS last_msg_receipt_time, "
     "NULL::timestamp with time zone AS last_msg_send_time, NULL::text AS slot_name, "
     "NULL::text AS sender_host, NULL::integer AS sender_port, NULL::text AS conninfo)",
     "SELECT 1 FROM pg_catalog.pg_stat_get_wal_receiver()"},
    {"senders",
     "pg_catalog.pg_stat_get_wal_senders()",
     "(SELECT 0 AS pid, NULL::text AS state, NULL::pg_catalog.pg_lsn AS sent_lsn, "
     "NULL::pg_catalog.pg_lsn AS write_lsn, NULL::pg_catalog.pg_lsn AS flush_lsn, "
     "NULL::pg_catalog.pg_lsn AS replay_lsn, NULL::interval AS write_lag, "
     "NULL::interval AS flush_lag, NULL::interval AS replay_lag, NULL::integer AS sync_priority, "
     "NULL::text AS sync_state)",
     "SELECT 1 FROM pg_catalog.pg_stat_get_wal_senders()"},
    {"slots",
     "pg_catalog.pg_get_replication_slots()",
     "(SELECT NULL::integer AS active_pid, NULL::name AS slot_name, NULL::text AS slot_type)",
     "SELECT 1 FROM pg_catalog.pg_get_replication_slots()"},
    {"activity",
     "pg_catalog.pg_stat_get_activity(sender.pid)",
     "(SELECT NULL::text AS application_name, NULL::inet AS client_addr)",
     "SELECT 1 FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid())"},
    {"control",
     "pg_catalog.pg_control_checkpoint()",
     "(SELECT NULL::integer AS timeline_id, NULL::pg_catalog.pg_lsn AS checkpoint_lsn) AS refused",
     "SELECT 1 FROM pg_catalog.pg_control_checkpoint()"},
    {"control",
     "pg_catalog.pg_control_recovery()",
     "(SELECT NULL::integer AS min_recovery_end_timeline, "
     "NULL::pg_catalog.pg_lsn AS min_recovery_end_lsn) AS refused",
     "SELECT 1 FROM pg_catalog.pg_control_recovery()"},
    {"control",
     "pg_catalog.pg_control_system()",
     "(SELECT NULL::bigint AS system_identifier) AS refused",
     "SELECT 1 FROM pg_catalog.pg_control_system()"},
};

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

}  // namespace

std::span<const RefusableFunction> refusable_functions() {
  return kFunctions;
}

std::string without(std::string sql, const RefusedFunctions& refused) {
  for (const std::size_t place : refused) {
    replace_all(sql, kFunctions[place].call, kFunctions[place].substitute);
  }
  return sql;
}

bool is_refusal(std::string_view sqlstate) {
  return sqlstate == "42501" || sqlstate == "42883" || sqlstate == "0A000" || sqlstate == "55000";
}

}  // namespace pgrepl::catalogue
