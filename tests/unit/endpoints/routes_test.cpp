// What each path answers to each kind of asker.
#include "endpoints/endpoints.h"
#include "unit/endpoints/fixed_source.h"
#include "unit/pages/picture_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace pgrepl::http {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::json;

std::string header_of(const Response& response, const std::string& name) {
  std::string values;
  for (const auto& [each, value] : response.headers) {
    values += each == name ? (values.empty() ? "" : " and ") + value : "";
  }
  return values;
}

class Routes : public ::testing::Test {
 protected:
  Routes() {
    source.seen =
        std::make_shared<pages::Picture>(pages::picture_of({pages::lagging_pair(5, 2048)}));
    show("pg_up 1\n");
  }

  // A round whose page is this.
  void show(std::string page) {
    Snapshot round;
    round.page = std::move(page);
    round.taken = source.seen->taken;
    source.snapshot = std::make_shared<Snapshot>(std::move(round));
  }

  [[nodiscard]] Response ask(
      const std::string& path,
      const std::string& query = {},
      std::map<std::string, std::string> headers = {},
      const std::string& method = "GET"
  ) {
    return make_handler(source, site)({method, path, query, std::move(headers)});
  }

  FixedSource source;
  Site site{"/metrics"};
};

TEST_F(Routes, KnowTheirMethods) {
  for (const char* path :
       {"/",
        "/metrics",
        "/probe",
        "/sd",
        "/-/healthy",
        "/-/ready",
        "/api/v1/clusters",
        "/api/v1/events",
        "/servers/pg-1/primary",
        "/status.css",
        "/status.js",
        "/nothing"}) {
    for (const char* method : {"POST", "PUT", "DELETE", "PATCH"}) {
      const Response refused = ask(path, "target=x", {}, method);
      EXPECT_EQ(refused.status, 405) << method << path;
      EXPECT_EQ(header_of(refused, "Allow"), "GET, HEAD, OPTIONS") << method << path;
    }
    const Response options = ask(path, {}, {}, "OPTIONS");
    EXPECT_EQ(options.status, 200) << path;
    EXPECT_EQ(options.content(), "") << path;
  }
  EXPECT_EQ(source.reloads, 0);
}

TEST_F(Routes, ArePathsAndNotTheirBeginnings) {
  for (const char* path :
       {"/metrics/",
        "/metricsx",
        "/Metrics",
        "/probe/",
        "/sd/x",
        "/-/healthy/",
        "/-/",
        "/-/reload/",
        "/status",
        "/status.css/",
        "/api/v1",
        "/api/v1/clusters/c",
        "/servers",
        "/favicon.ico"}) {
    EXPECT_EQ(ask(path).status, 404) << path;
    EXPECT_THAT(std::string{ask(path).content()}, HasSubstr("metrics are at /metrics")) << path;
  }
}

TEST_F(Routes, TelemetryPathIsTheOneThatWasSet) {
  site.telemetry_path = "/m";
  EXPECT_EQ(ask("/m").content(), "pg_up 1\n");
  EXPECT_EQ(ask("/metrics").status, 404);
  EXPECT_THAT(ask("/").body, HasSubstr("<a href=\"m\">Metrics</a>"));
  site.telemetry_path = "/";
  EXPECT_EQ(ask("/").content(), "pg_up 1\n") << "the metrics come before the page for people";
}

TEST_F(Routes, MetricsWaitAsLongAsTheScraperSays) {
  (void)ask("/metrics", {}, {{"x-prometheus-scrape-timeout-seconds", "10"}});
  EXPECT_EQ(source.asked_for, 9s);
  (void)ask("/metrics");
  EXPECT_EQ(source.asked_for, 1min);
  (void)ask("/metrics", {}, {{"x-prometheus-scrape-timeout-seconds", "0.001"}});
  EXPECT_EQ(source.asked_for, 0ms) << "who cannot wait waits for nothing";
}

TEST_F(Routes, MetricsWithoutASelectionAreAllOfThem) {
  (void)ask("/metrics", "x=y&collect=wal");
  EXPECT_THAT(source.selected.groups, IsEmpty());
  (void)ask("/metrics", "collect[]=&collect[]=wal%20x");
  EXPECT_THAT(source.selected.groups, ElementsAre("", "wal x"));
}

TEST_F(Routes, MistakeOfASelectionIsNoPage) {
  source.snapshot =
      std::make_shared<Snapshot>(Snapshot{.page = "pg_up 1\n", .mistake = "no group"});
  const Response response =
      ask("/metrics", {}, {{"accept", "application/openmetrics-text"}, {"accept-encoding", "gzip"}}
      );
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content(), "no group\n");
  EXPECT_EQ(response.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(header_of(response, "Content-Encoding"), "");
}

TEST_F(Routes, PageIsSharedAndNotCopied) {
  const Response first = ask("/metrics");
  const Response second = ask("/metrics");
  EXPECT_EQ(first.page.get(), &source.snapshot->page);
  EXPECT_EQ(second.page.get(), first.page.get());
}

TEST_F(Routes, CompressionAndFormatGoTogether) {
  show(
      "# TYPE pg_up gauge\n" + std::string(200, '#') + "\npg_up 1\n" + std::string(2000, '#') + "\n"
  );
  const std::string gzip = "\x1f\x8b";
  const std::string openmetrics = "application/openmetrics-text; version=1.0.0";
  const Response both = ask("/metrics", {}, {{"accept", openmetrics}, {"accept-encoding", "gzip"}});
  EXPECT_TRUE(both.content().starts_with(gzip));
  EXPECT_EQ(header_of(both, "Content-Encoding"), "gzip");
  EXPECT_THAT(both.content_type, HasSubstr("openmetrics"));
  EXPECT_EQ(both.page, nullptr);
  const Response plain = ask("/metrics", {}, {{"accept-encoding", "gzip;q=0"}});
  EXPECT_EQ(plain.content(), source.snapshot->page);
  EXPECT_EQ(header_of(plain, "Content-Encoding"), "");
}

TEST_F(Routes, EveryAnswerHasOneVary) {
  for (const auto& [path, vary] :
       {std::pair{"/metrics", "Accept, Accept-Encoding"},
        std::pair{"/probe", "Accept, Accept-Encoding"},
        std::pair{"/", "Accept-Encoding"},
        std::pair{"/sd", "Accept-Encoding"},
        std::pair{"/api/v1/clusters", "Accept-Encoding"},
        std::pair{"/nothing", "Accept-Encoding"}}) {
    EXPECT_EQ(header_of(ask(path), "Vary"), vary) << path;
    EXPECT_EQ(header_of(ask(path, {}, {}, "POST"), "Vary"), vary) << path;
  }
}

TEST_F(Routes, ProbeAsksForOneTarget) {
  const Response answer =
      ask("/probe",
          "target=pg-1%3A5432&cluster=c+d&auth_module=m",
          {{"x-prometheus-scrape-timeout-seconds", "5"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content(), "pg_up 1\n");
  EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(source.probed.target, "pg-1:5432");
  EXPECT_EQ(source.probed.cluster, "c d");
  EXPECT_EQ(source.probed.auth_module, "m");
  (void)ask("/probe", "target=a&target=b");
  EXPECT_EQ(source.probed.target, "a");
  EXPECT_FALSE(source.probed.cluster);
  EXPECT_FALSE(source.probed.auth_module);
}

TEST_F(Routes, ProbeWithoutATargetAsksNobody) {
  for (const char* query : {"", "target", "target=", "Target=x", "x=target"}) {
    const Response answer = ask("/probe", query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_THAT(answer.body, HasSubstr("target is required")) << query;
  }
  EXPECT_EQ(source.probed.target, "");
}

TEST_F(Routes, ProbeThatIsRefusedSaysWhyInPlainText) {
  for (const int status : {400, 403, 404, 503}) {
    source.probe_answer = {.status = status, .text = "not this one\n"};
    const Response answer = ask("/probe", "target=x", {{"accept", "application/openmetrics-text"}});
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.content(), "not this one\n");
    EXPECT_EQ(answer.content_type, "text/plain; charset=utf-8");
  }
}

TEST_F(Routes, ProbeIsInOpenMetricsForThoseWhoAskForIt) {
  source.probe_answer.text = "# TYPE pg_up gauge\npg_up 1\n";
  const Response answer = ask("/probe", "target=x", {{"accept", "application/openmetrics-text"}});
  EXPECT_EQ(answer.content(), "# TYPE pg_up gauge\npg_up 1\n# EOF\n");
}

TEST_F(Routes, HealthIsOfTheLoopAndReadinessOfTheFirstRound) {
  EXPECT_EQ(ask("/-/healthy").content(), "Healthy\n");
  EXPECT_EQ(ask("/-/ready").content(), "Ready\n");
  source.responsive = false;
  EXPECT_EQ(ask("/-/healthy").status, 503);
  EXPECT_THAT(std::string{ask("/-/healthy").content()}, HasSubstr("does not turn"));
  source.snapshot = nullptr;
  EXPECT_EQ(ask("/-/ready").status, 503);
  EXPECT_EQ(source.asked_for, 0ms) << "neither asks for a round";
}

TEST_F(Routes, ReloadSaysWhatStandsInItsWay) {
  EXPECT_EQ(ask("/-/reload", {}, {}, "GET").status, 405);
  EXPECT_EQ(ask("/-/reload", {}, {}, "DELETE").status, 405);
  const Response off = ask("/-/reload", {}, {}, "POST");
  EXPECT_EQ(off.status, 403);
  EXPECT_THAT(off.body, HasSubstr("--web.enable-lifecycle"));
  site.lifecycle = true;
  EXPECT_EQ(ask("/-/reload", {}, {}, "PUT").status, 200);
  EXPECT_EQ(ask("/-/reload", "x=y", {}, "POST").status, 200);
  EXPECT_EQ(source.reloads, 2);
  for (const char* site_of_request : {"cross-site", "same-site", "nonsense"}) {
    EXPECT_EQ(ask("/-/reload", {}, {{"sec-fetch-site", site_of_request}}, "POST").status, 403);
  }
  EXPECT_EQ(ask("/-/reload", {}, {{"sec-fetch-site", "none"}}, "POST").status, 200);
  EXPECT_EQ(ask("/-/reload", {}, {{"origin", "http://h"}}, "POST").status, 403) << "without Host";
  EXPECT_EQ(ask("/-/reload", {}, {{"origin", "//h"}, {"host", "h"}}, "POST").status, 403);
  EXPECT_EQ(source.reloads, 3);
}

TEST_F(Routes, PictureIsFreshOrThereIsNone) {
  source.snapshot = nullptr;
  EXPECT_EQ(ask("/").status, 503) << "no round, and none comes about";
  EXPECT_EQ(source.asked_for, 1min);
  show("");
  source.seen = nullptr;
  EXPECT_EQ(ask("/").status, 503);
  EXPECT_EQ(ask("/api/v1/clusters").status, 503);
  EXPECT_EQ(ask("/sd", {}, {{"host", "h"}}).status, 503);
  EXPECT_THAT(ask("/sd", {}, {{"host", "h"}}).body, HasSubstr("nothing to show"));
}

TEST_F(Routes, ServiceDiscoveryNeedsAHost) {
  EXPECT_EQ(ask("/sd", {}, {{"host", ""}}).status, 400);
  const Response answer = ask("/sd", {}, {{"host", "a\"b\n"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(Json::parse(answer.body)[0]["targets"][0], "a\"b\n") << "it is quoted as JSON is";
}

TEST_F(Routes, PagesForPeopleAndProgramsAreNotKept) {
  EXPECT_EQ(header_of(ask("/"), "Cache-Control"), "no-store");
  EXPECT_EQ(header_of(ask("/"), "Referrer-Policy"), "no-referrer");
  EXPECT_EQ(header_of(ask("/api/v1/clusters"), "Cache-Control"), "no-store");
  EXPECT_EQ(header_of(ask("/api/v1/events"), "Cache-Control"), "no-store");
  EXPECT_EQ(header_of(ask("/status.css"), "Cache-Control"), "no-cache");
  EXPECT_EQ(header_of(ask("/status.js"), "Cache-Control"), "no-cache");
}

TEST_F(Routes, EventsHaveALimitThatIsANumber) {
  cluster::EventLog log;
  for (int i = 0; i < 5; ++i) {
    log.note({static_cast<double>(i), "c", {cluster::EventKind::ServerUp, "pg-1", "answers"}});
  }
  source.log = std::make_shared<cluster::EventLog>(log);
  const auto count = [this](const std::string& query) {
    return Json::parse(ask("/api/v1/events", query).body)["events"].size();
  };
  EXPECT_EQ(count("limit=2"), 2U);
  EXPECT_EQ(count("limit=0"), 0U);
  EXPECT_EQ(count("limit=99"), 5U);
  EXPECT_EQ(count("cluster=c"), 5U);
  EXPECT_EQ(count("cluster=d"), 0U);
  for (const char* wrong :
       {"limit=", "limit=-1", "limit=1.5", "limit=+1", "limit=99999999999999999999"}) {
    EXPECT_EQ(ask("/api/v1/events", wrong).status, 400) << wrong;
  }
}

TEST_F(Routes, ChecksTakeBoundsFromTheQueryAlone) {
  EXPECT_EQ(ask("/servers/pg-2/replica", "max_lag=5s&max_bytes=2048").status, 200);
  for (const char* wrong : {"max_lag=", "max_lag=5", "max_lag=-5s", "max_bytes=", "max_bytes=-1"}) {
    EXPECT_EQ(ask("/servers/pg-2/replica", wrong).status, 400) << wrong;
    EXPECT_EQ(ask("/servers/pg-1/primary", wrong).status, 400) << wrong;
  }
  const Response far = ask("/servers/pg-2/replica", "max_lag=1s");
  EXPECT_EQ(far.status, 503);
  EXPECT_TRUE(far.body.ends_with("\n"));
  EXPECT_EQ(ask("/servers/pg-2/replica", "cluster=d").status, 404);
  EXPECT_EQ(ask("/servers/pg-2/replica/x").status, 404);
  EXPECT_EQ(source.asked_for, 0ms) << "checks cause no rounds";
}

}  // namespace
}  // namespace pgrepl::http
