#include "session/pinned_settings.h"

namespace pgrepl::session {

namespace {

std::string set(const std::string& name, const std::string& value) {
  return "SET " + name + " = " + value + ";";
}

std::string milliseconds(std::chrono::milliseconds time) {
  return "'" + std::to_string(time.count()) + "ms'";
}

}  // namespace

std::string pinned_settings(const SessionOptions& options) {
  const std::string settings[] = {
      // First what decides whether the others can be set at all.
      set("default_transaction_isolation", "'read committed'"),
      set("default_transaction_deferrable", "off"),
      set("default_transaction_read_only", "on"),
      set("search_path", "pg_catalog"),
      set("statement_timeout", milliseconds(options.statement_timeout)),
      set("lock_timeout", milliseconds(options.lock_timeout)),
      set("idle_in_transaction_session_timeout", "'10s'"),
      // Behind a firewall that drops, the server learns nothing of our end: without these its side
      // of each connection we gave up would stay for two hours, and with it what a lost exporter
      // held, its place among the observers above all.
      set("tcp_keepalives_idle", "5"),
      set("tcp_keepalives_interval", "1"),
      set("tcp_keepalives_count", "4"),
      set("DateStyle", "ISO"),
      set("IntervalStyle", "postgres"),
      set("TimeZone", "'UTC'"),
      set("bytea_output", "hex"),
      set("extra_float_digits", "1"),
  };
  std::string sql;
  for (const std::string& setting : settings) {
    sql += setting;
  }
  return sql;
}

}  // namespace pgrepl::session
