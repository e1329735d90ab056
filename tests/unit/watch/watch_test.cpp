#include "unit/watch/watch_fixture.h"

namespace pgrepl::watch {
namespace {

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

TEST_F(Watching, MemoryIsGivenBackAfterPagesOnly) {
  int given_back = 0;
  Host host{.version = "1"};
  host.give_memory_back = [&given_back] { given_back += 1; };
  make(setup_of({server_named("pg-1")}), std::move(host));
  stage.run_for(10s);
  EXPECT_EQ(given_back, 0) << "nobody asked for a page";
  std::vector<Asker> askers(5);
  for (Asker& asker : askers) {
    scrape(asker);
  }
  stage.run_for(100ms);
  EXPECT_EQ(given_back, 0) << "not while somebody may wait";
  stage.run_for(5s);
  EXPECT_EQ(given_back, 1);
}

TEST_F(Watching, FirstRoundHasATimeOfItsOwn) {
  make(setup_of({server_named("pg-1")}));
  EXPECT_FALSE(watch->last_round());
  stage.run_for(2s);
  ASSERT_TRUE(watch->last_round());
  const auto first = *watch->last_round();
  stage.run_for(5s);
  EXPECT_EQ(watch->last_round(), first) << "ticks are no rounds";
  Asker asker;
  scrape(asker);
  stage.run_for(500ms);
  EXPECT_GT(*watch->last_round(), first);
}
}  // namespace
}  // namespace pgrepl::watch
