// What a server may answer: a line of column names, then cells, one a line; "\N" is NULL.
#include "fuzz/input.h"
#include "pg/result_set.h"
#include "sampling/decode.h"

#include <string>
#include <utility>
#include <vector>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgrepl;
  std::string_view rest = fuzz::text(data, size);
  std::string_view header = fuzz::take(rest, '\n');
  std::vector<std::string> columns;
  while (!header.empty()) {
    columns.emplace_back(fuzz::take(header, ','));
  }
  if (columns.empty()) {
    return 0;
  }
  const std::size_t width = columns.size();
  std::vector<std::string_view> cells;
  while (!rest.empty()) {
    cells.push_back(fuzz::take(rest, '\n'));
  }
  pg::ResultSet rows{std::move(columns)};
  for (std::size_t i = 0; i < cells.size() / width * width; ++i) {
    rows.append(cells[i] == "\\N" ? std::nullopt : std::optional{cells[i]});
  }
  (void)sampling::decode_tick(rows);
  (void)sampling::decode_server_facts(rows, pg::ServerVersion{150000});
  (void)sampling::decode_archiver(rows);
  (void)sampling::decode_database_totals(rows, {});
  (void)sampling::decode_sessions(rows);
  (void)sampling::decode_replication_slots(rows);
  (void)sampling::decode_endpoint(rows);
  return 0;
}
