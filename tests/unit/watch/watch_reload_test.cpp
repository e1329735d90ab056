#include "unit/watch/watch_fixture.h"

#include <utility>

namespace pgrepl::watch {
namespace {

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

TEST_F(Watching, ShorterTickOfAReloadCountsAtOnce) {
  pgrepl::Setup slow = setup_of({server_named("pg-1")});
  slow.config.sampling.tick = 60s;
  make(slow);
  stage.run_for(2s);
  watch->apply(setup_of({server_named("pg-1")}));
  stage.run_for(100ms);
  const auto before = watch->picture()->taken;
  stage.run_for(5s);
  EXPECT_GT(watch->picture()->taken, before + 3s) << "not after the minute that was planned";
}

TEST_F(Watching, ReloadInMidRoundChangesTheQueriesOfTheNext) {
  make(setup_of({server_named("pg-1")}));
  stage.run_for(2s);
  stage.server.replies["OFTEN"].takes = 1s;
  Asker during;
  scrape(during);
  stage.run_for(300ms);
  pgrepl::Setup fewer = setup_of({server_named("pg-1")});
  std::erase_if(fewer.catalogue.queries, [](const catalogue::Query& query) {
    return query.name == "hourly";
  });
  watch->apply(std::move(fewer));
  stage.run_for(2s);
  ASSERT_TRUE(during.answered);
  EXPECT_TRUE(has(during, "n_often{")) << "it ends as it began";
  Asker after;
  scrape(after);
  stage.run_for(2s);
  EXPECT_TRUE(has(after, "n_often{"));
  EXPECT_FALSE(has(after, "n_hourly{"));
}

TEST_F(Watching, RefusedSetupIsOnThePageUntilTheNextIsTaken) {
  make(setup_of({server_named("pg-1")}));
  stage.run_for(2s);
  watch->refuse_setup();
  Asker refused;
  scrape(refused);
  stage.run_for(500ms);
  EXPECT_TRUE(has(refused, "pg_exporter_config_last_reload_successful 0"));
  watch->apply(setup_of({server_named("pg-1")}));
  Asker taken;
  scrape(taken);
  stage.run_for(500ms);
  EXPECT_TRUE(has(taken, "pg_exporter_config_last_reload_successful 1"));
}

TEST_F(Watching, LongestRoundIsThatOfTheConfiguration) {
  make(setup_of({}));
  EXPECT_EQ(watch->longest_round(), 3s);
  pgrepl::Setup other = setup_of({});
  other.config.sampling.timeout = 7s;
  watch->apply(std::move(other));
  EXPECT_EQ(watch->longest_round(), 7s);
}
}  // namespace
}  // namespace pgrepl::watch
