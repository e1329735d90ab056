#include "unit/watch/watch_fixture.h"

#include <stdexcept>
#include <utility>

namespace pgrepl::watch {
namespace {

// While the next page is made, when `throws` is true.
Host host_that_may_throw(bool& throws) {
  Host host{.version = "1"};
  host.read_process = [&throws] {
    if (std::exchange(throws, false)) {
      throw std::runtime_error{"out of memory"};
    }
    return metrics::ProcessFacts{};
  };
  return host;
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

TEST_F(Watching, PageThatCannotBeMadeLeavesNobodyWaitingAndTheNextIsWhole) {
  bool throws = false;
  make(setup_of({server_named("pg-1")}), host_that_may_throw(throws));
  stage.run_for(2s);
  throws = true;
  Asker unlucky;
  scrape(unlucky);
  stage.run_for(500ms);
  ASSERT_TRUE(unlucky.answered);
  EXPECT_EQ(unlucky.snapshot, nullptr);
  Asker next;
  scrape(next);
  stage.run_for(500ms);
  EXPECT_TRUE(has(next, "pg_exporter_task_failures_total{task=\"page\"} 1"));
  EXPECT_TRUE(has(next, "n_often{"));
}

TEST_F(Watching, PageOfAnImpatientReaderThatCannotBeMadeLeavesNobodyWaiting) {
  bool throws = false;
  make(setup_of({server_named("pg-1")}), host_that_may_throw(throws));
  stage.run_for(2s);
  stage.server.replies["OFTEN"].takes = 2s;
  throws = true;
  Asker impatient;
  Asker patient;
  scrape(impatient, 300ms);
  scrape(patient);
  stage.run_for(3s);
  EXPECT_TRUE(impatient.answered);
  EXPECT_TRUE(patient.answered) << "the round cannot be led to its end any more";
  Asker next;
  scrape(next);
  stage.run_for(3s);
  EXPECT_TRUE(has(next, "n_often{"));
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
}  // namespace
}  // namespace pgrepl::watch
