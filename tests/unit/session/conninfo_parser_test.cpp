#include "session/conninfo_parser.h"

#include "config/connection.h"
#include "pg/newer_keywords.h"
#include "session/libpq.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::session {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// libpq reads its own variables: each test says which it has.
class ParseConnInfo : public ::testing::Test {
 protected:
  void SetUp() override { clear(); }

  void TearDown() override { clear(); }

 private:
  static void clear() {
    for (const char* name :
         {"PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE", "PGSERVICEFILE", "PGUSER", "PGDATABASE"}) {
      unsetenv(name);
    }
  }
};

std::vector<std::string> endpoints(std::string_view text) {
  std::vector<std::string> all;
  const auto parsed = parse_conninfo(text);
  if (!parsed) {
    return {"error: " + parsed.error()};
  }
  for (const pg::ConnInfo& conninfo : *parsed) {
    all.push_back(to_string(conninfo.endpoint));
  }
  return all;
}

TEST_F(ParseConnInfo, ReadsKeywordsAndUris) {
  const auto expected = ElementsAre("db:5433");
  EXPECT_THAT(endpoints("host=db port=5433"), expected);
  EXPECT_THAT(endpoints("postgresql://db:5433/postgres"), expected);
  EXPECT_THAT(endpoints("postgres://u:p@db:5433?sslmode=disable"), expected);
}

TEST_F(ParseConnInfo, TakesTheLastAtSignForTheEndOfThePassword) {
  const auto parsed = parse_conninfo("postgresql://u@e:a@b@db:5433/x");
  ASSERT_TRUE(parsed) << parsed.error();
  EXPECT_EQ(to_string(parsed->at(0).endpoint), "db:5433");
  EXPECT_EQ(parsed->at(0).parameter("user"), "u@e");
  EXPECT_EQ(parsed->at(0).password, pg::Secret{"a@b"});
  EXPECT_EQ(parsed->at(0).parameter("dbname"), "x");
}

TEST_F(ParseConnInfo, RefusesAHostWithAnAtSignAndShowsNothingOfIt) {
  for (const char* text :
       {"host=u:hidden@db", "postgresql://u:p%40hidden@a%40db/x", "host=a,b@hidden"}) {
    const auto parsed = parse_conninfo(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error(), HasSubstr("'@'"));
    EXPECT_THAT(parsed.error(), Not(HasSubstr("hidden")));
  }
  EXPECT_THAT(endpoints("host=@abstract"), ElementsAre("@abstract:5432"));
}

TEST_F(ParseConnInfo, GivesOneForEachHost) {
  EXPECT_THAT(endpoints("host=a,b port=5433"), ElementsAre("a:5433", "b:5433"));
  EXPECT_THAT(endpoints("host=a,b port=1,2"), ElementsAre("a:1", "b:2"));
  EXPECT_THAT(endpoints("postgresql://a:1,[fe80::1]:2/x"), ElementsAre("a:1", "[fe80::1]:2"));
}

TEST_F(ParseConnInfo, KeepsThePasswordApartAndEveryOtherKeyword) {
  const auto parsed = parse_conninfo(
      "host=a user=monitor password='s e' passfile=/pw sslrootcert=/ca options='-c a=b'"
  );
  ASSERT_TRUE(parsed);
  const pg::ConnInfo& conninfo = parsed->at(0);
  ASSERT_TRUE(conninfo.password.has_value());
  EXPECT_EQ(conninfo.password->reveal(), "s e");
  EXPECT_EQ(conninfo.parameter("user"), "monitor");
  EXPECT_EQ(conninfo.parameter("passfile"), "/pw");
  EXPECT_EQ(conninfo.parameter("sslrootcert"), "/ca");
  EXPECT_EQ(conninfo.parameter("options"), "-c a=b");
  EXPECT_EQ(conninfo.parameters.size(), 4U);
}

TEST_F(ParseConnInfo, DropsDemandsOnTheRoleSoThatEveryServerIsMonitored) {
  const auto parsed = parse_conninfo("host=a,b target_session_attrs=read-write");
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->at(0).parameters.empty());
}

TEST_F(ParseConnInfo, PairsEachHostWithItsAddress) {
  const auto parsed = parse_conninfo("host=a,b hostaddr=10.0.0.1,10.0.0.2");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->at(0).parameter("hostaddr"), "10.0.0.1");
  EXPECT_EQ(parsed->at(1).parameter("hostaddr"), "10.0.0.2");
  EXPECT_THAT(endpoints("hostaddr=10.0.0.1"), ElementsAre("10.0.0.1:5432"));
}

TEST_F(ParseConnInfo, TakesHostAndPortFromTheEnvironmentAndLeavesTheRestToLibpq) {
  setenv("PGHOST", "env-a,env-b", 1);
  setenv("PGPORT", "6000", 1);
  setenv("PGUSER", "somebody", 1);
  const auto parsed = parse_conninfo("");
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->at(0).parameters.empty());
  EXPECT_THAT(endpoints(""), ElementsAre("env-a:6000", "env-b:6000"));
  EXPECT_THAT(endpoints("host=given"), ElementsAre("given:6000"));
}

TEST_F(ParseConnInfo, UsesTheSocketDirectoryOfLibpqWhenNobodyNamesAHost) {
  const auto parsed = parse_conninfo("");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->at(0).endpoint.host.front(), '/');
  EXPECT_EQ(parsed->at(0).endpoint.port, 5432);
}

TEST_F(ParseConnInfo, TakesHostAndPortFromTheService) {
  const std::string file = ::testing::TempDir() + "/conninfo_parser_test_service.conf";
  std::ofstream{file} << "[production]\nhost=from-service\nport=7000\nuser=other\n";
  setenv("PGSERVICEFILE", file.c_str(), 1);
  const auto parsed = parse_conninfo("service=production");
  ASSERT_TRUE(parsed) << parsed.error();
  EXPECT_EQ(parsed->at(0).endpoint, (pg::Endpoint{.host = "from-service", .port = 7000}));
  EXPECT_EQ(parsed->at(0).parameter("service"), "production");
  setenv("PGSERVICE", "production", 1);
  EXPECT_THAT(endpoints(""), ElementsAre("from-service:7000"));
  EXPECT_THAT(parse_conninfo("service=absent").error(), HasSubstr("service"));
  std::filesystem::remove(file);
}

TEST_F(ParseConnInfo, KnowsEveryKeywordThatConfigurationAccepts) {
  for (const std::string_view keyword : config::libpq_keywords()) {
    const auto parsed = parse_conninfo(std::string{keyword} + "=1");
    const std::string error = parsed ? "" : parsed.error();
    EXPECT_THAT(error, Not(HasSubstr("unknown keyword"))) << keyword;
  }
}

TEST_F(ParseConnInfo, SaysWhichLibpqAKeywordNeeds) {
  for (const pg::NewerKeyword& newer : pg::kNewerKeywords) {
    const auto parsed = parse_conninfo("host=a " + std::string{newer.keyword} + "=x");
    EXPECT_EQ(parsed.has_value(), PQlibVersion() >= newer.since * 10000) << newer.keyword;
    if (!parsed) {
      EXPECT_THAT(parsed.error(), HasSubstr(std::string{newer.keyword} + "', which needs libpq"));
    }
  }
}

struct Mistake {
  const char* text;
  const char* meaning;
};

TEST_F(ParseConnInfo, NamesTheMistakeAndQuotesNothing) {
  constexpr std::array kMistakes{
      Mistake{"host=a password=hunter2 hunter2", "without '='"},
      Mistake{"host=a password='hunter2", "not closed"},
      Mistake{"host=a hunter2=x", "unknown keyword"},
      Mistake{"sslmod=hunter2", "did you mean 'sslmode'?"},
      Mistake{"postgresql://u:hunter2%zz@a/x", "two hex digits"},
      Mistake{"postgresql://u:hunter2@[::1/x", "not closed"},
      Mistake{"postgresql://u:hunter2@[]/x", "empty"},
      Mistake{"postgresql://u:hunter2@[::1]x/x", "unexpected character"},
      Mistake{"postgresql://u:hunter2@a/x?hunter2", "?key=value"},
      Mistake{"postgresql://u:hunter2@a/x?sslmod=hunter2", "did you mean 'sslmode'?"},
      Mistake{"hunter2", "without '='"},
      Mistake{"host=a password=hunter2 port=hunter2", "from 1 to 65535"},
      Mistake{"host=a port=0", "from 1 to 65535"},
      Mistake{"host=a port=65536", "from 1 to 65535"},
      Mistake{"host=a,b port=1,2,3 password=hunter2", "do not match"},
      Mistake{"host=a, password=hunter2", "empty"},
  };
  for (const Mistake& mistake : kMistakes) {
    const auto parsed = parse_conninfo(mistake.text);
    ASSERT_FALSE(parsed) << mistake.text;
    EXPECT_THAT(parsed.error(), HasSubstr(mistake.meaning)) << mistake.text;
    EXPECT_THAT(parsed.error(), Not(HasSubstr("hunter2"))) << mistake.text;
  }
}

}  // namespace
}  // namespace pgrepl::session
