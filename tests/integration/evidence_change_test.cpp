// Servers that vanish, come back as something else, or answer late, on real servers.
#include "integration/evidence_stage.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>

namespace pgrepl::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point then) {
  return std::chrono::duration<double>{Clock::now() - then}.count();
}

class EvidenceChange : public EvidenceStage {
 protected:
  [[nodiscard]] double failovers() const {
    return exporter().value("pg_cluster_failovers_total").value_or(-1);
  }
};

// Case 20. The standby may have had the commit; it had not, and the interval holds the truth.
TEST_F(EvidenceChange, StandbyThatVanishedIsBehindFromTheCommitItMissed) {
  PgCluster cluster{};
  PgServer& standby = cluster.add_standby({.name = "pg-2"});
  write(cluster.primary(), 10);
  cluster.wait_until_caught_up(standby);
  watch_servers({&cluster.primary(), &standby});
  ASSERT_TRUE(becomes(standby, "streaming"));
  standby.kill();
  ASSERT_TRUE(wait_until([&] {
    return cluster.primary().query_value("SELECT count(*) FROM pg_stat_replication") == "0";
  }));
  const auto committed = Clock::now();
  write(cluster.primary());
  ASSERT_TRUE(becomes(standby, "unreachable")) << problems();
  ASSERT_TRUE(wait_until([&] { return lag(standby).value_or(0) > 3; }));
  const double before = seconds_since(committed);
  const auto page = exporter().scrape();
  const double after = seconds_since(committed);
  const Labels labels{{"server", name_of(standby)}};
  const double value = find_value(page, "pg_standby_lag_seconds", labels).value_or(-1);
  const double within = find_value(page, "pg_standby_lag_uncertainty_seconds", labels).value_or(99);
  EXPECT_NEAR(value, before, 1.5);
  EXPECT_LE(value - within, after);
  EXPECT_GE(value + within, before);
  EXPECT_LT(within, 3);
}

// Case 23.
TEST_F(EvidenceChange, PrimaryWithALeftOverSignalIsTheOneThatIsNamed) {
  PgCluster cluster{};
  PgServer& primary = cluster.primary();
  PgServer& standby = cluster.add_standby({.name = "pg-2"});
  watch_servers({&primary, &standby});
  ASSERT_TRUE(becomes(standby, "streaming"));
  primary.stop();
  std::ofstream{primary.data_directory() / "standby.signal"} << "";
  primary.start();
  ASSERT_TRUE(shows("no_primary"));
  const std::string wanted = name_of(primary) + ", the primary until now, is in recovery";
  EXPECT_TRUE(wait_until([&] { return problems().find(wanted) != std::string::npos; }))
      << problems();
  EXPECT_NE(problems().find("standby.signal"), std::string::npos) << problems();
  EXPECT_EQ(problems().find("SELECT pg_promote()"), std::string::npos) << problems();
}

// Case 26.
TEST_F(EvidenceChange, FrozenStandbyIsNoUnknownOneForANewExporter) {
  PgCluster cluster{};
  PgServer& standby = cluster.add_standby({.name = "pg-2"});
  cluster.wait_until_caught_up(standby);
  standby.freeze();
  watch_servers({&cluster.primary(), &standby});
  ASSERT_TRUE(wait_until([&] { return state(standby) == "never_seen"; })) << problems();
  write(cluster.primary(), 10);
  EXPECT_TRUE(wait_until([&] { return lag(standby).value_or(0) > 2; })) << "by its upstream";
  EXPECT_EQ(events_with("unknown_standby"), 0U);
  standby.thaw();
  EXPECT_TRUE(becomes(standby, "streaming")) << problems();
}

// Case 30. What is remembered of the stray timeline goes with the data directory it was in.
TEST_F(EvidenceChange, StrayPromotionThatIsTakenBackLeavesNothingBehind) {
  PgCluster cluster{};
  PgServer& leader = cluster.primary();
  PgServer& stray = cluster.add_standby({.name = "pg-2"});
  PgServer& other = cluster.add_standby({.name = "pg-3"});
  watch_servers({&leader, &stray, &other});
  ASSERT_TRUE(becomes(stray, "streaming"));
  stray.promote();
  write(stray, 10);
  ASSERT_TRUE(wait_until([&] {
    return exporter().value("pg_server_timeline", {{"server", name_of(stray)}}) == 2;
  }));
  const double before = failovers();
  cluster.rebuild(stray, {.name = "pg-2"});
  for (int i = 0; i < 3; ++i) {
    write(leader, 10);
    EXPECT_TRUE(becomes(stray, "streaming")) << problems();
    EXPECT_TRUE(becomes(other, "streaming")) << problems();
  }
  EXPECT_TRUE(wait_until([&] { return check(leader, "primary") == 200; })) << problems();
  EXPECT_LT(lag(stray).value_or(99), 2);
  for (const char* anomaly : {"split_brain", "stale_primary", "timeline_divergence"}) {
    EXPECT_FALSE(has(anomaly)) << problems();
  }
  cluster.wait_until_caught_up(other);
  leader.stop();
  other.promote();
  EXPECT_TRUE(wait_until([&] { return check(other, "primary") == 200; })) << problems();
  EXPECT_TRUE(wait_until([&] { return failovers() > before; })) << "the next one counts";
}

// Case 27. A walsender that lives for a blink, five times a second.
TEST_F(EvidenceChange, DivergedStandbyThatRetriesIsToldOnce) {
  PgCluster cluster{};
  PgServer& old = cluster.primary();
  PgServer& heir = cluster.add_standby({.name = "pg-2"});
  heir.follow(1);
  write(old, 200);
  old.stop(Shutdown::Immediate);
  heir.promote();
  write(heir, 1000);
  make_standby_of(old, heir);
  old.start();
  watch_servers({&old, &heir});
  ASSERT_TRUE(becomes(old, "diverged")) << problems();
  for (int i = 0; i < 25; ++i) {
    write(heir);
    ASSERT_EQ(state(old), "diverged");
    std::this_thread::sleep_for(200ms);
  }
  EXPECT_EQ(events_with("is diverged"), 1U);
  EXPECT_EQ(events_with("unknown_standby"), 0U);
}

// Case 25. The round takes 2.5 seconds on one of them; ticks go on meanwhile.
class EvidenceSlowRound : public EvidenceChange,
                          public ::testing::WithParamInterface<const char*> {};

TEST_P(EvidenceSlowRound, LagIsWhatTheTicksKnow) {
  PgCluster cluster{};
  PgServer& standby = cluster.add_standby({.name = "pg-2"});
  const TemporaryDirectory folder;
  const auto queries = folder.path() / "slow.yaml";
  std::ofstream{queries} << "slow:\n  query: \"SELECT 1 AS n FROM pg_sleep(2.5) WHERE "
                         << GetParam() << "\"\n  metrics: [{ n: { usage: GAUGE } }]\n";
  watch_file(
      "sampling: { timeout: 6s, statement_timeout: 5s }\nclusters:\n  - servers:\n      - " +
          entry_of(cluster.primary()) + "\n      - " + entry_of(standby) + "\n",
      {"--extend.query-path=" + queries.string()}
  );
  ASSERT_TRUE(becomes(standby, "streaming"));
  std::atomic<bool> over{false};
  std::thread writing{[&] {
    while (!over) {
      write(cluster.primary());
      std::this_thread::sleep_for(50ms);
    }
  }};
  for (int i = 0; i < 3; ++i) {
    const auto began = Clock::now();
    const auto page = exporter().scrape();
    const Labels labels{{"server", name_of(standby)}};
    EXPECT_GT(seconds_since(began), 2) << "the query is slow";
    EXPECT_LT(find_value(page, "pg_standby_lag_seconds", labels).value_or(99), 1);
    EXPECT_LT(find_value(page, "pg_standby_lag_uncertainty_seconds", labels).value_or(99), 2.5);
  }
  over = true;
  writing.join();
}

INSTANTIATE_TEST_SUITE_P(
    Role,
    EvidenceSlowRound,
    ::testing::Values("NOT pg_is_in_recovery()", "pg_is_in_recovery()"),
    [](const auto& role) { return role.index == 0 ? "Primary" : "Standby"; }
);

// A second site is promoted while the first one goes on.
TEST_F(EvidenceChange, SiteThatIsPromotedBesideItsOriginIsTold) {
  PgCluster cluster{};
  PgServer& site = cluster.add_standby({.name = "dr-1"});
  watch_file(
      "clusters:\n  - name: dr\n    follows: main\n    servers:\n      - " + entry_of(site) +
      "\n  - name: main\n    servers:\n      - " + entry_of(cluster.primary()) + "\n"
  );
  const auto of_site = [&](const char* series, Labels labels) {
    labels.emplace("cluster", "dr");
    return exporter().value(series, labels);
  };
  const auto two_origins = [&] {
    return of_site("pg_cluster_anomaly", {{"anomaly", "two_origins"}}) == 1;
  };
  ASSERT_TRUE(becomes(site, "streaming")) << problems();
  EXPECT_EQ(of_site("pg_cluster_role", {{"role", "standby"}}), 1);
  EXPECT_EQ(of_site("pg_cluster_anomaly", {{"anomaly", "no_primary"}}), 0);
  EXPECT_FALSE(two_origins());
  site.promote();
  EXPECT_TRUE(wait_until(two_origins)) << problems();
  EXPECT_NE(problems().find("which it is configured to follow"), std::string::npos) << problems();
  cluster.primary().stop();
  EXPECT_TRUE(wait_until([&] { return !two_origins(); })) << "what the site is there for";
}

// Case 24.
class EvidenceRebuilt : public EvidenceByMajor {
 protected:
  // As `initdb` at the same place: another server's data under this one's settings.
  static void take_data_of(PgServer& server, const PgServer& other) {
    const fs::path settings = server.data_directory() / "testkit.conf";
    const fs::path kept = server.data_directory().string() + ".conf";
    fs::rename(settings, kept);
    fs::remove_all(server.data_directory());
    const std::string from = other.data_directory().string();
    ASSERT_EQ(std::system(("cp -a " + from + " " + server.data_directory().string()).c_str()), 0);
    fs::rename(kept, settings);
  }
};

TEST_P(EvidenceRebuilt, ClusterOfAnotherInitdbIsAFreshOne) {
  PgCluster cluster{{.major = GetParam()}};
  PgServer& heir = cluster.add_standby({.name = "pg-2"});
  cluster.primary().stop();
  heir.promote();
  write(heir, 3000);
  watch_servers({&heir});
  ASSERT_TRUE(wait_until([&] { return exporter().value("pg_cluster_timeline") == 2; }));
  heir.stop();
  {
    PgCluster fresh{{.major = GetParam()}};
    fresh.primary().stop();
    take_data_of(heir, fresh.primary());
  }
  heir.start();
  EXPECT_TRUE(wait_until([&] { return events_with("the cluster was rebuilt") == 1; }))
      << problems();
  EXPECT_TRUE(wait_until([&] { return check(heir, "primary") == 200; })) << problems();
  EXPECT_EQ(exporter().value("pg_cluster_timeline"), 1);
  for (const char* anomaly : {"stale_primary", "primary_rewound", "no_primary"}) {
    EXPECT_FALSE(has(anomaly)) << problems();
  }
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EvidenceRebuilt);
INSTANTIATE_TEST_SUITE_P(Majors, EvidenceRebuilt, evidence_majors(), name_of_major);

}  // namespace
}  // namespace pgrepl::testing
