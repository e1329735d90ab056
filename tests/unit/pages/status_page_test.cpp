#include "pages/status_page.h"

#include "pages/html.h"
#include "unit/pages/picture_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::pages {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string page_of(const WatchedCluster& watched, const cluster::EventLog& log = {}) {
  return status_page(picture_of({watched}), log, "/metrics");
}

TEST(EscapeHtml, NothingCanEndAnElementOrAnAttribute) {
  EXPECT_EQ(
      escape_html("<a href=\"x\" title='y'>&"),
      "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;"
  );
  EXPECT_EQ(escape_html("a\nb\x01\x7f"), "a b&#xfffd;&#xfffd;");
  EXPECT_EQ(escape_html("größer"), "größer");
}

TEST(StatusPage, HealthyClusterSaysSo) {
  const auto page = page_of(healthy_pair());
  EXPECT_THAT(page, HasSubstr("All is well: 2 servers in 1 cluster"));
  EXPECT_THAT(page, HasSubstr("No problems."));
  EXPECT_THAT(page, HasSubstr("<span class=\"badge\">healthy</span>"));
  EXPECT_THAT(page, HasSubstr("as of <time datetime=\"2023-11-14T22:13:20.000Z\">"));
  EXPECT_THAT(page, HasSubstr("Nothing has happened since the start."));
}

TEST(StatusPage, StandbyStandsInTheListOfItsUpstreamWithLagStateAndEvidence) {
  const auto page = page_of(lagging_pair(5, 2048));
  const auto primary_at = page.find("<h3><bdi>pg-1</bdi></h3>");
  const auto list_at = page.find("<ul>", primary_at);
  const auto standby_at = page.find("<h3><bdi>pg-2</bdi></h3>", list_at);
  ASSERT_NE(primary_at, std::string::npos);
  ASSERT_NE(standby_at, std::string::npos);
  const std::string edge = page.substr(list_at, standby_at - list_at);
  EXPECT_THAT(edge, HasSubstr("replicates from <bdi>pg-1</bdi>"));
  EXPECT_THAT(edge, HasSubstr("<span class=\"state\">streaming</span>"));
  EXPECT_THAT(edge, HasSubstr("<span class=\"lag\">5 s</span> <span class=\"bytes\">2 kB</span>"));
  EXPECT_THAT(edge, HasSubstr("slot <bdi>pg_2</bdi>"));
}

TEST(StatusPage, SynchronousStandbyIsMarked) {
  WatchedCluster made = healthy_pair();
  made.cluster.servers[0].sample.tick->reading.senders[0].sync_state = "quorum";
  EXPECT_THAT(page_of(made), HasSubstr("<span class=\"sync\">quorum</span>"));
  EXPECT_THAT(page_of(healthy_pair()), Not(HasSubstr("class=\"sync\"")));
}

TEST(StatusPage, ProblemIsASentenceWithAnAdviceAndMarksItsServer) {
  const auto page = page_of(lagging_pair(60, 2048));
  EXPECT_THAT(page, HasSubstr("1 problem: 2 servers in 1 cluster"));
  EXPECT_THAT(page, HasSubstr("<bdi>pg-2 is 1 min (2 kB) behind the primary</bdi>.</span>"));
  EXPECT_THAT(page, HasSubstr("Compare its network, disk and load with its upstream&#39;s."));
  EXPECT_THAT(page, HasSubstr("<li class=\"server warning\">"));
  EXPECT_THAT(page, HasSubstr("<span class=\"look\">warning</span>"));
}

TEST(StatusPage, ServerThatDoesNotAnswerIsShownWithTheReason) {
  const auto page = page_of(watched("c", {primary("a").at("0/1"), standby("b").down()}));
  EXPECT_THAT(page, HasSubstr("down: refused"));
  EXPECT_THAT(page, HasSubstr("never seen"));
  EXPECT_THAT(page, HasSubstr("upstream unknown"));
}

TEST(StatusPage, SlotWithoutAConsumerOpensTheTable) {
  WatchedCluster made = healthy_pair();
  made.cluster.servers[0].slots = {
      {.slot = {.name = "pg_9", .type = "physical", .active = false, .wal_status = "extended"},
       .retained_bytes = 3 << 20,
       .time_to_loss = {},
       .inactive = cluster::Seconds{90}}};
  const auto page = page_of(made);
  EXPECT_THAT(page, HasSubstr("open><summary>1 slot, 1 at risk</summary>"));
  EXPECT_THAT(page, HasSubstr("nobody for 1 min 30 s</td><td>3 MB</td><td>extended</td>"));
}

TEST(StatusPage, EndpointsShowWhereTheyLead) {
  WatchedCluster made = healthy_pair();
  made.cluster.endpoints = {
      {.probe =
           {.name = "write<",
            .reading = cluster::EndpointReading{},
            .duration = cluster::Seconds{0.003}},
       .ok = true,
       .server = "pg-1"}};
  EXPECT_THAT(
      page_of(made),
      HasSubstr("<dt>Endpoint <bdi>write&lt;</bdi></dt><dd><bdi>pg-1</bdi>, 3 ms ✓</dd>")
  );
}

TEST(StatusPage, PgBouncersShowWhereTheirDatabasesLead) {
  WatchedCluster made = healthy_pair();
  auto& status = made.cluster.pgbouncers.emplace_back();
  status.probe.name = "b<";
  EXPECT_THAT(
      page_of(made), HasSubstr("<dt>PgBouncer <bdi>b&lt;</bdi></dt><dd>not tried yet</dd>")
  );
  status.probe.reading = cluster::PgBouncerReading{};
  status.routes = {
      {.database = "app<", .servers = {"pg-1"}, .leads_to_primary = true, .evidence = ""},
      {.database = "far", .servers = {}, .leads_to_primary = {}, .evidence = ""}};
  EXPECT_THAT(
      page_of(made),
      HasSubstr("<bdi>app&lt;</bdi> → <bdi>pg-1</bdi>; <bdi>far</bdi> → no known server</dd>")
  );
}

TEST(StatusPage, LastEventsAreTheNewestFirstAndNotAll) {
  cluster::EventLog log;
  for (int i = 0; i < 30; ++i) {
    log.note(
        {1.7e9 + i, "c", {cluster::EventKind::ServerUp, "s", "event " + std::to_string(i) + "."}}
    );
  }
  const auto page = page_of(healthy_pair(), log);
  EXPECT_LT(page.find("event 29."), page.find("event 28."));
  EXPECT_THAT(page, HasSubstr("event 10."));
  EXPECT_THAT(page, Not(HasSubstr("event 9.")));
}

// Every text that a server or a configuration chooses.
TEST(StatusPage, HostileTextIsOnlyText) {
  const std::string hostile = "</span><script>alert('x')</script>\" onload=\"";
  auto made = watched(
      hostile,
      {primary(hostile).at("0/200").sends(sender(hostile).slot(hostile).replayed("0/100")),
       standby("b" + hostile).replayed("0/100").receives_from(hostile, hostile, hostile),
       standby("c" + hostile).down()}
  );
  made.cluster.servers[2].sample.failure->message = hostile;
  made.cluster.servers[0].sample.tick->reading.senders[0].sync_state = hostile;
  made.cluster.servers[0].slots = {
      {.slot = {.name = hostile, .type = hostile, .wal_status = hostile},
       .retained_bytes = {},
       .time_to_loss = {},
       .inactive = {}}};
  made.cluster.best_candidate = hostile;
  made.cluster.anomalies = {{cluster::Anomaly::UnknownStandby, hostile}};
  cluster::EventLog log;
  log.note({1, hostile, {cluster::EventKind::ServerDown, hostile, hostile}});
  const auto page = page_of(made, log);
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
  EXPECT_THAT(page, Not(HasSubstr("\" onload")));
}

TEST(StatusPage, NothingComesFromOutside) {
  const auto page = page_of(healthy_pair());
  for (const std::string_view text : {std::string_view{page}, status_css(), status_js()}) {
    EXPECT_EQ(text.find("http:"), std::string_view::npos);
    EXPECT_EQ(text.find("https:"), std::string_view::npos);
    EXPECT_EQ(text.find("url("), std::string_view::npos);
  }
  EXPECT_THAT(page, Not(HasSubstr("style=")));
  EXPECT_THAT(page, HasSubstr("<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>"));
}

}  // namespace
}  // namespace pgrepl::pages
