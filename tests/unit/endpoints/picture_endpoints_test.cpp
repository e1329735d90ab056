#include "endpoints/picture_endpoints.h"

#include "unit/endpoints/fixed_source.h"
#include "unit/pages/picture_fixture.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace pgrepl::http {
namespace {

using Json = nlohmann::json;

// Cluster c has pg-1 and pg-2, which is 5 seconds behind; cluster d has a pg-2 and a name with a
// slash.
class PictureEndpoints : public ::testing::Test {
 protected:
  PictureEndpoints() {
    auto other = pages::watched(
        "d", {pages::standby("pg-2").replayed("0/1"), pages::primary("h:5432/db").at("0/1")}
    );
    source.seen = std::make_shared<pages::Picture>(
        pages::picture_of({pages::lagging_pair(5, 2048), std::move(other)})
    );
    Snapshot round;
    round.taken = source.seen->taken - std::chrono::seconds{9};
    source.snapshot = std::make_shared<Snapshot>(round);
  }

  [[nodiscard]] Response ask(const std::string& path, const std::string& query = "") {
    return make_handler(source, {"/metrics"})(get_with_query(path, query));
  }

  FixedSource source;
};

TEST_F(PictureEndpoints, ClustersAreThoseOfTheLastTick) {
  const Response response = ask("/api/v1/clusters");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(Json::parse(response.body)["clusters"].size(), 2U);
  EXPECT_EQ(source.asked_for.count(), 0);
}

TEST_F(PictureEndpoints, RoundIsRunOnlyWhenTheLastOneIsOld) {
  Snapshot old;
  old.taken = source.seen->taken - std::chrono::seconds{10};
  source.snapshot = std::make_shared<Snapshot>(old);
  EXPECT_EQ(ask("/api/v1/clusters").status, 200);
  EXPECT_GT(source.asked_for.count(), 0);
}

TEST_F(PictureEndpoints, LoopThatDoesNotTurnIsA503AndNoOldPicture) {
  source.responsive = false;
  source.snapshot = nullptr;
  EXPECT_EQ(ask("/api/v1/clusters").status, 503);
  EXPECT_EQ(ask("/").status, 503);
}

TEST_F(PictureEndpoints, StatusPageAllowsItsOwnStyleAndScriptAndNothingElse) {
  const Response page = ask("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  const std::map<std::string, std::string> headers{page.headers.begin(), page.headers.end()};
  EXPECT_TRUE(headers.at("Content-Security-Policy").starts_with("default-src 'none'; "));
  EXPECT_EQ(headers.at("Content-Security-Policy").find("unsafe"), std::string::npos);
  EXPECT_EQ(ask("/status.css").content_type, "text/css; charset=utf-8");
  EXPECT_EQ(ask("/status.js").content_type, "text/javascript; charset=utf-8");
}

TEST_F(PictureEndpoints, EventsAreThereBeforeTheFirstOne) {
  EXPECT_EQ(Json::parse(ask("/api/v1/events").body)["events"].size(), 0U);
  cluster::EventLog log;
  log.note({1, "c", {cluster::EventKind::ServerUp, "pg-1", "answers"}});
  log.note({2, "c", {cluster::EventKind::ServerUp, "pg-2", "answers"}});
  source.log = std::make_shared<cluster::EventLog>(log);
  EXPECT_EQ(Json::parse(ask("/api/v1/events").body)["events"].size(), 2U);
  EXPECT_EQ(Json::parse(ask("/api/v1/events", "server=pg-1").body)["events"].size(), 1U);
  EXPECT_EQ(Json::parse(ask("/api/v1/events", "limit=1").body)["events"].size(), 1U);
  EXPECT_EQ(ask("/api/v1/events", "limit=many").status, 400);
}

TEST_F(PictureEndpoints, ChecksTellRoles) {
  EXPECT_EQ(ask("/servers/pg-1/primary").status, 200);
  EXPECT_EQ(ask("/servers/pg-1/replica").status, 503);
  EXPECT_EQ(ask("/servers/pg-2/primary", "cluster=c").status, 503);
  EXPECT_EQ(ask("/servers/pg-2/replica", "cluster=c").status, 200);
  EXPECT_EQ(ask("/servers/h:5432/db/primary").status, 200);
}

TEST_F(PictureEndpoints, ChecksHoldLagAgainstBounds) {
  const auto status = [&](const std::string& bounds) {
    return ask("/servers/pg-2/replica", "cluster=c&" + bounds).status;
  };
  EXPECT_EQ(status("max_lag=10s"), 200);
  EXPECT_EQ(status("max_lag=4s"), 503);
  EXPECT_EQ(status("max_bytes=2kB"), 200);
  EXPECT_EQ(status("max_bytes=2047"), 503);
  EXPECT_EQ(status("max_lag=10s&max_bytes=1kB"), 503);
  EXPECT_EQ(status("max_lag=soon"), 400);
  EXPECT_EQ(status("max_bytes=lots"), 400);
}

TEST_F(PictureEndpoints, ChecksOfUnknownAndAmbiguousServersAreTheAskersMistake) {
  EXPECT_EQ(ask("/servers/pg-9/primary").status, 404);
  EXPECT_EQ(ask("/servers/pg-1/leader").status, 404);
  EXPECT_EQ(ask("/servers/").status, 404);
  EXPECT_EQ(ask("/servers//primary").status, 404);
  const Response ambiguous = ask("/servers/pg-2/replica");
  EXPECT_EQ(ambiguous.status, 400);
  EXPECT_NE(ambiguous.body.find("?cluster=NAME"), std::string::npos);
}

TEST_F(PictureEndpoints, ChecksGiveNoOldKnowledge) {
  source.responsive = false;
  EXPECT_EQ(ask("/servers/pg-1/primary").status, 503);
  source.responsive = true;
  source.seen = nullptr;
  EXPECT_EQ(ask("/servers/pg-1/primary").status, 503);
}

TEST_F(PictureEndpoints, ServiceDiscoveryNamesTheAddressItWasAskedAt) {
  const auto response =
      make_handler(source, {"/metrics"})(get("/sd", {{"host", "exporter.example.com:9187"}}));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  const Json groups = Json::parse(response.body);
  ASSERT_EQ(groups.size(), 4U);
  EXPECT_EQ(groups[0]["targets"][0], "exporter.example.com:9187");
  EXPECT_EQ(ask("/sd").status, 400);
}

}  // namespace
}  // namespace pgrepl::http
