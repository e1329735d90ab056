#include "watch/watch.h"

#include "support/captured_log.h"
#include "unit/watch/small_world.h"

#include <algorithm>
#include <optional>

#include <asio/co_spawn.hpp>
#include <gtest/gtest.h>

namespace pgrepl::watch {
namespace {

using namespace std::chrono_literals;
using testing::milliseconds;
using testing::one_value;
using testing::tick_rows;

config::Server server_named(const std::string& name) {
  config::Server server{.name = name, .conninfo = {}};
  server.conninfo.endpoint.host = name;
  return server;
}

pgrepl::Setup setup_of(std::vector<config::Server> servers) {
  pgrepl::Setup setup;
  setup.config.sampling = {.tick = 1s, .timeout = 3s, .observers = 0};
  config::Cluster cluster{.name = "main"};
  cluster.servers = std::move(servers);
  setup.config.clusters = {cluster};
  setup.catalogue = testing::few_queries()->catalogue;
  // A walk through the databases has a connection of its own, and closes that of the rounds.
  std::erase_if(setup.catalogue.queries, &catalogue::Query::per_database);
  for (catalogue::Query& query : setup.catalogue.queries) {
    query.columns = {
        {.name = "n", .usage = catalogue::ColumnUsage::Gauge, .family = "n_" + query.name}};
  }
  return setup;
}

// One who asked for a page.
struct Asker {
  bool answered = false;
  SnapshotPointer snapshot;
  loop::Instant at;
};

class Watching : public ::testing::Test {
 protected:
  Watching() {
    stage.server.replies["TICK"] = {tick_rows("0/100")};
    stage.server.replies["OFTEN"] = {one_value("n", "1")};
    stage.server.replies["HOURLY"] = {one_value("n", "1")};
    stage.server.replies["TABLES"] = {one_value("n", "1")};
  }

  ~Watching() override {
    if (watch) {
      watch->stop();
      stage.settle();
      EXPECT_TRUE(watch->has_ended());
    }
  }

  void make(pgrepl::Setup setup) {
    watch = std::make_unique<Watch>(stage.outside, std::move(setup), Host{.version = "1"});
    watch->start();
  }

  asio::awaitable<void> ask(Asker& asker, milliseconds timeout) {
    metrics::Selection everything;
    asker.snapshot = co_await watch->scrape(timeout, std::move(everything));
    asker.at = stage.loop.now();
    asker.answered = true;
  }

  void scrape(Asker& asker, milliseconds timeout = 10s) {
    asio::co_spawn(stage.io, ask(asker, timeout), [](const std::exception_ptr& problem) {
      EXPECT_FALSE(problem);
    });
  }

  asio::awaitable<void> ask_probe(
      std::optional<http::ProbeAnswer>& answer, std::string target, milliseconds timeout
  ) {
    http::ProbeRequest request{.target = std::move(target), .cluster = {}, .auth_module = {}};
    answer = co_await watch->probe(std::move(request), timeout);
  }

  void probe(
      std::optional<http::ProbeAnswer>& answer,
      const std::string& target,
      milliseconds timeout = 10s
  ) {
    auto task = ask_probe(answer, target, timeout);
    asio::co_spawn(stage.io, std::move(task), [](const std::exception_ptr& problem) {
      EXPECT_FALSE(problem);
    });
  }

  static bool has(const Asker& asker, const std::string& text) {
    return asker.snapshot && asker.snapshot->page.find(text) != std::string::npos;
  }

  [[nodiscard]] std::size_t rounds() const { return stage.server.times("OFTEN"); }

  testing::CapturedLog log;
  testing::SmallStage stage;
  std::unique_ptr<Watch> watch;
};

TEST_F(Watching, ScrapeHasWhatTheServersSay) {
  make(setup_of({server_named("pg-1")}));
  stage.run_for(2s);
  Asker asker;
  scrape(asker);
  stage.run_for(500ms);
  ASSERT_TRUE(asker.answered);
  EXPECT_TRUE(has(asker, "pg_up{cluster=\"main\",server=\"pg-1\"} 1"));
  EXPECT_TRUE(has(asker, "n_often{cluster=\"main\",server=\"pg-1\"} 1")) << asker.snapshot->page;
  EXPECT_EQ(watch->picture()->clusters.size(), 1U);
}

TEST_F(Watching, WhoAsksWhileARoundRunsSharesItAndItsPage) {
  make(setup_of({server_named("pg-1")}));
  stage.run_for(2s);
  const std::size_t before = rounds();
  stage.server.replies["OFTEN"].takes = 500ms;
  Asker first;
  Asker second;
  scrape(first);
  stage.run_for(200ms);
  scrape(second);
  stage.run_for(1s);
  ASSERT_TRUE(first.answered && second.answered);
  EXPECT_EQ(rounds(), before + 1);
  EXPECT_EQ(first.snapshot, second.snapshot) << "one page for both";
}

TEST_F(Watching, ImpatientReaderGetsWhatIsKnownAndOthersTheWholeRound) {
  make(setup_of({server_named("pg-1")}));
  stage.run_for(2s);
  stage.server.replies["OFTEN"].takes = 1500ms;
  const auto began = stage.loop.now();
  Asker impatient;
  Asker patient;
  scrape(impatient, 500ms);
  scrape(patient, 10s);
  stage.run_for(2900ms);
  ASSERT_TRUE(impatient.answered && patient.answered);
  EXPECT_LE(impatient.at, began + 500ms);
  EXPECT_TRUE(has(impatient, "pg_up{cluster=\"main\",server=\"pg-1\"} 1"));
  EXPECT_FALSE(has(impatient, "n_often{")) << "of the round before";
  EXPECT_GT(patient.at, began + 1s);
  EXPECT_TRUE(has(patient, "n_often{"));
}

TEST_F(Watching, ServerThatHangsEndsNoPageLaterThanTheRoundsDeadline) {
  make(setup_of({server_named("pg-1")}));
  stage.run_for(2s);
  stage.server.replies["OFTEN"].takes = 1h;
  const auto began = stage.loop.now();
  Asker asker;
  scrape(asker, 1min);
  stage.run_for(10s);
  ASSERT_TRUE(asker.answered);
  EXPECT_LE(asker.at, began + 3s);
  EXPECT_FALSE(has(asker, "n_often{"));
}

TEST_F(Watching, ThousandReadersAreOneRound) {
  make(setup_of({server_named("pg-1")}));
  stage.run_for(2s);
  const std::size_t before = rounds();
  std::vector<Asker> askers(1000);
  for (Asker& asker : askers) {
    scrape(asker);
  }
  stage.run_for(1s);
  EXPECT_TRUE(std::ranges::all_of(askers, &Asker::answered));
  EXPECT_EQ(rounds(), before + 1);
}

TEST_F(Watching, WithoutAServerAPageComesAtOnce) {
  make(setup_of({}));
  stage.run_for(5s);
  Asker asker;
  scrape(asker);
  stage.settle();
  EXPECT_TRUE(asker.answered);
}

TEST_F(Watching, StopInMidRoundReleasesWhoWaitsAndEndsEverythingAtOnce) {
  make(setup_of({server_named("pg-1"), server_named("pg-2")}));
  stage.run_for(2s);
  stage.server.replies["OFTEN"].takes = 1h;
  Asker asker;
  std::optional<http::ProbeAnswer> known;
  scrape(asker);
  probe(known, "pg-2");
  stage.run_for(500ms);
  watch->stop();
  stage.settle();
  EXPECT_TRUE(asker.answered);
  EXPECT_EQ(asker.snapshot, nullptr);
  EXPECT_TRUE(known);
  EXPECT_TRUE(watch->has_ended());
  Asker late;
  scrape(late);
  stage.settle();
  EXPECT_TRUE(late.answered) << "nobody waits for one who has stopped";
}

// Whatever it waits for at that moment.
TEST_F(Watching, StopAtAnyMomentEndsEverythingAtOnce) {
  stage.server.replies["OFTEN"].takes = 50ms;
  for (auto moment = 0ms; moment < 200ms; moment += 7ms) {
    make(setup_of({server_named("pg-1"), server_named("pg-2")}));
    Asker asker;
    std::optional<http::ProbeAnswer> answer;
    scrape(asker);
    probe(answer, "pg-1");
    stage.run_for(moment);
    watch->stop();
    stage.settle();
    EXPECT_TRUE(watch->has_ended()) << moment.count();
    EXPECT_TRUE(asker.answered && answer) << moment.count();
    watch.reset();
    EXPECT_EQ(stage.server.open, 0) << "no connection is left";
  }
}

TEST_F(Watching, ReloadKeepsTheConnectionsOfWhatStaysAndClosesThoseOfWhatGoes) {
  make(setup_of({server_named("pg-1"), server_named("pg-2")}));
  stage.run_for(2s);
  const int logins = stage.server.logins;
  EXPECT_EQ(stage.server.open, 4);
  watch->apply(setup_of({server_named("pg-1")}));
  stage.run_for(3s);
  EXPECT_EQ(stage.server.open, 2);
  EXPECT_EQ(stage.server.logins, logins);
  EXPECT_EQ(watch->servers().size(), 1U);
}

TEST_F(Watching, ReloadInMidRoundLeavesNobodyWaiting) {
  make(setup_of({server_named("pg-1"), server_named("pg-2")}));
  stage.run_for(2s);
  stage.server.replies["OFTEN"].takes = 1h;
  Asker asker;
  scrape(asker);
  stage.run_for(500ms);
  watch->apply(setup_of({}));
  stage.run_for(100ms);
  EXPECT_TRUE(asker.answered) << "nobody of the round is left";
}

TEST_F(Watching, TwoHundredReloadsUnderFourScrapersEndWell) {
  make(setup_of({server_named("pg-1"), server_named("pg-2")}));
  std::vector<Asker> askers(200 * 4);
  for (std::size_t i = 0; i < 200; ++i) {
    watch->apply(
        i % 2 == 0 ? setup_of({server_named("pg-2")})
                   : setup_of({server_named("pg-1"), server_named("pg-2")})
    );
    for (std::size_t j = 0; j < 4; ++j) {
      scrape(askers[i * 4 + j]);
    }
    stage.run_for(30ms);
  }
  stage.run_for(5s);
  EXPECT_TRUE(std::ranges::all_of(askers, &Asker::answered));
  Asker last;
  scrape(last);
  stage.run_for(1s);
  EXPECT_TRUE(has(last, "pg_up{cluster=\"main\",server=\"pg-1\"} 1"));
  EXPECT_EQ(stage.server.open, 4) << "nothing of all those is left";
}

TEST_F(Watching, ProbeOfAKnownServerHasItsSeriesWithoutItsLabels) {
  make(setup_of({server_named("pg-1")}));
  stage.run_for(2s);
  std::optional<http::ProbeAnswer> answer;
  probe(answer, "pg-1");
  stage.run_for(500ms);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_NE(answer->text.find("\nn_often 1\n"), std::string::npos) << answer->text;
}

TEST_F(Watching, ProbeOfAStrangerLeavesNoConnection) {
  pgrepl::Setup setup = setup_of({});
  setup.config.probe.allowed_targets = {"10.0.0.9:*"};
  make(std::move(setup));
  stage.run_for(1s);
  std::optional<http::ProbeAnswer> answer;
  probe(answer, "10.0.0.9:5432");
  stage.run_for(3s);
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->text.find("probe_success 1"), std::string::npos) << answer->text;
  EXPECT_EQ(stage.server.open, 0);
}

TEST_F(Watching, ExceptionInATickCostsThatTickAndIsOnThePage) {
  make(setup_of({server_named("pg-1")}));
  stage.run_for(2s);
  bool thrown = false;
  stage.server.heard = [&thrown](const std::string& sql) {
    if (sql == "TICK" && !std::exchange(thrown, true)) {
      throw std::runtime_error{"out of memory"};
    }
  };
  stage.run_for(5s);
  ASSERT_TRUE(thrown);
  Asker asker;
  scrape(asker);
  stage.run_for(1s);
  EXPECT_TRUE(has(asker, "pg_exporter_task_failures_total{task=\"tick\"} 1"));
  EXPECT_TRUE(has(asker, "pg_up{cluster=\"main\",server=\"pg-1\"} 1")) << "it goes on";
}

TEST_F(Watching, ExceptionInARoundCostsThatRoundAndIsOnThePage) {
  make(setup_of({server_named("pg-1")}));
  stage.run_for(2s);
  bool thrown = false;
  stage.server.heard = [&thrown](const std::string& sql) {
    if (sql == "OFTEN" && !std::exchange(thrown, true)) {
      throw std::runtime_error{"out of memory"};
    }
  };
  Asker asker;
  scrape(asker);
  stage.run_for(4s);
  ASSERT_TRUE(asker.answered);
  EXPECT_TRUE(has(asker, "pg_exporter_task_failures_total{task=\"round\"} 1"));
  Asker next;
  scrape(next);
  stage.run_for(1s);
  EXPECT_TRUE(has(next, "n_often{")) << "the next round is whole";
}

TEST_F(Watching, ProbersAndSourcesAreStartedAndStoppedByReloads) {
  pgrepl::Setup setup = setup_of({});
  setup.config.clusters[0].endpoints = {{.name = "rw", .conninfo = {}}};
  setup.config.clusters[0].discovery = {
      config::DnsDiscovery{.name = "tasks.pg", .login = {}, .refresh = 1s}};
  make(setup);
  stage.run_for(3s);
  EXPECT_GT(stage.world.simple_logins, 2);
  EXPECT_GT(stage.world.look_ups, 2);
  watch->apply(setup_of({}));
  stage.run_for(2s);
  const auto before = std::pair{stage.world.simple_logins, stage.world.look_ups};
  stage.run_for(10s);
  EXPECT_EQ((std::pair{stage.world.simple_logins, stage.world.look_ups}), before);
}

}  // namespace
}  // namespace pgrepl::watch
