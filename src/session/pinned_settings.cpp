#include "session/pinned_settings.h"

#include <array>
#include <utility>

namespace pgrepl::session {

namespace {

std::string milliseconds(std::chrono::milliseconds time) {
  return "'" + std::to_string(time.count()) + "ms'";
}

// What decides what our statements do, and how long they take.
std::string of_statements(const std::string& set, const SessionOptions& options) {
  const std::array<std::pair<const char*, std::string>, 9> settings{{
      {"search_path", "pg_catalog"},
      {"statement_timeout", milliseconds(options.statement_timeout)},
      {"lock_timeout", milliseconds(options.lock_timeout)},
      {"idle_in_transaction_session_timeout", "'10s'"},
      {"DateStyle", "ISO"},
      {"IntervalStyle", "postgres"},
      {"TimeZone", "'UTC'"},
      {"bytea_output", "hex"},
      {"extra_float_digits", "1"},
  }};
  std::string sql;
  for (const auto& [name, value] : settings) {
    sql += set + name + " = " + value + ";";
  }
  return sql;
}

}  // namespace

std::string pinned_settings(const SessionOptions& options) {
  // First what decides whether the others can be set at all. Keepalives: behind a firewall that
  // drops, the server learns nothing of our end: without them its side of each connection we gave
  // up would stay for two hours, and with it what a lost exporter held, its place among the
  // observers above all.
  return "SET default_transaction_isolation = 'read committed';"
         "SET default_transaction_deferrable = off;"
         "SET default_transaction_read_only = on;" +
         of_statements("SET ", options) +
         "SET tcp_keepalives_idle = 5;"
         "SET tcp_keepalives_interval = 1;"
         "SET tcp_keepalives_count = 4;";
}

std::string pinned_transaction(const SessionOptions& options) {
  return "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY NOT DEFERRABLE;" +
         of_statements("SET LOCAL ", options);
}

}  // namespace pgrepl::session
