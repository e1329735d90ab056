#include "config/read_pgbouncers.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace pgrepl::config {

namespace {

constexpr std::uint16_t kDefaultPort = 6432;
constexpr const char* kConsole = "pgbouncer";

std::optional<PgBouncer> read_pgbouncer(
    const yaml::Node& node, const ConnectionContext& context, Errors& errors
) {
  yaml::Reader reader{node, errors};
  PgBouncer pgbouncer;
  pgbouncer.name = reader.text("name").value_or("");
  if (reader.any("dbname") != nullptr) {
    reader.error("dbname", "cannot be given; the admin console is always the database pgbouncer");
  }
  auto conninfo = read_connection(reader, context);
  reader.finish();
  if (!conninfo) {
    return std::nullopt;
  }
  pgbouncer.conninfo = std::move(*conninfo);
  pgbouncer.conninfo.set_parameter("dbname", kConsole);
  std::erase_if(pgbouncer.conninfo.parameters, [](const auto& parameter) {
    return parameter.first == "options";  // the console knows none, and refuses the login
  });
  if (pgbouncer.name.empty()) {
    pgbouncer.name = to_string(pgbouncer.conninfo.endpoint);
  }
  return pgbouncer;
}

}  // namespace

std::vector<PgBouncer> read_pgbouncers(
    const yaml::Node& list, const ConnectionContext& context, Errors& errors
) {
  ConnectionContext of_consoles{context.sources, context.defaults};
  of_consoles.defaults.endpoint.port = kDefaultPort;
  std::vector<PgBouncer> pgbouncers;
  for (const yaml::Node& node : list.items) {
    auto pgbouncer = read_pgbouncer(node, of_consoles, errors);
    if (!pgbouncer) {
      continue;
    }
    if (std::ranges::find(pgbouncers, pgbouncer->name, &PgBouncer::name) != pgbouncers.end()) {
      errors.push_back(
          {node.where, "name: two pgbouncers are called '" + pgbouncer->name + "'; rename one"}
      );
    }
    pgbouncers.push_back(std::move(*pgbouncer));
  }
  return pgbouncers;
}

}  // namespace pgrepl::config
