#include "pg/newer_keywords.h"
#include "unit/config/load_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::config {
namespace {

Server server(const std::string& keys, const std::string& defaults = "{}") {
  return only_server({
      .yaml = "defaults: " + defaults + "\nclusters: [{servers: [{" + keys + "}]}]\n",
      .environment = {{"PASSWORD", "from env"}},
      .files = {{"/key-pass", "opens it\n"}},
  });
}

TEST(Connection, FillsWhatAServerDoesNotSayFromTheDefaults) {
  const Server filled = server("host: a, user: own", "{user: u, dbname: d, sslmode: require}");
  EXPECT_EQ(filled.conninfo.parameter("user"), "own");
  EXPECT_EQ(filled.conninfo.parameter("dbname"), "d");
  EXPECT_EQ(filled.conninfo.parameter("sslmode"), "require");
}

TEST(Connection, EveryKeywordOfLibpqIsAKey) {
  const Server read = server("host: a, hostaddr: 10.0.0.1, sslrootcert: /ca, options: '-c x=y'");
  EXPECT_EQ(read.conninfo.parameter("hostaddr"), "10.0.0.1");
  EXPECT_EQ(read.conninfo.parameter("sslrootcert"), "/ca");
  EXPECT_EQ(read.conninfo.parameter("options"), "-c x=y");
}

// A parser that knows the keywords of libpq 15.
Expected<std::vector<pg::ConnInfo>, std::string> parse_like_15(std::string_view text) {
  for (const pg::NewerKeyword& newer : pg::kNewerKeywords) {
    if (text.find(std::string{newer.keyword} + "=") != std::string_view::npos) {
      return Unexpected{std::string{"an unknown keyword"}};
    }
  }
  return parse_plainly(text);
}

TEST(Connection, NewerKeywordsAreKeysWhereLibpqKnowsThem) {
  const Server read = server("host: a, sslnegotiation: direct", "{require_auth: scram-sha-256}");
  EXPECT_EQ(read.conninfo.parameter("sslnegotiation"), "direct");
  EXPECT_EQ(read.conninfo.parameter("require_auth"), "scram-sha-256");
}

TEST(Connection, SaysWhichLibpqAKeyNeeds) {
  const std::string errors = errors_of(
      {.yaml = "defaults: {require_auth: scram-sha-256, sslcert: /c}\n"
               "clusters: [{servers: [{host: a, sslnegotiation: direct}]}]\n"
               "auth_modules: {m: {userpass: {username: u}, options: {sslcertmode: allow}}}\n",
       .parse_conninfo = parse_like_15}
  );
  EXPECT_THAT(errors, ::testing::HasSubstr("require_auth: needs libpq 16 or newer"));
  EXPECT_THAT(errors, ::testing::HasSubstr("sslnegotiation: needs libpq 17 or newer"));
  EXPECT_THAT(errors, ::testing::HasSubstr("sslcertmode: needs libpq 16 or newer"));
  EXPECT_THAT(errors, ::testing::Not(::testing::HasSubstr("sslcert: ")));
}

TEST(Connection, PasswordsComeFromTheServerFirst) {
  EXPECT_EQ(server("host: a, password: own", "{password: d}").conninfo.password, pg::Secret{"own"});
  EXPECT_EQ(server("host: a", "{password: d}").conninfo.password, pg::Secret{"d"});
  EXPECT_EQ(
      server("host: a", "{password: '${PASSWORD}'}").conninfo.password, pg::Secret{"from env"}
  );
  const Server with_file = server("host: a, password_file: /f", "{password: d}");
  EXPECT_EQ(with_file.conninfo.password, std::nullopt);
  EXPECT_EQ(with_file.conninfo.password_file, "/f");
  EXPECT_EQ(server("host: a, passfile: /p", "{password: d}").conninfo.password, std::nullopt);
  EXPECT_EQ(
      server("host: a, password: own", "{password_file: /f}").conninfo.password_file, std::nullopt
  );
  EXPECT_EQ(
      server("conninfo: 'host=a password=c'", "{password: d}").conninfo.password, pg::Secret{"c"}
  );
}

TEST(Connection, PasswordMayBeWhatAProgramPrints) {
  const Server read = server(
      "host: a, password_command: [/bin/token, '{host}'], password_ttl: 30s", "{password: d}"
  );
  EXPECT_THAT(read.conninfo.password_command, ::testing::ElementsAre("/bin/token", "{host}"));
  EXPECT_EQ(read.conninfo.password_ttl, std::chrono::seconds{30});
  EXPECT_EQ(read.conninfo.password, std::nullopt);
  const Server by_default = server("host: a", "{password_command: [/bin/token], password_ttl: 5m}");
  EXPECT_THAT(by_default.conninfo.password_command, ::testing::ElementsAre("/bin/token"));
  EXPECT_EQ(by_default.conninfo.password_ttl, std::chrono::minutes{5});
  EXPECT_TRUE(server("host: a, password: own", "{password_command: [/bin/token]}")
                  .conninfo.password_command.empty());
}

TEST(Connection, RefusesAProgramThatCannotWork) {
  const auto problem = [](const std::string& keys) {
    return errors_of({.yaml = "clusters: [{servers: [{host: a, " + keys + "}]}]\n"});
  };
  EXPECT_THAT(
      problem("password_command: [token]"), ::testing::HasSubstr("absolute path of a program")
  );
  EXPECT_THAT(
      problem("password_command: [/bin/token, '{hots}']"), ::testing::HasSubstr("has '{hots}'")
  );
  EXPECT_THAT(
      problem("password_command: [/bin/token, '{host']"), ::testing::HasSubstr("has '{host'")
  );
  EXPECT_THAT(
      problem("password_command: [/bin/token], password: x"), ::testing::HasSubstr("keep one")
  );
}

TEST(Connection, HostWithALoginInItIsRefused) {
  EXPECT_THAT(
      errors_of({.yaml = "clusters: [{servers: [{host: 'u:hidden@a'}]}]\n"}),
      ::testing::AllOf(
          ::testing::HasSubstr("host: has an '@'"), ::testing::Not(::testing::HasSubstr("hidden"))
      )
  );
}

TEST(Connection, ReadsTheFileOfTheKeysPassphrase) {
  EXPECT_EQ(
      server("host: a, sslpassword_file: /key-pass").conninfo.parameter("sslpassword"), "opens it"
  );
}

TEST(Connection, TheDatabaseIsPostgresUnlessSomethingNamesAnother) {
  constexpr const char* kYaml = "clusters: [{servers: [{host: a}]}]";
  EXPECT_EQ(server("host: a").conninfo.parameter("dbname"), "postgres");
  EXPECT_EQ(server("host: a, dbname: x").conninfo.parameter("dbname"), "x");
  EXPECT_EQ(server("conninfo: 'host=a dbname=x'").conninfo.parameter("dbname"), "x");
  EXPECT_EQ(server("service: s").conninfo.parameter("dbname"), std::nullopt);
  const Server with_variable = only_server({.yaml = kYaml, .environment = {{"PGDATABASE", "v"}}});
  EXPECT_EQ(with_variable.conninfo.parameter("dbname"), "v");
}

TEST(Connection, AServiceGivesTheAddressWhereTheServerHasNone) {
  const Server by_service = server("service: s");
  EXPECT_EQ(by_service.conninfo.endpoint.host, "/socket");
  EXPECT_EQ(by_service.conninfo.parameter("service"), "'s'");
  EXPECT_EQ(server("host: a, service: s").conninfo.endpoint.host, "a");
}

TEST(Connection, AServerWithoutANameIsCalledByItsEndpoint) {
  EXPECT_EQ(server("host: a, port: 5433").name, "a:5433");
  EXPECT_EQ(server("host: '::1'").name, "[::1]:5432");
  EXPECT_EQ(server("hostaddr: 10.0.0.1").name, "10.0.0.1:5432");
}

TEST(Connection, TwoDatabasesOfOneEndpointAreTwoServers) {
  const Config config =
      loaded({.yaml = "clusters: [{servers: [{host: a}, {host: a, dbname: b}]}]"});
  EXPECT_EQ(config.clusters.at(0).servers.at(0).name, "a:5432");
  EXPECT_EQ(config.clusters.at(0).servers.at(1).name, "a:5432/b");
}

}  // namespace
}  // namespace pgrepl::config
