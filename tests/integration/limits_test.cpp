// What no server and no query may make of the exporter: an eater of memory, or one that stands
// still. And how much it may ask of a server.
#include "support/exporter.h"
#include "support/flood_server.h"
#include "support/pg_cluster.h"
#include "support/wait_until.h"

#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostMemory = std::size_t{150} << 20U;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryIsItsOwn = false;  // the sanitizer's memory is most of it
#else
constexpr bool kMemoryIsItsOwn = true;
#endif

// The most it ever had; 0 where that says nothing.
std::size_t peak_bytes(const Exporter& exporter) {
  std::ifstream status{"/proc/" + std::to_string(exporter.pid()) + "/status"};
  for (std::string line; std::getline(status, line);) {
    if (kMemoryIsItsOwn && line.starts_with("VmHWM:")) {
      return std::stoul(line.substr(6)) * 1024;
    }
  }
  return 0;
}

class Limits : public ::testing::Test {
 protected:
  void SetUp() override { PGREPL_REQUIRE_POSTGRES(); }

  [[nodiscard]] ExporterOptions options(
      const std::string& more_servers, const std::string& more = "", const std::string& queries = ""
  ) const {
    const auto file = folder.path() / "exporter.yaml";
    std::ofstream out{file};
    out << "defaults: { user: monitor, dbname: postgres }\n"
        << more << "clusters:\n  - servers:\n"
        << "      - { name: pg-1, host: 127.0.0.1, port: " << server.port() << " }\n"
        << more_servers;
    std::vector<std::string> arguments{"--config.file=" + file.string()};
    if (!queries.empty()) {
      std::ofstream{folder.path() / "queries.yaml"} << queries;
      arguments.push_back("--extend.query-path=" + (folder.path() / "queries.yaml").string());
    }
    return {.arguments = std::move(arguments)};
  }

  TemporaryDirectory folder{};
  PgCluster cluster{};
  PgServer& server = cluster.primary();
};

struct FloodCase {
  const char* name;
  Flood flood;
};

class Floods : public Limits, public ::testing::WithParamInterface<FloodCase> {};

TEST_P(Floods, CostTheirServerAlone) {
  FloodServer hostile{GetParam().flood};
  Exporter exporter{options(
      "      - { name: pg-2, host: 127.0.0.1, port: " + std::to_string(hostile.port()) + " }\n"
  )};
  const auto down_for = [&exporter](const char* reason) {
    return exporter.value("pg_up_reason", {{"server", "pg-2"}, {"reason", reason}}) == 1;
  };
  // Names are slow to keep for libpq: there the deadline may come before the limit.
  EXPECT_TRUE(wait_until([&] { return down_for("too_large") || down_for("timeout"); }));
  EXPECT_EQ(exporter.value("pg_up", {{"server", "pg-2"}}), 0);
  // On a busy machine, names that are slow to keep may cost it a tick.
  EXPECT_TRUE(wait_until([&] { return exporter.value("pg_up", {{"server", "pg-1"}}) == 1; }));
  EXPECT_LT(peak_bytes(exporter), kMostMemory);
  EXPECT_GT(hostile.most_sent(), 0U);
  EXPECT_EQ(exporter.stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(
    OfEveryMessage,
    Floods,
    ::testing::Values(
        FloodCase{"Rows", Flood::Rows},
        FloodCase{"NarrowRows", Flood::NarrowRows},
        FloodCase{"OneRow", Flood::OneRow},
        FloodCase{"Notifications", Flood::Notifications},
        FloodCase{"Notices", Flood::Notices},
        FloodCase{"Parameters", Flood::Parameters},
        FloodCase{"Error", Flood::Error},
        FloodCase{"LoginParameters", Flood::LoginParameters}
    ),
    [](const auto& one) { return std::string{one.param.name}; }
);

TEST_F(Limits, AValueOf300MegabytesCostsItsQueryAlone) {
  // However long a busy server takes to make it.
  const std::string patient = "sampling: { timeout: 30s, statement_timeout: 25s }\n";
  Exporter exporter{options("", patient, R"yaml(
app_before: { query: "SELECT 1 AS n", metrics: [{ n: { usage: "GAUGE" } }] }
app_huge: { query: "SELECT repeat('x', 300000000) AS l, 1 AS n", metrics: [{ l: { usage: "LABEL" } }, { n: { usage: "GAUGE" } }] }
app_after: { query: "SELECT 2 AS n", metrics: [{ n: { usage: "GAUGE" } }] }
)yaml")};
  ASSERT_TRUE(wait_until([&] { return exporter.value("app_after_n") == 2; }));
  const auto page = exporter.scrape();
  EXPECT_EQ(find_value(page, "pg_up"), 1);
  EXPECT_EQ(find_value(page, "app_before_n"), 1);
  EXPECT_EQ(find_value(page, "pg_exporter_collector_success", {{"collector", "app_huge"}}), 0);
  EXPECT_GE(find_value(page, "pg_exporter_errors_total", {{"reason", "too_large"}}).value_or(0), 1);
  const auto opened = find_value(page, "pg_exporter_connections_opened_total");
  for (int scrape = 0; scrape < 5; ++scrape) {
    EXPECT_EQ(exporter.value("app_after_n"), 2);
  }
  EXPECT_EQ(exporter.value("pg_exporter_connections_opened_total"), opened) << "it rests";
  EXPECT_LT(peak_bytes(exporter), kMostMemory);
  const std::string log = exporter.output();
  const auto said = log.find("limits.answer_bytes");
  EXPECT_NE(said, std::string::npos) << log;
  EXPECT_EQ(log.find("limits.answer_bytes", said + 1), std::string::npos) << "said once";
}

TEST_F(Limits, AQueryOfTooManySeriesCostsItself) {
  Exporter exporter{options("", "limits: { series_per_server: 5000 }\n", R"yaml(
app_many: { query: "SELECT i AS l, 1 AS n FROM generate_series(1, 100000) AS i", metrics: [{ l: { usage: "LABEL" } }, { n: { usage: "GAUGE" } }] }
app_after: { query: "SELECT 2 AS n", metrics: [{ n: { usage: "GAUGE" } }] }
)yaml")};
  ASSERT_TRUE(wait_until([&] { return exporter.value("app_after_n") == 2; }));
  const auto page = exporter.scrape();
  EXPECT_EQ(find_value(page, "pg_up"), 1);
  EXPECT_EQ(find_value(page, "pg_exporter_collector_success", {{"collector", "app_many"}}), 0);
  EXPECT_LT(page.size(), 6000U);
}

TEST_F(Limits, AMessageIsCutOff) {
  Exporter exporter{options("", "limits: { text_bytes: 200B }\n", R"yaml(
app_wordy: { query: "SELECT (repeat('y', 100000))::int AS n", metrics: [{ n: { usage: "GAUGE" } }] }
)yaml")};
  ASSERT_TRUE(wait_until([&] { return exporter.output().find("app_wordy") != std::string::npos; }));
  EXPECT_EQ(exporter.output().find(std::string(300, 'y')), std::string::npos);
  EXPECT_NE(exporter.output().find(std::string(100, 'y')), std::string::npos);
}

TEST_F(Limits, ManyScrapersAreOneLoad) {
  Exporter exporter{options("")};
  ASSERT_TRUE(wait_until([&] { return exporter.value("pg_up") == 1; }));
  const auto count = [&] {
    return std::stod(server
                         .query_value("SELECT xact_commit FROM pg_stat_database WHERE datname = "
                                      "'postgres'")
                         .value_or("0"));
  };
  const double before = count();
  std::atomic<int> scrapes{0};
  std::vector<std::thread> scrapers;
  const auto until = std::chrono::steady_clock::now() + 3s;
  for (int i = 0; i < 8; ++i) {
    scrapers.emplace_back([&] {
      while (std::chrono::steady_clock::now() < until) {
        scrapes += exporter.get("/metrics?collect[]=cluster").status == 200 ? 1 : 0;
      }
    });
  }
  for (std::thread& scraper : scrapers) {
    scraper.join();
  }
  // At most five rounds a second, of less than a hundred statements each, and the ticks. The
  // server's own count is a second late.
  EXPECT_TRUE(wait_until([&] { return count() > before; }));
  EXPECT_LT((count() - before) / 3, 5 * 100 + 20) << scrapes << " scrapes";
  EXPECT_GT(scrapes, 30);
}

TEST_F(Limits, LoginsByProbesAreRationed) {
  server.configure({"log_connections = on"});
  Exporter exporter{options(
      "",
      "probe: { allowed_targets: [\"127.0.0.1:*\"] }\n"
      "auth_modules: { other: { userpass: { username: monitor } } }\n"
  )};
  const auto logins = [&] {
    const std::string log = server.log();
    std::size_t count = 0;
    for (auto at = log.find("connection authorized"); at != std::string::npos;
         at = log.find("connection authorized", at + 1)) {
      ++count;
    }
    return count;
  };
  const std::size_t before = logins();
  std::atomic<int> answered{0};
  std::vector<std::thread> probers;
  const auto until = std::chrono::steady_clock::now() + 3s;
  const std::string path =
      "/probe?auth_module=other&target=127.0.0.1:" + std::to_string(server.port());
  for (int i = 0; i < 8; ++i) {
    probers.emplace_back([&] {
      while (std::chrono::steady_clock::now() < until) {
        answered += exporter.get(path).body.find("pg_up 1") != std::string::npos ? 1 : 0;
      }
    });
  }
  for (std::thread& prober : probers) {
    prober.join();
  }
  EXPECT_GT(answered, 5);
  EXPECT_LE(logins() - before, 20U + 20U * 4U + 5U) << answered << " probes";
}

}  // namespace
}  // namespace pgrepl::testing
