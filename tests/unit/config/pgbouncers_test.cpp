#include "unit/config/load_fixture.h"

namespace pgrepl::config {
namespace {

std::string with_pgbouncers(const std::string& list) {
  return "defaults: { user: monitor, dbname: orders, options: -c x=y }\nclusters:\n"
         "  - servers: [{ host: a }]\n    pgbouncers: [" +
         list + "]\n";
}

TEST(PgBouncers, AreReadAtTheirConsoleOnTheirOwnPort) {
  const Config config = loaded({.yaml = with_pgbouncers("{ host: pooler, user: stats }")});
  const auto& pgbouncers = config.clusters.at(0).pgbouncers;
  ASSERT_EQ(pgbouncers.size(), 1U);
  EXPECT_EQ(pgbouncers[0].name, "pooler:6432");
  EXPECT_EQ(pgbouncers[0].conninfo.parameter("dbname"), "pgbouncer");
  EXPECT_EQ(pgbouncers[0].conninfo.parameter("user"), "stats");
  EXPECT_FALSE(pgbouncers[0].conninfo.parameter("options"));
}

TEST(PgBouncers, NamesAreUniqueAndTheConsoleIsFixed) {
  EXPECT_EQ(
      errors_of({.yaml = with_pgbouncers("{ name: b, host: x }, { name: b, host: y }")}),
      "exporter.yaml:4:40: name: two pgbouncers are called 'b'; rename one\n"
  );
  EXPECT_EQ(
      errors_of({.yaml = with_pgbouncers("{ host: x, dbname: app }")}),
      "exporter.yaml:4:37: dbname: cannot be given; the admin console is always the database "
      "pgbouncer\n"
  );
}

}  // namespace
}  // namespace pgrepl::config
