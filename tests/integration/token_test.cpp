// Passwords that a program prints and that expire, on a real server.
#include "support/exporter.h"
#include "support/pg_cluster.h"
#include "support/scratch_folder.h"
#include "support/wait_until.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

class TokenLogin : public ::testing::Test {
 protected:
  void SetUp() override {
    PGREPL_REQUIRE_POSTGRES();
    const auto hba = server.data_directory() / "pg_hba.conf";
    const std::string rules = read_file(hba);
    std::ofstream{hba} << "host all monitor all scram-sha-256\n" << rules;
    (void)server.execute("SELECT pg_reload_conf()");
    std::ofstream{script} << "#!/bin/sh\necho \"$1\" >> " << runs << "\ncat " << token << "\n";
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    rotate(1);
  }

  // The server takes another token from now on, and ends the sessions of the one before.
  void rotate(int number) {
    const std::string secret = "tOkEn-" + std::to_string(number);
    (void)server.execute("ALTER ROLE monitor PASSWORD '" + secret + "'");
    std::ofstream{token} << secret << "\n";
    (void)server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'monitor'"
    );
  }

  // How often the program ran.
  [[nodiscard]] long calls() const {
    const std::string text = read_file(runs);
    return std::ranges::count(text, '\n');
  }

  [[nodiscard]] ExporterOptions options(const std::string& keys) const {
    const std::string file = folder / "exporter.yml";
    std::ofstream{file} << "sampling: { tick: 200ms }\n"
                        << "defaults: { user: monitor, dbname: postgres, password_command: ["
                        << script << ", '{user}@{host}:{port}']" << keys << " }\n"
                        << "clusters: [{ servers: [{ name: pg-1, host: 127.0.0.1, port: "
                        << server.port() << " }] }]\n";
    return {.arguments = {"--config.file=" + file, "--log.level=debug"}};
  }

  ScratchFolder folder;
  std::string script = folder / "token";
  std::string token = folder / "token.txt";
  std::string runs = folder / "runs";
  PgCluster cluster{};
  PgServer& server = cluster.primary();
};

TEST_F(TokenLogin, ExpiredTokenIsReplacedAtOnceAndShownNowhere) {
  Exporter exporter{options(", password_ttl: 1h")};
  const auto is_up = [&] { return exporter.value("pg_up", {{"server", "pg-1"}}) == 1; };
  ASSERT_TRUE(wait_until(is_up)) << exporter.output();
  for (int number = 2; number < 5; ++number) {
    const long before = calls();
    rotate(number);
    ASSERT_TRUE(wait_until([&] { return calls() > before && is_up(); })) << exporter.output();
  }
  EXPECT_THAT(read_file(runs), HasSubstr("monitor@127.0.0.1:" + std::to_string(server.port())));
  for (const char* path : {"/", "/metrics", "/api/v1/clusters", "/api/v1/events"}) {
    EXPECT_THAT(exporter.get(path).body, Not(HasSubstr("tOkEn"))) << path;
  }
  EXPECT_EQ(exporter.stop(), 0);
  EXPECT_THAT(exporter.output(), Not(HasSubstr("tOkEn")));
}

TEST_F(TokenLogin, FailingProgramIsAFailedLoginWithItsReason) {
  std::ofstream{script} << "#!/bin/sh\necho tOkEn-secret >&2\nexit 7\n";
  Exporter exporter{options("")};
  EXPECT_TRUE(wait_until([&] {
    return exporter.value("pg_up_reason", {{"server", "pg-1"}, {"reason", "auth"}}) == 1;
  })) << exporter.output();
  EXPECT_THAT(exporter.output(), HasSubstr("token ended with status 7"));
  EXPECT_THAT(exporter.output(), Not(HasSubstr("tOkEn")));
}

}  // namespace
}  // namespace pgrepl::testing
