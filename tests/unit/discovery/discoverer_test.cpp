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

TEST_F(Discovering, WithoutASourceThatIsAskedNothingRuns) {
  configured.discovery = {};
  start();
  discoverer->stop();
  EXPECT_TRUE(discoverer->has_ended());
}

}  // namespace
}  // namespace pgrepl::discovery
