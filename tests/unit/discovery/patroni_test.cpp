// What Patroni names, and where our password goes then.
#include "discovery/patroni.h"

#include "discovery/roster.h"
#include "support/captured_log.h"
#include "support/run_coroutine.h"
#include "unit/watch/small_world.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::discovery {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class Answers : public fetch::Client {
 public:
  asio::awaitable<Expected<std::string, std::string>> get(
      config::Url url, config::RestAccess, loop::Instant
  ) override {
    asked.push_back(url.host);
    co_return answer;
  }

  Expected<std::string, std::string> answer = Unexpected<std::string>{"nobody"};
  std::vector<std::string> asked;
};

class Patroni : public ::testing::Test {
 protected:
  Patroni() {
    stage.world.look_up = [this](const std::string& host) -> session::Addresses {
      const auto found = names.find(host);
      if (found == names.end()) {
        return Unexpected<std::string>{"no such name"};
      }
      return std::vector<std::string>{found->second};
    };
    configured.urls = {config::Url{.host = "patroni", .port = 8008}};
    answer("pg-1", "10.1.7.7");
  }

  void answer(const std::string& name, const std::string& host) {
    http.answer =
        R"({"members": [{"name": ")" + name + R"(", "host": ")" + host + R"(", "port": 5432}]})";
  }

  // One turn of a source; each test has one source at a time.
  Expected<std::vector<config::Server>, std::string> discover() {
    if (!source) {
      source = std::make_unique<PatroniSource>(outside, configured, servers, 3s, Roster::kMost);
    }
    std::optional<Expected<std::vector<config::Server>, std::string>> found;
    asio::co_spawn(
        stage.io,
        source->discover(),
        [&found](const std::exception_ptr& failure, auto result) {
          if (failure) {
            std::rethrow_exception(failure);
          }
          found = std::move(result);
        }
    );
    stage.run_for(100ms);
    return found.value();
  }

  [[nodiscard]] bool admits(const std::string& address) {
    const auto found = discover();
    return found.value().at(0).conninfo.reach.value().admits(address);
  }

  testing::CapturedLog log;
  testing::SmallStage stage;
  Answers http;
  fetch::Outside outside{stage.loop, stage.network, http};
  std::map<std::string, std::string> names{{"patroni", "10.1.0.5"}};
  config::PatroniDiscovery configured;
  std::vector<config::Server> servers;
  std::unique_ptr<PatroniSource> source;
};

TEST_F(Patroni, PasswordGoesToTheNetworkOfTheUrl) {
  EXPECT_TRUE(admits("10.1.7.7"));
  EXPECT_FALSE(admits("10.2.0.1"));
  EXPECT_FALSE(admits("169.254.169.254"));
}

TEST_F(Patroni, PasswordGoesToTheNetworksOfTheConfiguredServersToo) {
  names["db"] = "10.9.0.1";
  servers.resize(2);
  servers[0].conninfo.endpoint.host = "db";
  servers[1].conninfo.endpoint.host = "/var/run/postgresql";
  EXPECT_TRUE(admits("10.9.3.3"));
  EXPECT_TRUE(admits("10.1.7.7"));
  EXPECT_FALSE(admits("10.8.0.1"));
  EXPECT_EQ(stage.world.look_ups, 6);  // two hosts in each of three turns, and no socket
}

TEST_F(Patroni, ListedNetworksAreTheOnlyOnes) {
  configured.allowed_networks = {pg::Network::parse("192.0.2.0/24").value()};
  EXPECT_TRUE(admits("192.0.2.9"));
  EXPECT_FALSE(admits("10.1.7.7"));
  EXPECT_EQ(stage.world.look_ups, 0);
}

TEST_F(Patroni, NothingIsFoundWhileNothingSaysWhereItMayBe) {
  names.clear();
  const auto found = discover();
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error(), HasSubstr("list allowed_networks"));
  EXPECT_TRUE(http.asked.empty());
}

TEST_F(Patroni, WhatWasInReachStaysInReach) {
  EXPECT_TRUE(admits("10.1.7.7"));
  const auto before = discover();
  names["patroni"] = "10.5.0.5";
  EXPECT_TRUE(admits("10.1.7.7"));
  EXPECT_TRUE(admits("10.5.1.1"));
  names.clear();
  EXPECT_TRUE(admits("10.1.7.7"));
  EXPECT_TRUE(before);
}

TEST_F(Patroni, HostIsANameOrAnAddressAndNothingElse) {
  for (const char* host : {"/tmp", "@x", "a,b", "u@h", "h options=-c", "h\\u0000"}) {
    answer("pg-\\u0007", host);
    const auto found = discover();
    ASSERT_FALSE(found) << host;
    EXPECT_THAT(
        found.error(), HasSubstr("the host of member 'pg-?' is neither a name nor an address")
    );
  }
}

}  // namespace
}  // namespace pgrepl::discovery
