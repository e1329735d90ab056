#include "discovery/discoverer.h"

#include "loop/supervisor.h"
#include "support/captured_log.h"
#include "unit/watch/small_world.h"

#include <gtest/gtest.h>

namespace pgrepl::discovery {
namespace {

using namespace std::chrono_literals;

session::Addresses addresses(std::vector<std::string> found) {
  return found;
}

class Discovering : public ::testing::Test {
 protected:
  Discovering() {
    stage.world.look_up = [](const std::string&) { return addresses({"10.0.0.1", "10.0.0.2"}); };
    config::DnsDiscovery dns{.name = "tasks.pg", .login = {}, .refresh = 15s};
    dns.login.endpoint.port = 5432;
    configured.discovery = {dns};
  }

  // Nothing may run any more when what it refers to is destroyed.
  void TearDown() override {
    if (discoverer) {
      discoverer->stop();
      stage.settle();
    }
  }

  void start() {
    discoverer = std::make_unique<Discoverer>(stage.outside, configured, 3s);
    for (std::size_t i = 0; i < discoverer->sources(); ++i) {
      loop::Turns turns{
          .name = "discovery",
          .turn = [this, i] { return discoverer->turn(i); },
          .is_over = [this] { return discoverer->is_stopped(); },
          .failed = [this, i](const std::string& why) { discoverer->failed(i, why); }};
      supervisor.keep(discoverer.get(), std::move(turns));
    }
  }

  [[nodiscard]] std::size_t found() const {
    return discoverer->update({}, stage.loop.now()).size();
  }

  testing::CapturedLog log;
  testing::SmallStage stage;
  int failures = 0;
  loop::Supervisor supervisor{stage.loop, [this](const std::string&) { failures += 1; }};
  config::Cluster configured;
  std::unique_ptr<Discoverer> discoverer;
};

TEST_F(Discovering, SourceIsAskedAtItsOwnPace) {
  start();
  stage.run_for(1s);
  EXPECT_EQ(found(), 2U);
  EXPECT_FALSE(discoverer->failure());
  stage.run_for(45s);
  EXPECT_EQ(stage.world.look_ups, 4);
}

TEST_F(Discovering, ExceptionIsAFailureAndTheSourceIsAskedAgain) {
  start();
  stage.world.look_up = [](const std::string&) -> session::Addresses {
    throw std::runtime_error{"no thread"};
  };
  stage.run_for(500ms);
  EXPECT_EQ(failures, 1);
  ASSERT_TRUE(discoverer->failure());
  EXPECT_NE(discoverer->failure()->find("no thread"), std::string::npos);
  stage.world.look_up = [](const std::string&) { return addresses({"10.0.0.1"}); };
  stage.run_for(2s);
  EXPECT_EQ(found(), 1U);
  EXPECT_FALSE(discoverer->failure());
}

TEST_F(Discovering, WhatWasFoundBeforeAnExceptionStays) {
  start();
  stage.run_for(1s);
  stage.world.look_up = [](const std::string&) -> session::Addresses {
    throw std::runtime_error{"no thread"};
  };
  stage.run_for(15s);
  EXPECT_TRUE(discoverer->failure());
  EXPECT_EQ(found(), 2U);
}

TEST_F(Discovering, StopAtAnyMomentEndsItAtOnce) {
  for (auto moment = 0ms; moment < 20ms; moment += 1ms) {
    start();
    stage.run_for(moment);
    discoverer->stop();
    stage.settle();
    EXPECT_TRUE(discoverer->has_ended());
    EXPECT_EQ(supervisor.running(), 0U);
  }
}

class Following : public Discovering {
 protected:
  Following() {
    config::ReplicationDiscovery follow{
        .allowed_networks = {*pg::Network::parse("10.0.0.0/8")}, .login = {}, .refresh = 15s};
    follow.login.endpoint.port = 5432;
    configured.discovery = {follow};
    start();
  }

  std::size_t update(std::vector<std::string> standbys) {
    const std::vector<Sighting> seen{{.server = "pg-1", .standby_addresses = std::move(standbys)}};
    return discoverer->update(seen, stage.loop.now()).size();
  }
};

TEST_F(Following, AsksNobodyAndNamesStandbysAtOnce) {
  EXPECT_EQ(discoverer->sources(), 0U);
  EXPECT_EQ(update({}), 0U);
  EXPECT_EQ(update({"10.0.0.1"}), 1U) << "an empty answer is no reason to wait";
  EXPECT_EQ(update({"10.0.0.1", "10.0.0.2"}), 1U) << "at its pace from then on";
  stage.run_for(15s);
  EXPECT_EQ(update({"10.0.0.1", "10.0.0.2"}), 2U);
  EXPECT_FALSE(discoverer->failure());
}

TEST_F(Following, SaysOnceWhomItDoesNotFollow) {
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(update({"192.0.2.1", "192.0.2.2"}), 0U);
    stage.run_for(15s);
  }
  EXPECT_EQ(log.count("a standby is not followed"), 2U);
}

// A hostile primary names a crowd.
TEST_F(Following, IsBounded) {
  std::vector<std::string> many;
  for (int i = 0; i < 2000; ++i) {
    many.push_back("10.0." + std::to_string(i / 250) + '.' + std::to_string(i % 250));
  }
  EXPECT_EQ(update(many), Roster::kMost);
  EXPECT_EQ(discoverer->failure(), "more than 1000 servers are found; the others are not watched");
}

TEST_F(Discovering, FailuresOfAllSourcesAreOneText) {
  config::DnsDiscovery other{.name = "other", .login = {}, .refresh = 15s};
  configured.discovery.emplace_back(other);
  stage.world.look_up = [](const std::string& name) -> session::Addresses {
    return Unexpected<std::string>{"no " + name};
  };
  start();
  stage.run_for(1s);
  EXPECT_EQ(
      discoverer->failure(),
      "dns tasks.pg: cannot be resolved: no tasks.pg; dns other: cannot be resolved: no other"
  );
}

TEST_F(Discovering, WhatOneSourceSaidOutlivesAReloadThatChangesTheOther) {
  start();
  stage.run_for(1s);
  const Discoverer& before = *discoverer;
  config::Cluster changed = configured;
  changed.discovery.insert(
      changed.discovery.begin(), config::DnsDiscovery{.name = "new", .login = {}, .refresh = 15s}
  );
  Discoverer after{stage.outside, changed, 3s};
  after.take_over(before);
  EXPECT_EQ(after.update({}, stage.loop.now()).size(), 2U);
  changed.discovery.pop_back();
  Discoverer without{stage.outside, changed, 3s};
  without.take_over(before);
  EXPECT_EQ(without.update({}, stage.loop.now()).size(), 0U);
}

// Ten thousand names, of which a thousand are taken, and all of them answer as one postmaster.
TEST_F(Discovering, CrowdIsWatchedOnceWhenItIsOneServer) {
  std::vector<std::string> many;
  for (int i = 0; i < 10'000; ++i) {
    many.push_back("10.0." + std::to_string(i / 250) + '.' + std::to_string(i % 250));
  }
  stage.world.look_up = [&many](const std::string&) { return addresses(many); };
  start();
  stage.run_for(1s);
  const auto all = discoverer->update({}, stage.loop.now());
  ASSERT_EQ(all.size(), Roster::kMost);
  EXPECT_TRUE(discoverer->failure());
  std::vector<Sighting> sightings;
  for (const config::Server& server : all) {
    sightings.push_back({.server = server.name, .addresses = {server.conninfo.endpoint.host}});
  }
  for (int tick = 0; tick < 10; ++tick) {
    EXPECT_EQ(discoverer->update(sightings, stage.loop.now()).size(), 1000U);
  }
  for (Sighting& sighting : sightings) {
    sighting.postmaster_start_time = 7;
  }
  EXPECT_EQ(discoverer->update(sightings, stage.loop.now()).size(), 1U);
}

TEST_F(Discovering, WithoutASourceThatIsAskedNothingRuns) {
  configured.discovery = {};
  start();
  discoverer->stop();
  EXPECT_TRUE(discoverer->has_ended());
}

}  // namespace
}  // namespace pgrepl::discovery
