// What the exporter shows to people and programs besides Prometheus, on real servers.
#include "support/exporter.h"
#include "support/json_schema.h"
#include "support/pg_cluster.h"
#include "support/wait_until.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace pgrepl::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Json = nlohmann::json;

constexpr const char* kHostileName = "<script>alert(1)</script>";

// Ends the test when a program or a module is missing: as skipped, or as failed when REQUIRE_PG=1.
#define PGREPL_REQUIRE_PROGRAM(path)                                       \
  do {                                                                     \
    if (!std::filesystem::exists(path)) {                                  \
      ASSERT_EQ(std::getenv("REQUIRE_PG"), nullptr) << path " is missing"; \
      GTEST_SKIP() << path " is missing";                                  \
    }                                                                      \
  } while (false)

// pg-1 with a standby that chose a hostile name.
class Web : public ::testing::Test {
 protected:
  void SetUp() override { PGREPL_REQUIRE_POSTGRES(); }

  PgCluster cluster{};
  PgServer& primary = cluster.primary();
  PgServer& standby =
      cluster.add_standby({.name = "pg-2", .slot = {}, .application_name = kHostileName});

  [[nodiscard]] ExporterOptions options(std::vector<std::string> arguments = {}) const {
    return {
        .environment =
            {{"DATA_SOURCE_NAME", primary.conninfo("monitor") + "," + standby.conninfo("monitor")}},
        .arguments = std::move(arguments)};
  }

  static std::string name(const PgServer& server) {
    return "127.0.0.1:" + std::to_string(server.port());
  }

  void write() { primary.execute("CREATE TABLE IF NOT EXISTS t(i int); INSERT INTO t VALUES (1)"); }
};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

TEST_F(Web, ClustersFollowTheSchemaAndNameTheEdgeWithItsEvidence) {
  Exporter exporter{options()};
  const auto response = exporter.get("/api/v1/clusters");
  EXPECT_EQ(response.status, 200);
  const auto schema =
      read_file(std::filesystem::path{PGREPL_SOURCE_DIR} / "docs/api/clusters.schema.json");
  EXPECT_THAT(schema_violations(schema, response.body), IsEmpty()) << response.body;
  const Json told = Json::parse(response.body)["clusters"][0];
  EXPECT_EQ(told["health"], "healthy");
  EXPECT_EQ(told["primary"], name(primary));
  const Json upstream = told["servers"][1]["standby"]["upstream"];
  EXPECT_EQ(upstream["server"], name(primary));
  EXPECT_EQ(upstream["application_name"], kHostileName);
  EXPECT_EQ(upstream["evidence"], "sender");
}

TEST_F(Web, EventsTellThatServersCame) {
  Exporter exporter{options()};
  const auto response = exporter.get("/api/v1/events?server=" + name(primary));
  const auto schema =
      read_file(std::filesystem::path{PGREPL_SOURCE_DIR} / "docs/api/events.schema.json");
  EXPECT_THAT(schema_violations(schema, response.body), IsEmpty()) << response.body;
  const Json events = Json::parse(response.body)["events"];
  ASSERT_EQ(events.size(), 1U) << response.body;
  EXPECT_EQ(events[0]["kind"], "server_up");
}

TEST_F(Web, LoadBalancersLearnOfLagAndRole) {
  Exporter exporter{options()};
  const auto status = [&](const PgServer& server, const std::string& check) {
    return exporter.get("/servers/" + name(server) + check).status;
  };
  const std::string bounded = "/replica?max_lag=1s";
  EXPECT_EQ(status(primary, "/primary"), 200);
  EXPECT_EQ(status(primary, "/replica"), 503);
  EXPECT_EQ(status(standby, "/primary"), 503);
  await("the standby is current", [&] { return status(standby, bounded) == 200; });
  standby.pause_replay();
  write();
  await("the standby is refused", [&] { return status(standby, bounded) == 503; });
  EXPECT_EQ(status(standby, "/replica"), 200);
  standby.resume_replay();
  await("the standby is let in again", [&] { return status(standby, bounded) == 200; });
}

TEST_F(Web, HostileNameIsOnlyTextOnTheStatusPage) {
  Exporter exporter{options()};
  const auto page = exporter.get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("named <bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>"));
  EXPECT_THAT(page.body, Not(HasSubstr("<script>")));
  EXPECT_THAT(page.headers.at("content-security-policy"), HasSubstr("default-src 'none'"));
}

TEST_F(Web, StatusIsTheSameFromTheExporterAndFromTheServers) {
  Exporter exporter{options()};
  const std::string url = "http://127.0.0.1:" + std::to_string(exporter.port());
  for (const ExporterOptions& asked :
       {options({"status"}), ExporterOptions{.arguments = {"status", "--url", url}}}) {
    const Finished healthy = run_exporter(asked);
    EXPECT_EQ(healthy.status, 0) << healthy.output;
    EXPECT_THAT(healthy.output, HasSubstr("default: healthy\n"));
    EXPECT_THAT(healthy.output, HasSubstr("  SERVER"));
    EXPECT_THAT(healthy.output, HasSubstr("streaming"));
    EXPECT_THAT(healthy.output, Not(HasSubstr("\033")));
  }
  const Finished json = run_exporter(options({"status", "--json"}));
  EXPECT_EQ(Json::parse(json.output)["clusters"][0]["health"], "healthy");
  standby.stop();
  const ExporterOptions by_url{.arguments = {"status", "--url", url}};
  await("the exporter has noticed", [&] { return run_exporter(by_url).status == 1; });
  for (const ExporterOptions& asked : {options({"status"}), by_url}) {
    const Finished unhealthy = run_exporter(asked);
    EXPECT_EQ(unhealthy.status, 1) << unhealthy.output;
    EXPECT_THAT(unhealthy.output, HasSubstr("default: unhealthy\n"));
    EXPECT_THAT(unhealthy.output, HasSubstr("down: "));
  }
}

// The page as a real browser shows it, and what the browser complains of.
class Chromium {
 public:
  // The page as it is after four refreshes or more, and the browser's messages. Time is the
  // browser's own and runs as fast as answers come.
  [[nodiscard]] std::string show(std::uint16_t port) const {
    return run(
        {.arguments =
             {"/usr/bin/chromium",
              "--headless=new",
              "--no-sandbox",
              "--disable-gpu",
              "--enable-logging=stderr",
              "--virtual-time-budget=14000",
              "--user-data-dir=" + (folder_.path() / "profile").string(),
              "--log-net-log=" + log().string(),
              "--dump-dom",
              url(port)},
         .environment = environment_without({"PG"})}
    );
  }

  // How often the page itself was asked for.
  [[nodiscard]] std::size_t requests(std::uint16_t port) const {
    const std::string log_text = read_file(log());
    const std::string begin = "\"url\":\"" + url(port) + "\"";
    std::size_t count = 0;
    for (auto at = log_text.find(begin); at != std::string::npos;
         at = log_text.find(begin, at + 1)) {
      const auto line =
          log_text.substr(log_text.rfind('\n', at) + 1, at - log_text.rfind('\n', at));
      count += line.find("\"method\":\"GET\"") != std::string::npos ? 1U : 0U;
    }
    return count;
  }

 private:
  static std::string url(std::uint16_t port) {
    return "http://127.0.0.1:" + std::to_string(port) + "/";
  }

  [[nodiscard]] std::filesystem::path log() const { return folder_.path() / "log.json"; }

  TemporaryDirectory folder_;
};

TEST_F(Web, StatusPageRefreshesItselfInARealBrowserUnderItsPolicy) {
  PGREPL_REQUIRE_PROGRAM("/usr/bin/chromium");
  Exporter exporter{options()};
  const Chromium chromium;
  const std::string shown = chromium.show(exporter.port());
  EXPECT_GE(chromium.requests(exporter.port()), 4U);
  EXPECT_THAT(shown, HasSubstr("<h3><bdi>" + name(standby) + "</bdi></h3>"));
  EXPECT_THAT(shown, HasSubstr("role=\"alert\" hidden"));
  EXPECT_THAT(shown, Not(HasSubstr("Content Security Policy")));
  EXPECT_THAT(shown, Not(HasSubstr("Uncaught")));
}

TEST(Status, BadInputAndNobodyThereAreToldApart) {
  const Finished wrong = run_exporter({.arguments = {"status", "--url", "ftp://h"}});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_THAT(wrong.output, HasSubstr("--url: expected http"));
  const ReservedPort nobody;
  const std::string url = "http://127.0.0.1:" + std::to_string(nobody.number());
  const Finished alone = run_exporter({.arguments = {"status", "--url", url}});
  EXPECT_EQ(alone.status, 1);
  EXPECT_THAT(alone.output, HasSubstr("Connection refused"));
}

TEST_F(Web, ReferenceParserReadsTheOpenMetricsPage) {
  PGREPL_REQUIRE_PROGRAM("/usr/lib/python3/dist-packages/prometheus_client");
  Exporter exporter{options()};
  const auto page =
      exporter.get("/metrics", {{"Accept", "application/openmetrics-text; version=1.0.0"}});
  EXPECT_THAT(page.headers.at("content-type"), HasSubstr("application/openmetrics-text"));
  const TemporaryDirectory folder;
  const auto file = folder.path() / "page";
  std::ofstream{file} << page.body;
  const std::string told = run(
      {.arguments =
           {"/usr/bin/python3",
            "-c",
            "import sys\n"
            "from prometheus_client.openmetrics.parser import text_string_to_metric_families\n"
            "for f in text_string_to_metric_families(open(sys.argv[1]).read()):\n"
            "    print(f.name, f.type)\n",
            file.string()}}
  );
  EXPECT_THAT(told, HasSubstr("pg_exporter_connections_opened counter\n"));
  EXPECT_THAT(told, HasSubstr("pg_stat_database_xact_commit unknown\n"));
  EXPECT_THAT(told, HasSubstr("pg_exporter_round_duration_seconds histogram\n"));
}

// A Prometheus that scrapes the exporter and discovers its servers.
class Prometheus {
 public:
  explicit Prometheus(std::uint16_t exporter) : process_(command(exporter)) {}

  [[nodiscard]] Json ask(const std::string& path) const {
    try {
      // While it starts it answers in plain words.
      const HttpResponse answer = http_get(port_.number(), "/api/v1/" + path);
      return answer.status == 200 ? Json::parse(answer.body)["data"] : Json{};
    } catch (const HttpFailure&) {
      return {};  // not up yet
    }
  }

  [[nodiscard]] std::string output() const { return process_.output(); }

 private:
  [[nodiscard]] Command command(std::uint16_t exporter) const {
    const std::string address = "127.0.0.1:" + std::to_string(exporter);
    const auto file = folder_.path() / "prometheus.yml";
    std::ofstream{file} << "global: { scrape_interval: 1s }\n"
                           "scrape_configs:\n"
                           "  - job_name: exporter\n"
                           "    static_configs: [{ targets: ['"
                        << address
                        << "'] }]\n"
                           "  - job_name: servers\n"
                           "    http_sd_configs: [{ url: 'http://"
                        << address << "/sd', refresh_interval: 1s }]\n";
    return {
        .arguments = {
            "/usr/bin/prometheus",
            "--config.file=" + file.string(),
            "--storage.tsdb.path=" + (folder_.path() / "data").string(),
            "--web.listen-address=127.0.0.1:" + std::to_string(port_.number())}};
  }

  TemporaryDirectory folder_;
  ReservedPort port_;
  Process process_;
};

TEST_F(Web, PrometheusScrapesOpenMetricsAndDiscoversEveryServer) {
  PGREPL_REQUIRE_PROGRAM("/usr/bin/prometheus");
  Exporter exporter{options()};
  const Prometheus prometheus{exporter.port()};
  const bool scraped = wait_until([&] {
    const Json up = prometheus.ask("query?query=up%7Bjob=%22exporter%22%7D");
    return up.contains("result") && up["result"].size() == 1 && up["result"][0]["value"][1] == "1";
  });
  ASSERT_TRUE(scraped) << prometheus.ask("targets").dump(2) << prometheus.output();
  // In the text format it is a counter, so this page was OpenMetrics.
  const Json metadata =
      prometheus.ask("targets/metadata?metric=pg_stat_database_xact_commit&limit=1");
  EXPECT_EQ(metadata.at(0).at("type"), "unknown");
  const Json lag = prometheus.ask("query?query=pg_standby_lag_seconds%7Bjob=%22exporter%22%7D");
  EXPECT_EQ(lag["result"].size(), 1U);
  await("the servers are discovered", [&] {
    std::set<std::string> urls;
    for (const Json& target : prometheus.ask("targets").value("activeTargets", Json::array())) {
      urls.insert(target["scrapeUrl"].get<std::string>());
    }
    const std::string probe = "http://127.0.0.1:" + std::to_string(exporter.port()) +
                              "/probe?cluster=default&target=127.0.0.1%3A";
    return urls.contains(probe + std::to_string(primary.port())) &&
           urls.contains(probe + std::to_string(standby.port()));
  });
}

TEST(ApiDocumentation, ScrapeConfigurationIsOneForPrometheus) {
  PGREPL_REQUIRE_PROGRAM("/usr/bin/promtool");
  const std::string text = read_file(std::filesystem::path{PGREPL_SOURCE_DIR} / "docs/api.md");
  constexpr std::string_view kBegin = "```yaml\n";
  const std::size_t begin = text.find(kBegin);
  ASSERT_NE(begin, std::string::npos);
  const TemporaryDirectory folder;
  const auto file = folder.path() / "prometheus.yml";
  const std::size_t from = begin + kBegin.size();
  std::ofstream{file} << text.substr(from, text.find("```", from) - from);
  const std::string told =
      run({.arguments = {"/usr/bin/promtool", "check", "config", file.string()}});
  EXPECT_THAT(told, HasSubstr("SUCCESS"));
}

}  // namespace
}  // namespace pgrepl::testing
