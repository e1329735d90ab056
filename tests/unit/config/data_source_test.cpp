#include "config/data_source.h"

#include "unit/config/load_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> server_names(Given given) {
  std::vector<std::string> names;
  for (const Cluster& cluster : loaded(std::move(given)).clusters) {
    for (const Server& server : cluster.servers) {
      names.push_back(cluster.name + ' ' + server.name);
    }
  }
  return names;
}

struct Split {
  const char* text;
  std::vector<std::string> parts;
};

TEST(SplitDataSourceName, SeparatesOnlyWhereAnotherDataSourceBegins) {
  const Split splits[] = {
      {"", {}},
      {" , ", {}},
      {"host=a", {"host=a"}},
      {"host=a,", {"host=a"}},
      {"host=a, host = b", {"host=a", "host = b"}},
      {"postgresql://a/x,postgres://b/y", {"postgresql://a/x", "postgres://b/y"}},
      {"postgresql://a/x,\n  host=b ", {"postgresql://a/x", "host=b"}},
      {"host=a,b port=1,2,user=u", {"host=a,b port=1,2", "user=u"}},
      {"postgresql://a:1,b:2/x,host=c", {"postgresql://a:1,b:2/x", "host=c"}},
      {"password=a,b=c host=h", {"password=a,b=c host=h"}},
      {"password='a,host=b' host=c,host=d", {"password='a,host=b' host=c", "host=d"}},
      {"password = 'a\\',host=b' host=c", {"password = 'a\\',host=b' host=c"}},
      {"password=it's,host=b", {"password=it's", "host=b"}},
      {"password=a\\,host=b", {"password=a\\,host=b"}},
      {"postgresql://u:it's@a/x,postgresql://b", {"postgresql://u:it's@a/x", "postgresql://b"}},
      {"postgresql://u:p\\@a/x,host=b", {"postgresql://u:p\\@a/x", "host=b"}},
  };
  for (const Split& split : splits) {
    EXPECT_EQ(split_data_source_name(split.text), split.parts) << split.text;
  }
}

TEST(SplitDataSourceUri, SeparatesOnceTheListOfHostsHasEnded) {
  const Split splits[] = {
      {"", {}},
      {"a:5432/x?sslmode=disable", {"a:5432/x?sslmode=disable"}},
      {"a:1,b:2/x", {"a:1,b:2/x"}},
      {"a/x?sslmode=disable, b/y", {"a/x?sslmode=disable", "b/y"}},
      {"a?sslmode=disable,b", {"a?sslmode=disable", "b"}},
      {"postgresql://a/x,postgresql://b/y", {"postgresql://a/x", "postgresql://b/y"}},
      {"postgresql://a,postgresql://b", {"postgresql://a", "postgresql://b"}},
  };
  for (const Split& split : splits) {
    EXPECT_EQ(split_data_source_uri(split.text), split.parts) << split.text;
  }
}

TEST(DataSource, ANameGivesTheClusterDefaultWithAServerForEachHost) {
  const Environment environment{{"DATA_SOURCE_NAME", "postgresql://a:1,b:2/x,host=c port=3"}};
  EXPECT_THAT(
      server_names({.environment = environment}),
      ElementsAre("default a:1", "default b:2", "default c:3")
  );
}

TEST(DataSource, TheTasksOfASwarmServiceAreLookedUp) {
  const Environment environment{
      {"DATA_SOURCE_NAME", "host=a user=m,host=tasks.replica port=5433 user=m"}};
  EXPECT_THAT(server_names({.environment = environment}), ElementsAre("default a:5432"));
  const auto config = load_given({.environment = environment});
  ASSERT_EQ(config->clusters.at(0).discovery.size(), 1U);
  const auto& dns = std::get<DnsDiscovery>(config->clusters[0].discovery[0]);
  EXPECT_EQ(dns.name, "tasks.replica");
  EXPECT_EQ(dns.login.endpoint.port, 5433);
  EXPECT_EQ(dns.login.parameter("user"), "m");
}

TEST(DataSource, TheDatabaseTellsServersOfOneEndpointApart) {
  const Environment environment{{"DATA_SOURCE_NAME", "postgresql://a/x,postgresql://a/y"}};
  EXPECT_THAT(
      server_names({.environment = environment}), ElementsAre("default a:5432", "default a:5432/y")
  );
}

TEST(DataSource, ANameWinsOverAUriAndThatOverLibpqsVariables) {
  Environment environment{
      {"DATA_SOURCE_NAME", "host=a"}, {"DATA_SOURCE_URI", "b/x"}, {"PGHOST", "c"}};
  EXPECT_THAT(server_names({.environment = environment}), ElementsAre("default a:5432"));
  environment.at("DATA_SOURCE_NAME") = " ";
  EXPECT_THAT(server_names({.environment = environment}), ElementsAre("default b:5432"));
  environment.erase("DATA_SOURCE_URI");
  EXPECT_THAT(server_names({.environment = environment}), ElementsAre("default /socket:5432"));
}

TEST(DataSource, EachUriHasTheSameUserAndPassword) {
  const Config config = loaded({
      .environment =
          {{"DATA_SOURCE_URI", "a/x,b/y"},
           {"DATA_SOURCE_USER", "u@h"},
           {"DATA_SOURCE_PASS", "p:/w%"}},
  });
  for (const Server& server : config.clusters.at(0).servers) {
    EXPECT_EQ(server.conninfo.parameter("user"), "u@h");
    EXPECT_EQ(server.conninfo.password, pg::Secret{"p:/w%"});
  }
}

TEST(DataSource, FilesWinAndAreTrimmed) {
  const Server server = only_server({
      .environment =
          {{"DATA_SOURCE_URI", "plain/x"},
           {"DATA_SOURCE_URI_FILE", "/uri"},
           {"DATA_SOURCE_USER", "plain"},
           {"DATA_SOURCE_USER_FILE", "/user"},
           {"DATA_SOURCE_PASS", "plain"},
           {"DATA_SOURCE_PASS_FILE", "/pass"}},
      .files = {{"/uri", "\n a/x \n"}, {"/user", "u\n"}, {"/pass", "p\n"}},
  });
  EXPECT_EQ(server.conninfo.endpoint.host, "a");
  EXPECT_EQ(server.conninfo.parameter("user"), "u");
  EXPECT_EQ(server.conninfo.password, std::nullopt);
  EXPECT_EQ(server.conninfo.password_file, "/pass");
}

TEST(DataSource, AFileThatCannotBeReadIsAnError) {
  const std::string errors = errors_of({
      .environment =
          {{"DATA_SOURCE_URI", "a/x"},
           {"DATA_SOURCE_USER_FILE", "/user"},
           {"DATA_SOURCE_PASS_FILE", "/pass"}},
  });
  EXPECT_EQ(
      errors,
      "DATA_SOURCE_PASS_FILE: '/pass' does not exist\n"
      "DATA_SOURCE_USER_FILE: '/user' does not exist\n"
  );
}

TEST(DataSource, ErrorsNameTheVariableAndTheEntryButNoSecret) {
  const std::string errors =
      errors_of({.environment = {{"DATA_SOURCE_NAME", "host=a,host=b password='hunter2 broken"}}});
  EXPECT_EQ(errors, "DATA_SOURCE_NAME: entry 2: a single quote is not closed\n");
  const std::string from_uri =
      errors_of({.environment = {{"DATA_SOURCE_URI", "broken"}, {"DATA_SOURCE_PASS", "hunter2"}}});
  EXPECT_THAT(from_uri, HasSubstr("DATA_SOURCE_URI: entry 1: "));
  EXPECT_THAT(from_uri, Not(HasSubstr("hunter2")));
}

TEST(DataSource, IsIgnoredWhereAFileListsClusters) {
  const Environment environment{{"DATA_SOURCE_NAME", "broken"}};
  EXPECT_THAT(
      server_names({.yaml = "clusters: [{servers: [{host: a}]}]", .environment = environment}),
      ElementsAre("default a:5432")
  );
}

TEST(DataSource, TakesTheFilesDefaults) {
  const Server server = only_server({
      .yaml = "defaults: {user: monitor, sslmode: require}",
      .environment = {{"DATA_SOURCE_NAME", "host=a sslmode=disable"}},
  });
  EXPECT_EQ(server.conninfo.parameter("user"), "monitor");
  EXPECT_EQ(server.conninfo.parameter("sslmode"), "disable");
}

TEST(DataSource, TheSameServerTwiceIsAnError) {
  EXPECT_EQ(
      errors_of({.environment = {{"DATA_SOURCE_NAME", "host=a,host=a"}}}),
      "DATA_SOURCE_NAME: host: a:5432 with this database is server 'a:5432' already; remove one\n"
  );
}

TEST(DataSource, WithPgServiceTheDatabaseIsLeftToTheService) {
  const Server server = only_server({.environment = {{"PGSERVICE", "production"}}});
  EXPECT_THAT(server.conninfo.parameters, IsEmpty());
}

}  // namespace
}  // namespace pgrepl::config
