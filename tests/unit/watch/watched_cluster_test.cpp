// What of a cluster goes on, begins and ends when its configuration or discovery changes. The
// pollers here do not tick: nothing of them has run.
#include "watch/watched_cluster.h"

#include "support/captured_log.h"
#include "unit/watch/small_world.h"
#include "watch/reconfigure.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::watch {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const config::Sampling kSampling{.tick = 1s, .timeout = 3s, .observers = 0};

config::Server listed(const std::string& name, const std::string& host) {
  config::Server server{.name = name, .conninfo = {}};
  server.conninfo.endpoint.host = host;
  return server;
}

config::Cluster cluster_of(std::vector<config::Server> servers) {
  config::Cluster configured{.name = "main"};
  configured.servers = std::move(servers);
  return configured;
}

config::Discovery by_name(const std::string& name) {
  return config::DnsDiscovery{.name = name, .allowed_networks = {}, .login = {}, .refresh = 1s};
}

class Changing : public ::testing::Test {
 protected:
  ~Changing() override {
    stop(watched);
    stage.settle();
    EXPECT_TRUE(has_ended(watched));
  }

  std::unique_ptr<sampling::Poller> make_poller(const config::Server& server) {
    made.push_back(server.name);
    return std::make_unique<sampling::Poller>(
        stage.loop,
        supervisor,
        stage.network,
        std::nullopt,
        server,
        makers.sampling,
        testing::few_queries()
    );
  }

  std::unique_ptr<discovery::Discoverer> make_discoverer(const config::Cluster& configured) {
    discoverers_made += 1;
    return std::make_unique<discovery::Discoverer>(
        stage.outside, configured, makers.sampling.timeout, makers.limits.discovered_servers
    );
  }

  std::unique_ptr<probing::Prober> make_prober(const probing::Target& target) {
    probers_made += 1;
    return probing::make_prober(stage.loop, stage.network, target, makers.sampling);
  }

  void configure(const config::Cluster& configured) {
    made.clear();
    reconfigure(watched, configured, makers, stage.loop.now());
  }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& poller : watched.pollers) {
      all.push_back(poller->server().name);
    }
    return all;
  }

  [[nodiscard]] const sampling::Poller& poller(std::size_t place) const {
    return **(watched.pollers.begin() + static_cast<long>(place));
  }

  // Asks the source of the discoverer, once.
  void ask_source() {
    supervisor.spawn(&stage, "discovery", discoverer_of(watched)->turn(0));
    stage.run_for(10ms);
  }

  void update() { update_pollers(watched, makers.poller, stage.loop.now()); }

  testing::CapturedLog log;
  testing::SmallStage stage;
  loop::Supervisor supervisor{stage.loop, [](const std::string&) {}};
  std::vector<std::string> made;
  int discoverers_made = 0;
  int probers_made = 0;
  Makers makers{
      .sampling = kSampling,
      .limits = {},
      .poller = [this](const config::Server& server) { return make_poller(server); },
      .prober = [this](const probing::Target& target) { return make_prober(target); },
      .discoverer = [this](const config::Cluster& configured
                    ) { return make_discoverer(configured); }};
  WatchedCluster watched{supervisor};
};

TEST_F(Changing, ServersAreWatchedInTheOrderOfTheConfiguration) {
  configure(cluster_of({listed("pg-2", "b"), listed("pg-1", "a")}));
  EXPECT_THAT(names(), ElementsAre("pg-2", "pg-1"));
  EXPECT_THAT(made, ElementsAre("pg-2", "pg-1"));
  configure(cluster_of({listed("pg-1", "a"), listed("pg-2", "b"), listed("pg-3", "c")}));
  EXPECT_THAT(names(), ElementsAre("pg-1", "pg-2", "pg-3"));
  EXPECT_THAT(made, ElementsAre("pg-3"));
}

TEST_F(Changing, ServerThatStaysKeepsItsPoller) {
  configure(cluster_of({listed("pg-1", "a")}));
  const sampling::Poller* const before = &poller(0);
  configure(cluster_of({listed("pg-1", "a")}));
  EXPECT_EQ(&poller(0), before);
  EXPECT_THAT(made, IsEmpty());
}

TEST_F(Changing, ServerThatMovesHasANewPollerAndKeepsItsHistory) {
  configure(cluster_of({listed("pg-1", "a")}));
  watched.memory.servers["pg-1"] = {};
  configure(cluster_of({listed("pg-1", "b")}));
  EXPECT_THAT(made, ElementsAre("pg-1"));
  EXPECT_EQ(poller(0).server().conninfo.endpoint.host, "b");
  EXPECT_TRUE(watched.memory.servers.contains("pg-1"));
}

TEST_F(Changing, ServerThatLeavesIsForgotten) {
  configure(cluster_of({listed("pg-1", "a"), listed("pg-2", "b")}));
  watched.memory.servers["pg-1"] = {};
  watched.memory.servers["pg-2"] = {};
  watched.memory.same_server["pg-2"] = "pg-1";
  configure(cluster_of({listed("pg-1", "a")}));
  EXPECT_TRUE(watched.memory.servers.contains("pg-1"));
  EXPECT_FALSE(watched.memory.servers.contains("pg-2")) << "the name may be another server's later";
  EXPECT_THAT(watched.memory.same_server, IsEmpty());
  EXPECT_TRUE(log.contains("no longer watches a server"));
}

TEST_F(Changing, OtherTimeoutsNeedNewPollers) {
  configure(cluster_of({listed("pg-1", "a")}));
  makers.sampling.timeout = 7s;
  configure(cluster_of({listed("pg-1", "a")}));
  EXPECT_THAT(made, ElementsAre("pg-1"));
  EXPECT_EQ(poller(0).sampling().timeout, 7s);
}

TEST_F(Changing, WhatLeavesIsDestroyedOnlyByTheSweep) {
  configure(cluster_of({listed("pg-1", "a")}));
  configure(cluster_of({}));
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_TRUE(sweep(watched)) << "nothing of it ran";
}

TEST_F(Changing, WhatStillRunsSurvivesTheSweep) {
  configure(cluster_of({listed("pg-1", "a")}));
  stage.server.login_takes = 1s;
  const auto& leaving = poller(0);
  supervisor.spawn(
      &leaving, "round", const_cast<sampling::Poller&>(leaving).run_round(stage.loop.now() + 3s)
  );
  stage.run_for(100ms);
  configure(cluster_of({}));
  EXPECT_FALSE(sweep(watched)) << "its login is under way";
  EXPECT_FALSE(has_ended(watched));
  stage.run_for(5s);
  EXPECT_TRUE(sweep(watched));
  EXPECT_TRUE(has_ended(watched));
}

TEST_F(Changing, ProbersComeAndGoWithTheirTargets) {
  config::Cluster configured = cluster_of({});
  configured.endpoints = {{.name = "rw", .conninfo = {}}};
  configured.pgbouncers = {{.name = "pooler", .conninfo = {}}};
  configure(configured);
  EXPECT_EQ(probers_made, 2);
  configure(configured);
  EXPECT_EQ(probers_made, 2) << "they go on";
  configured.endpoints.clear();
  configure(configured);
  EXPECT_EQ(watched.probers.size(), 1U);
  configured.pgbouncers[0].conninfo.endpoint.port = 6543;
  configure(configured);
  EXPECT_EQ(probers_made, 3) << "it leads elsewhere";
}

TEST_F(Changing, WithoutASourceThereIsNoDiscoverer) {
  configure(cluster_of({listed("pg-1", "a")}));
  EXPECT_EQ(discoverer_of(watched), nullptr);
  update();
  EXPECT_THAT(names(), ElementsAre("pg-1"));
}

class ChangingByDiscovery : public Changing {
 protected:
  ChangingByDiscovery() {
    stage.world.look_up = [this](const std::string&) { return session::Addresses{found}; };
    configured.discovery = {by_name("tasks.pg")};
  }

  // What the name leads to, taken over at once.
  void find(std::vector<std::string> addresses) {
    found = std::move(addresses);
    ask_source();
    update();
  }

  std::vector<std::string> found;
  config::Cluster configured = cluster_of({});
};

TEST_F(ChangingByDiscovery, WhatIsFoundIsWatchedAndHiddenUntilItIsKnown) {
  configure(configured);
  find({"10.0.0.1", "10.0.0.2"});
  EXPECT_EQ(names().size(), 2U);
  EXPECT_FALSE(is_shown(watched, poller(0)));
  EXPECT_THAT(take_samples(watched, stage.loop.now()), IsEmpty()) << "it might count twice";
  EXPECT_EQ(log.count("watches a discovered server"), 2U);
}

TEST_F(ChangingByDiscovery, WhatAnswersIsShown) {
  configure(configured);
  find({"10.0.0.1"});
  stage.server.replies["TICK"] = {testing::tick_rows("0/100")};
  auto& answering = const_cast<sampling::Poller&>(poller(0));
  supervisor.spawn(&answering, "round", answering.run_round(stage.loop.now() + 3s));
  stage.run_for(100ms);
  update();
  EXPECT_TRUE(is_shown(watched, poller(0)));
  EXPECT_EQ(take_samples(watched, stage.loop.now()).size(), 1U);
}

TEST_F(ChangingByDiscovery, ReloadKeepsWhatWasFound) {
  configure(configured);
  find({"10.0.0.1"});
  const sampling::Poller* const before = &poller(0);
  const auto* const source = discoverer_of(watched);
  configure(configured);
  EXPECT_EQ(&poller(0), before);
  EXPECT_EQ(discoverer_of(watched), source);
  EXPECT_EQ(discoverers_made, 1);
}

TEST_F(ChangingByDiscovery, OtherSourcesTakeOverWhatBothHaveFound) {
  configure(configured);
  find({"10.0.0.1"});
  const sampling::Poller* const before = &poller(0);
  configured.discovery.push_back(by_name("tasks.more"));
  configure(configured);
  EXPECT_EQ(discoverers_made, 2);
  ASSERT_EQ(names().size(), 1U) << "until the sources answer anew";
  EXPECT_EQ(&poller(0), before);
}

TEST_F(ChangingByDiscovery, WithoutASourceAnyMoreOnlyListedServersStay) {
  configured.servers = {listed("pg-1", "10.0.0.9")};
  configure(configured);
  find({"10.0.0.1"});
  EXPECT_EQ(names().size(), 2U);
  configured.discovery.clear();
  configure(configured);
  EXPECT_THAT(names(), ElementsAre("pg-1"));
  EXPECT_EQ(discoverer_of(watched), nullptr);
}

TEST_F(ChangingByDiscovery, ServerThatIsListedNowIsShownAtOnce) {
  configure(configured);
  find({"10.0.0.1"});
  const std::string name = names().at(0);
  EXPECT_TRUE(watched.undecided.contains(name));
  configured.servers = {poller(0).server()};
  configure(configured);
  EXPECT_FALSE(watched.undecided.contains(name));
}

TEST_F(ChangingByDiscovery, OtherTimeoutOrLimitNeedsANewDiscoverer) {
  configure(configured);
  makers.limits.discovered_servers = 5;
  configure(configured);
  EXPECT_EQ(discoverers_made, 2);
  EXPECT_EQ(discoverer_of(watched)->most(), 5U);
  makers.sampling.timeout = 9s;
  configure(configured);
  EXPECT_EQ(discoverers_made, 3);
  EXPECT_EQ(discoverer_of(watched)->timeout(), 9s);
}

TEST_F(ChangingByDiscovery, DissolvedClusterEndsAll) {
  configured.endpoints = {{.name = "rw", .conninfo = {}}};
  configured.servers = {listed("pg-1", "a")};
  configure(configured);
  find({"10.0.0.1"});
  dissolve(watched);
  stage.settle();
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_TRUE(watched.probers.empty() && watched.discoverers.empty());
  EXPECT_TRUE(sweep(watched));
}

TEST_F(ChangingByDiscovery, StoppedClusterCanStillBeRead) {
  configured.servers = {listed("pg-1", "a")};
  configure(configured);
  stop(watched);
  EXPECT_THAT(names(), ElementsAre("pg-1"));
  EXPECT_EQ(take_samples(watched, stage.loop.now()).size(), 1U);
}

}  // namespace
}  // namespace pgrepl::watch
