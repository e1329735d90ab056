// What came of running the catalogue on a server, as text for a terminal.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace pgrepl::pages {

// One query, as it went.
struct QueryReport {
  std::string name;
  std::string error;  // why it failed; empty when it did not
  std::size_t rows = 0;
  std::size_t series = 0;
  std::optional<double> seconds;  // it took on the server
};

struct ServerReport {
  std::string cluster;
  std::string name;
  std::string failure;  // why it does not answer; empty when it does
  std::string version;
  std::string role;                          // primary, standby
  bool pooled = false;                       // the address leads through a pooler
  std::optional<bool> member_of_pg_monitor;  // absent when that could not be asked
  std::vector<QueryReport> queries;

  // Whether it answers, lets us read what pg_monitor may, and every query ran.
  [[nodiscard]] bool is_well() const;
};

[[nodiscard]] std::string to_text(const ServerReport& report);

}  // namespace pgrepl::pages
