#include "config/load.h"
#include "session/conninfo_parser.h"
#include "support/errors.h"

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::session {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Expected<config::Config, Errors> load_from(config::Environment environment) {
  for (const char* name : {"PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE"}) {
    unsetenv(name);
  }
  return config::load({
      .config_file = {},
      .read_file = [](const std::string&) { return Unexpected<std::string>{"does not exist"}; },
      .environment = std::move(environment),
      .flags = {},
      .parse_conninfo = parse_conninfo,
  });
}

std::vector<std::string> server_names(const Expected<config::Config, Errors>& config) {
  if (!config) {
    return {to_string(config.error())};
  }
  std::vector<std::string> names;
  for (const config::Server& server : config->clusters.at(0).servers) {
    names.push_back(server.name);
  }
  return names;
}

TEST(LoadWithLibpq, TakesDataSourcesAsPostgresExportersHaveThem) {
  EXPECT_THAT(
      server_names(load_from({
          {"DATA_SOURCE_NAME",
           "postgresql://postgres:p,w@db:5432/postgres?sslmode=disable,"
           "user=postgres password='a,host=b' host=/var/run/postgresql/ sslmode=disable,"
           "postgresql://r1:1,r2:2/x"},
      })),
      ElementsAre("db:5432", "/var/run/postgresql/:5432", "r1:1", "r2:2")
  );
}

TEST(LoadWithLibpq, ALoginBesideTheUriNeedsNoEncoding) {
  const auto config = load_from({
      {"DATA_SOURCE_URI", "localhost:5432/postgres?sslmode=disable"},
      {"DATA_SOURCE_USER", "a@b"},
      {"DATA_SOURCE_PASS", "p%/:@?"},
  });
  ASSERT_TRUE(config) << to_string(config.error());
  const pg::ConnInfo& conninfo = config->clusters.at(0).servers.at(0).conninfo;
  EXPECT_EQ(to_string(conninfo.endpoint), "localhost:5432");
  EXPECT_EQ(conninfo.parameter("user"), "a@b");
  EXPECT_EQ(conninfo.parameter("sslmode"), "disable");
  EXPECT_EQ(conninfo.password, pg::Secret{"p%/:@?"});
}

TEST(LoadWithLibpq, NoErrorShowsTheConnInfo) {
  const auto config = load_from({{"DATA_SOURCE_NAME", "host=a,host=b password=s3cret s3cret"}});
  ASSERT_FALSE(config);
  const std::string errors = to_string(config.error());
  EXPECT_THAT(errors, HasSubstr("DATA_SOURCE_NAME: entry 2: a keyword without '='"));
  EXPECT_THAT(errors, Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace pgrepl::session
