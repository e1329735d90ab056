#include "pages/query_report.h"

#include "support/printable.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace pgrepl::pages {

namespace {

// Terminals obey control characters, and a server's words may hold some.
std::string one_line(const std::string& text) {
  std::string line = text;
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, ' '
  );
  return line;
}

std::string line_of(const QueryReport& query) {
  if (!query.error.empty()) {
    return "    " + query.name + "  failed: " + one_line(query.error) + "\n";
  }
  std::array<char, 160> line{};
  std::snprintf(
      line.data(),
      line.size(),
      "    %-28s %8zu %8zu %8.1f\n",
      query.name.c_str(),
      query.rows,
      query.series,
      query.seconds.value_or(0) * 1000
  );
  return line.data();
}

std::string monitor_line(const ServerReport& report) {
  if (report.member_of_pg_monitor.value_or(true)) {
    return "";
  }
  return "  the role is no member of pg_monitor and sees less than it should; as a superuser:\n"
         "    GRANT pg_monitor TO our_role;\n";
}

std::string pooler_line(const ServerReport& report) {
  return report.pooled ? "  the address leads through a pooler: it is read in read-only "
                         "transactions, without\n"
                         "  an observer's place; better name the server's own address\n"
                       : "";
}

}  // namespace

bool ServerReport::is_well() const {
  return failure.empty() && member_of_pg_monitor.value_or(true) &&
         std::ranges::all_of(queries, [](const QueryReport& query) { return query.error.empty(); });
}

std::string to_text(const ServerReport& report) {
  const std::string head = printable(report.cluster + "/" + report.name) + ": ";
  if (!report.failure.empty()) {
    return head + "does not answer: " + printable(one_line(report.failure)) + "\n";
  }
  std::string text = head + "PostgreSQL " + report.version + ", " + report.role + "\n";
  text += monitor_line(report);
  text += pooler_line(report);
  text += "    query                            rows   series       ms\n";
  for (const QueryReport& query : report.queries) {
    text += line_of(query);
  }
  return printable_lines(text);
}

}  // namespace pgrepl::pages
