// The sources that are asked: what they make of answers, and of those that do not come.
#include "discovery/dns.h"
#include "discovery/patroni.h"
#include "discovery/refused.h"
#include "discovery/roster.h"
#include "discovery/server_at.h"
#include "support/captured_log.h"
#include "support/run_coroutine.h"
#include "unit/watch/small_world.h"

#include <algorithm>
#include <functional>
#include <map>
#include <span>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::discovery {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Found = Expected<std::vector<config::Server>, std::string>;

// Answers by host name; a host without a script hangs until the deadline.
class ScriptedHttp : public fetch::Client {
 public:
  explicit ScriptedHttp(loop::Loop loop) : loop_(loop) {}

  asio::awaitable<Expected<std::string, std::string>> get(
      config::Url url, config::RestAccess, loop::Instant deadline
  ) override {
    asked.push_back(url.host + url.path);
    const auto found = answers.find(url.host);
    if (found == answers.end()) {
      loop::Alarm alarm{loop_};
      co_await alarm.wait_until(deadline);
      co_return Unexpected<std::string>{"no answer in time"};
    }
    co_return found->second;
  }

  std::map<std::string, Expected<std::string, std::string>> answers;
  std::vector<std::string> asked;

 private:
  loop::Loop loop_;
};

std::vector<std::string> described(const std::vector<config::Server>& servers) {
  std::vector<std::string> all;
  for (const config::Server& each : servers) {
    const auto hostaddr = each.conninfo.parameter("hostaddr");
    all.push_back(
        each.name + '=' + to_string(each.conninfo.endpoint) +
        (hostaddr ? '@' + std::string{*hostaddr} : "")
    );
  }
  return all;
}

class Sources : public ::testing::Test {
 protected:
  // Runs the question to its end, however long it takes by the clock of the world.
  Found discover(Source& source) {
    std::optional<Found> result;
    auto kept = testing::keep_result_of(source.discover(), result);
    asio::co_spawn(stage.io, std::move(kept), asio::detached);
    stage.run_for(1h);
    return result ? std::move(*result) : Found{Unexpected<std::string>{"it did not end"}};
  }

  testing::CapturedLog log;
  testing::SmallStage stage;
  ScriptedHttp http{stage.loop};
  fetch::Outside outside{stage.loop, stage.network, http};
};

class DnsAsked : public Sources {
 protected:
  Found ask() {
    DnsSource source{outside, configured, 3s, Roster::kMost};
    return discover(source);
  }

  void resolve_to(std::vector<std::string> addresses) {
    stage.world.look_up = [addresses](const std::string&) -> session::Addresses {
      return addresses;
    };
  }

  DnsAsked() { configured.login.endpoint.port = 5433; }

  config::DnsDiscovery configured{.name = "tasks.pg", .login = {}};
};

TEST_F(DnsAsked, EveryAddressIsAServerAtTheConfiguredPort) {
  resolve_to({"10.0.0.1", "fd00::2"});
  std::string asked;
  const auto look_up = stage.world.look_up;
  stage.world.look_up = [&](const std::string& name) {
    asked = name;
    return look_up(name);
  };
  EXPECT_THAT(
      described(ask().value()),
      ElementsAre("10.0.0.1:5433=10.0.0.1:5433", "[fd00::2]:5433=[fd00::2]:5433")
  );
  EXPECT_EQ(asked, "tasks.pg");
}

TEST_F(DnsAsked, LogsInAsConfigured) {
  configured.login.set_parameter("user", "monitor");
  resolve_to({"10.0.0.1"});
  EXPECT_EQ(ask()->front().conninfo.parameter("user"), "monitor");
}

TEST_F(DnsAsked, NameWithoutAnAddressIsAnAnswer) {
  resolve_to({});
  EXPECT_THAT(ask().value(), IsEmpty());
}

TEST_F(DnsAsked, FailureNamesTheNameAndTheReason) {
  stage.world.look_up = [](const std::string&) -> session::Addresses {
    return Unexpected<std::string>{"Name or service not known"};
  };
  EXPECT_EQ(ask().error(), "dns tasks.pg: cannot be resolved: Name or service not known");
}

TEST(ServerAt, NamesTheCertificateWhereItIsCheckedInFull) {
  pg::ConnInfo login;
  login.endpoint.port = 5432;
  EXPECT_FALSE(server_at("10.0.0.1", login, "pg").conninfo.parameter("hostaddr"));
  login.set_parameter("sslmode", "verify-full");
  const config::Server checked = server_at("10.0.0.1", login, "pg");
  EXPECT_EQ(checked.name, "10.0.0.1:5432");
  EXPECT_EQ(checked.conninfo.endpoint.host, "pg");
  EXPECT_EQ(checked.conninfo.parameter("hostaddr"), "10.0.0.1");
  EXPECT_EQ(server_at("10.0.0.1", login, "").conninfo.endpoint.host, "10.0.0.1");
}

const std::string kTwo =
    R"({"members": [{"name": "pg1", "host": "10.0.0.1", "port": 5432},
                    {"name": "pg2", "host": "pg2.example", "port": 5433}]})";

class PatroniAsked : public Sources {
 protected:
  PatroniAsked() {
    configured.allowed_networks = {*pg::Network::parse("0.0.0.0/0")};
    for (const char* host : {"a", "b", "c"}) {
      configured.urls.push_back({.host = host, .port = 8008, .path = "/base"});
    }
  }

  Found ask() {
    if (!source) {
      source.emplace(outside, configured, std::span<const config::Server>{}, 3s, Roster::kMost);
    }
    return discover(*source);
  }

  config::PatroniDiscovery configured;
  std::optional<PatroniSource> source;
};

TEST_F(PatroniAsked, FirstThatAnswersCountsAndIsAskedFirstTheNextTime) {
  http.answers.emplace("a", Unexpected<std::string>{"status 503"});
  http.answers.emplace("b", kTwo);
  EXPECT_THAT(described(ask().value()), ElementsAre("pg1=10.0.0.1:5432", "pg2=pg2.example:5433"));
  EXPECT_THAT(http.asked, ElementsAre("a/base/cluster", "b/base/cluster"));
  http.asked.clear();
  EXPECT_TRUE(ask());
  EXPECT_THAT(http.asked, ElementsAre("b/base/cluster"));
}

TEST_F(PatroniAsked, MemberThatNoLongerAnswersIsReplacedByTheNext) {
  http.answers.emplace("b", kTwo);
  EXPECT_TRUE(ask());
  http.answers.erase("b");
  http.answers.emplace("a", kTwo);
  http.asked.clear();
  EXPECT_TRUE(ask());
  EXPECT_THAT(http.asked, ElementsAre("b/base/cluster", "c/base/cluster", "a/base/cluster"));
}

TEST_F(PatroniAsked, MemberThatHangsCostsOneTimeoutAndLiesAreErrors) {
  http.answers.emplace("b", std::string{"<html>"});
  http.answers.emplace("c", Unexpected<std::string>{"cannot connect: Connection refused"});
  const auto began = stage.loop.now();
  EXPECT_EQ(
      ask().error(),
      "patroni: no member answers: a:8008: no answer in time; b:8008: the answer is no JSON "
      "object; "
      "c:8008: cannot connect: Connection refused"
  );
  EXPECT_GE(stage.loop.now() - began, 3s);
  EXPECT_THAT(http.asked, ::testing::SizeIs(3));
}

TEST_F(PatroniAsked, PauseIsSaidWhenItBeginsAndWhenItEnds) {
  const auto answer = [this](const char* pause) {
    http.answers.insert_or_assign("a", std::string{R"({"members": [], "pause": )"} + pause + "}");
    EXPECT_TRUE(ask());
  };
  answer("false");
  EXPECT_EQ(log.lines().size(), 0U);
  answer("true");
  answer("true");
  EXPECT_EQ(log.count("Patroni is paused"), 1U);
  answer("false");
  answer("false");
  EXPECT_EQ(log.count("no longer paused"), 1U);
  answer("\"yes\"");
  EXPECT_EQ(log.lines().size(), 2U) << "only true is true";
}

TEST_F(PatroniAsked, GivesEachMemberTheNetworksItsPasswordMayGoTo) {
  configured.allowed_networks = {*pg::Network::parse("10.0.0.0/8")};
  http.answers.emplace("a", kTwo);
  const Found found = ask();
  for (const config::Server& server : found.value()) {
    ASSERT_TRUE(server.conninfo.reach);
    EXPECT_TRUE(server.conninfo.reach->admits("10.0.0.1"));
    EXPECT_FALSE(server.conninfo.reach->admits("192.0.2.1"));
  }
}

TEST(LeaveSome, LeavesTheSameOnesWhateverTheirOrder) {
  std::vector<int> few{3, 1, 2};
  leave_some(few, 2, std::identity{});
  EXPECT_THAT(few, ElementsAre(3, 1, 2)) << "one more than the limit shows that it is too much";
  for (std::vector<int> many : {std::vector{5, 1, 4, 2, 3}, std::vector{3, 2, 1, 5, 4}}) {
    leave_some(many, 2, std::identity{});
    EXPECT_THAT(many, ::testing::UnorderedElementsAre(1, 2, 3));
  }
  std::vector<int> none;
  leave_some(none, 0, std::identity{});
  EXPECT_THAT(none, IsEmpty());
}

TEST_F(PatroniAsked, CrowdIsCutToOneMoreThanTheLimit) {
  std::string members;
  for (int i = 0; i < 10'000; ++i) {
    const std::string number = std::to_string(99'999 - i);
    members += (members.empty() ? "" : ",");
    members += R"({"name": "pg)" + number + R"(", "host": "h)" + number + R"(x"})";
  }
  http.answers.emplace("a", R"({"members": [)" + members + "]}");
  auto found = described(ask().value());
  ASSERT_EQ(found.size(), Roster::kMost + 1);
  std::ranges::sort(found);
  EXPECT_EQ(found.front(), "pg90000=h90000x:5432");
  EXPECT_EQ(found.back(), "pg91000=h91000x:5432");
}

TEST(Refused, IsSaidOnceForEachAddressAndNotForEver) {
  testing::CapturedLog log;
  Refused refused;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < 5 * Refused::kMost; ++i) {
      refused.say("10.0." + std::to_string(i / 256) + '.' + std::to_string(i % 256));
    }
  }
  EXPECT_EQ(log.lines().size(), Refused::kMost + 1);
  EXPECT_EQ(log.count("a standby is not followed"), Refused::kMost);
  EXPECT_EQ(log.count("no further one is named"), 1U);
}

}  // namespace
}  // namespace pgrepl::discovery
