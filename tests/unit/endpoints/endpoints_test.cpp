#include "endpoints/endpoints.h"

#include "unit/endpoints/fixed_source.h"

#include <gtest/gtest.h>

namespace pgrepl::http {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const Snapshot> page(std::string text) {
  auto made = std::make_shared<Snapshot>();
  made->page = std::move(text);
  return made;
}

TEST(Endpoints, MetricsAreThePageOfAFreshRound) {
  FixedSource source;
  source.snapshot = page("pg_up 1\n");
  const auto response = make_handler(source, {"/metrics"})(get("/metrics"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content(), "pg_up 1\n");
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
}

TEST(Endpoints, MetricsMayBeSelectedByGroup) {
  FixedSource source;
  source.snapshot = page("pg_up 1\n");
  Request request = get("/metrics");
  request.query = "collect[]=settings&collect%5B%5D=stat_*";
  EXPECT_EQ(make_handler(source, {"/metrics"})(request).status, 200);
  EXPECT_EQ(source.selected.groups, (std::vector<std::string>{"settings", "stat_*"}));
}

TEST(Endpoints, GroupThatDoesNotExistIsSaid) {
  FixedSource source;
  source.snapshot = std::make_shared<Snapshot>(Snapshot{.mistake = "there is no group 'x'"});
  const auto response = make_handler(source, {"/metrics"})(get("/metrics"));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, "there is no group 'x'\n");
}

TEST(Endpoints, MetricsAreCompressedForThoseWhoAccept) {
  FixedSource source;
  source.snapshot = page(std::string(10000, 'a'));
  const auto response =
      make_handler(source, {"/metrics"})(get("/metrics", {{"accept-encoding", "gzip, deflate"}}));
  EXPECT_LT(response.body.size(), 1000U);
  EXPECT_TRUE(response.body.starts_with("\x1f\x8b"));
}

TEST(Endpoints, SmallPagesAreNotCompressed) {
  FixedSource source;
  source.snapshot = page("pg_up 1\n");
  const auto response =
      make_handler(source, {"/metrics"})(get("/metrics", {{"accept-encoding", "gzip"}}));
  EXPECT_EQ(response.content(), "pg_up 1\n");
}

TEST(Endpoints, MetricsAreInOpenMetricsForThoseWhoAskForIt) {
  FixedSource source;
  source.snapshot = page("# TYPE pg_up gauge\npg_up 1\n");
  const auto handler = make_handler(source, {"/metrics"});
  const std::string accept = "application/openmetrics-text;version=1.0.0";
  const auto response = handler(get("/metrics", {{"accept", accept}}));
  EXPECT_EQ(response.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_EQ(response.body, "# TYPE pg_up gauge\npg_up 1\n# EOF\n");
}

TEST(Endpoints, LoopThatDoesNotAnswerIsA503AndNoOldPage) {
  FixedSource source;
  EXPECT_EQ(make_handler(source, {"/metrics"})(get("/metrics")).status, 503);
}

TEST(Endpoints, HealthAndReadiness) {
  FixedSource source;
  const auto handler = make_handler(source, {"/metrics"});
  EXPECT_EQ(handler(get("/-/healthy")).status, 200);
  EXPECT_EQ(handler(get("/-/ready")).status, 503);
  source.snapshot = page("");
  source.responsive = false;
  EXPECT_EQ(handler(get("/-/healthy")).status, 503);
  EXPECT_EQ(handler(get("/-/ready")).status, 200);
}

TEST(Endpoints, UnknownPathsAndMethodsAreRefused) {
  FixedSource source;
  const auto handler = make_handler(source, {"/m"});
  EXPECT_EQ(handler(get("/metrics")).status, 404);
  auto post = get("/m");
  post.method = "POST";
  EXPECT_EQ(handler(post).status, 405);
}

Request post(std::string path) {
  Request request = get(std::move(path));
  request.method = "POST";
  return request;
}

TEST(Endpoints, ReloadIsForbiddenUnlessItWasTurnedOn) {
  FixedSource source;
  EXPECT_EQ(make_handler(source, {"/metrics"})(post("/-/reload")).status, 403);
  EXPECT_EQ(source.reloads, 0);
}

TEST(Endpoints, ReloadIsDoneByPostAlone) {
  FixedSource source;
  const auto handler = make_handler(source, {"/metrics", true});
  EXPECT_EQ(handler(get("/-/reload")).status, 405);
  EXPECT_EQ(source.reloads, 0);
  EXPECT_EQ(handler(post("/-/reload")).status, 200);
  EXPECT_EQ(source.reloads, 1);
}

TEST(Endpoints, RefusedReloadAnswersWithTheMistakes) {
  FixedSource source;
  source.mistakes = "exporter.yml:3:5: hots: unknown key; did you mean 'host'?\n";
  const auto response = make_handler(source, {"/metrics", true})(post("/-/reload"));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, source.mistakes);
}

TEST(ScrapeTimeout, LeavesATenthForTheWayBack) {
  EXPECT_EQ(scrape_timeout(get("/m", {{"x-prometheus-scrape-timeout-seconds", "10"}})), 9s);
  EXPECT_EQ(scrape_timeout(get("/m", {{"x-prometheus-scrape-timeout-seconds", "2.5"}})), 2250ms);
}

TEST(ScrapeTimeout, NonsenseIsAsIfNothingWasSaid) {
  for (const char* text :
       {"", "abc", "-3", "0", "nan", "inf", "1e9", "60.1", "10s", "10, 20", "+5"}) {
    EXPECT_EQ(scrape_timeout(get("/m", {{"x-prometheus-scrape-timeout-seconds", text}})), 1min)
        << text;
  }
}

TEST(Endpoints, PageOfAnotherSiteCannotAskForAReload) {
  FixedSource source;
  const auto handler = make_handler(source, {"/metrics", true});
  const auto status = [&handler](std::map<std::string, std::string> headers) {
    headers.emplace("host", "pg:9187");
    return handler({"POST", "/-/reload", "", std::move(headers)}).status;
  };
  for (const char* origin : {"http://evil", "null", "http://pg", "http://pg:9187.evil"}) {
    EXPECT_EQ(status({{"origin", origin}}), 403) << origin;
  }
  EXPECT_EQ(status({{"sec-fetch-site", "cross-site"}}), 403);
  EXPECT_EQ(status({{"sec-fetch-site", "same-site"}, {"origin", "http://pg:9187"}}), 403);
  EXPECT_EQ(source.reloads, 0);
  EXPECT_EQ(status({{"origin", "http://pg:9187"}}), 200);
  EXPECT_EQ(status({{"sec-fetch-site", "same-origin"}, {"origin", "https://proxy"}}), 200);
  EXPECT_EQ(status({}), 200);
  EXPECT_EQ(source.reloads, 3);
}

std::string header_in(const Response& response, const std::string& name) {
  std::string values;
  for (const auto& [each, value] : response.headers) {
    values += each == name ? value : "";
  }
  return values;
}

TEST(Endpoints, SayWhichMethodsTheyAnswer) {
  FixedSource source;
  const auto handler = make_handler(source, {"/metrics", true});
  const std::pair<const char*, const char*> cases[] = {
      {"/metrics", "GET, HEAD, OPTIONS"}, {"/-/reload", "POST, PUT, OPTIONS"}};
  for (const auto& [path, methods] : cases) {
    const auto options = handler({"OPTIONS", path, "", {}});
    EXPECT_EQ(options.status, 200) << path;
    EXPECT_EQ(header_in(options, "Allow"), methods);
    const auto refused = handler({"DELETE", path, "", {}});
    EXPECT_EQ(refused.status, 405) << path;
    EXPECT_EQ(header_in(refused, "Allow"), methods);
  }
  EXPECT_EQ(source.reloads, 0);
}

TEST(Endpoints, OneVaryNamesAllThatTheAnswerDependsOn) {
  FixedSource source;
  const auto handler = make_handler(source, {"/m"});
  for (const std::size_t size : {1U, 5000U}) {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->page = std::string(size, '#') + "\n";
    source.snapshot = snapshot;
    EXPECT_EQ(header_in(handler(get("/m")), "Vary"), "Accept, Accept-Encoding") << size;
    EXPECT_EQ(
        header_in(handler(get("/m", {{"accept-encoding", "gzip"}})), "Vary"),
        "Accept, Accept-Encoding"
    );
  }
  EXPECT_EQ(
      header_in(handler(get_with_query("/probe", "target=x")), "Vary"), "Accept, Accept-Encoding"
  );
  EXPECT_EQ(header_in(handler(get("/status.css")), "Vary"), "Accept-Encoding");
}

}  // namespace
}  // namespace pgrepl::http
