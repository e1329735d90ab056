// Each file that the exporter reads, when it is none: a directory (Docker makes one of a missing
// bind mount), a named pipe that nobody writes to, a file that cannot be read (EIO).
#include "support/certificate.h"
#include "support/exporter.h"
#include "support/pg_cluster.h"
#include "support/process.h"
#include "support/scratch_folder.h"
#include "support/wait_until.h"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace pgrepl::testing {
namespace {

// The kernel answers a read of its first page with EIO, and says that it is a regular file.
constexpr const char* kUnreadable = "/proc/self/mem";

enum class Kind : std::uint8_t { Directory, Pipe, Unreadable };

void make(Kind kind, const std::string& path) {
  std::filesystem::remove_all(path);
  if (kind == Kind::Directory) {
    std::filesystem::create_directory(path);
  } else if (kind == Kind::Pipe) {
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  } else {
    std::filesystem::create_symlink(kUnreadable, path);
  }
}

void serve_tls(PgServer& server) {
  const auto folder = server.data_directory();
  run(
      {.arguments =
           {"/usr/bin/openssl",
            "req",
            "-new",
            "-x509",
            "-days",
            "2",
            "-nodes",
            "-batch",
            "-subj",
            "/CN=localhost",
            "-keyout",
            folder / "server.key",
            "-out",
            folder / "server.crt"},
       .environment = environment_without({}),
       .account = server_account()}
  );
  std::filesystem::permissions(folder / "server.key", std::filesystem::perms::owner_read);
  server.configure({"ssl = on"});
}

class IrregularFiles : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override { PGREPL_REQUIRE_POSTGRES(); }

  // Of the entry of a second server, or of the whole file.
  [[nodiscard]] std::string configuration(
      const std::string& of_second, const std::string& more = ""
  ) const {
    const std::string address =
        "host: 127.0.0.1, user: monitor, port: " + std::to_string(server.port());
    const std::string second = "  - name: second\n    servers:\n      - { name: pg-2, " + address +
                               ", dbname: template1" + of_second + " }\n";
    return more + "sampling: { tick: 200ms }\nclusters:\n  - servers:\n      - { name: pg-1, " +
           address + ", dbname: postgres }\n" + (of_second.empty() ? "" : second);
  }

  [[nodiscard]] static ExporterOptions with(std::vector<std::string> arguments) {
    return {.arguments = std::move(arguments)};
  }

  static bool is_up(const Exporter& exporter, const std::string& name) {
    return exporter.value("pg_up", {{"server", name}}) == 1;
  }

  ScratchFolder folder;
  PgCluster cluster{};
  PgServer& server = cluster.primary();
};

TEST_P(IrregularFiles, AtTheStartTheyAreBadInputWithTheirPath) {
  const std::string good = folder.write("good.yaml", configuration(""));
  const std::string bad = folder / "bad";
  make(GetParam(), bad);
  const std::vector<std::vector<std::string>> commands{
      {"--config.file=" + bad},
      {"check", "--config.file=" + bad},
      {"--config.file=" + good, "--web.config.file=" + bad},
  };
  for (const auto& arguments : commands) {
    ExporterOptions options = with(arguments);
    options.wait_until_ready = false;
    const Finished finished = run_exporter(options);
    EXPECT_EQ(finished.status, 2) << arguments.back() << ": " << finished.output;
    EXPECT_NE(finished.output.find(bad), std::string::npos) << finished.output;
  }
}

TEST_P(IrregularFiles, OfASecondServerCostThatServerAlone) {
  serve_tls(server);
  const Certificate pair = make_certificate("127.0.0.1");
  const std::string certificate = folder.write("client.pem", pair.key + pair.certificate);
  std::filesystem::permissions(certificate, std::filesystem::perms::owner_read);
  for (const char* key : {"password_file", "sslkey", "sslcert", "sslrootcert", "passfile"}) {
    SCOPED_TRACE(key);
    const std::string bad = folder / "bad";
    make(GetParam(), bad);
    // A key is looked for beside a certificate, and the other way round.
    const std::string beside =
        std::string{key} == "sslkey"    ? ", sslmode: require, sslcert: " + certificate
        : std::string{key} == "sslcert" ? ", sslmode: require, sslkey: " + certificate
                                        : "";
    const std::string file = folder.write(
        "exporter.yaml",
        configuration(
            std::string{", "} + key + ": " + bad +
            (std::string{key} == "sslrootcert" ? ", sslmode: verify-ca" : beside)
        )
    );
    Exporter exporter{with({"--config.file=" + file})};
    EXPECT_TRUE(wait_until([&] { return is_up(exporter, "pg-1"); })) << exporter.output();
    if (std::string{key} != "passfile") {
      EXPECT_FALSE(is_up(exporter, "pg-2"));
      EXPECT_NE(exporter.output().find(bad), std::string::npos) << exporter.output();
    }
    EXPECT_TRUE(is_up(exporter, "pg-1"));
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(exporter.stop(), 0);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{2});
  }
}

TEST_P(IrregularFiles, AtAReloadTheOldContentGoesOn) {
  const std::string queries = folder.write(
      "queries.yaml",
      "app_one: { query: \"SELECT 1 AS n\", metrics: [{ n: { usage: \"GAUGE\" } }] }\n"
  );
  const std::string file = folder.write("exporter.yaml", configuration(""));
  Exporter exporter{with({"--config.file=" + file, "--extend.query-path=" + queries})};
  ASSERT_TRUE(wait_until([&] { return exporter.value("app_one_n") == 1; }));
  make(GetParam(), file);
  exporter.reload();
  EXPECT_TRUE(wait_until([&] {
    return exporter.value("pg_exporter_config_last_reload_successful") == 0;
  }));
  EXPECT_TRUE(is_up(exporter, "pg-1"));
  EXPECT_EQ(exporter.value("app_one_n"), 1);
  EXPECT_NE(exporter.output().find(file), std::string::npos) << exporter.output();
  EXPECT_EQ(exporter.stop(), 0);
}

TEST_P(IrregularFiles, AQueryFileIsLeftOutOrRefusedWithItsPath) {
  const std::string bad = folder / "queries.yaml";
  make(GetParam(), bad);
  const std::string file = folder.write("exporter.yaml", configuration(""));
  ExporterOptions options = with({"check", "--config.file=" + file, "--extend.query-path=" + bad});
  const Finished finished = run_exporter(options);
  EXPECT_EQ(finished.status, 2) << finished.output;
  EXPECT_NE(finished.output.find(bad), std::string::npos) << finished.output;
}

TEST_P(IrregularFiles, OfAServiceAreRefusedWithTheirPath) {
  const std::string bad = folder / "pg_service.conf";
  make(GetParam(), bad);
  ExporterOptions options{
      .environment = {{"DATA_SOURCE_NAME", "service=shop"}, {"PGSERVICEFILE", bad}},
      .arguments = {"check"}};
  const Finished finished = run_exporter(options);
  EXPECT_EQ(finished.status, 2) << finished.output;
}

TEST_P(IrregularFiles, OfAPasswordThatIsRotatedCostNothingUntilTheNextLogin) {
  const std::string secret = folder.write("password", "any");
  const std::string file =
      folder.write("exporter.yaml", configuration(", password_file: " + secret));
  Exporter exporter{with({"--config.file=" + file})};
  ASSERT_TRUE(wait_until([&] { return is_up(exporter, "pg-2"); }));
  make(GetParam(), secret);
  EXPECT_TRUE(is_up(exporter, "pg-2"));
  server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'monitor'"
  );
  EXPECT_TRUE(wait_until([&] {
    return exporter.value("pg_up_reason", {{"server", "pg-2"}, {"reason", "auth"}}) == 1;
  }));
  EXPECT_TRUE(wait_until([&] { return is_up(exporter, "pg-1"); }));
  std::filesystem::remove_all(secret);
  folder.write("password", "any");
  EXPECT_TRUE(wait_until([&] { return is_up(exporter, "pg-2"); })) << "read again";
  EXPECT_EQ(exporter.stop(), 0);
}

std::string name_of(const ::testing::TestParamInfo<Kind>& one) {
  return one.param == Kind::Directory ? "Directory"
         : one.param == Kind::Pipe    ? "Pipe"
                                      : "Unreadable";
}

INSTANTIATE_TEST_SUITE_P(
    OfEachKind,
    IrregularFiles,
    ::testing::Values(Kind::Directory, Kind::Pipe, Kind::Unreadable),
    name_of
);

class Unhindered : public ::testing::Test {
 protected:
  void SetUp() override { PGREPL_REQUIRE_POSTGRES(); }

  PgCluster cluster{};
  PgServer& server = cluster.primary();
};

// OpenSSL would ask on the terminal for the passphrase.
TEST_F(Unhindered, ByAnEncryptedKeyWithoutItsPassphrase) {
  ScratchFolder folder;
  const std::string key = folder / "client.key";
  const std::string cert = folder / "client.crt";
  const std::string make =
      "openssl req -x509 -newkey rsa:2048 -days 1 -subj /CN=monitor -passout "
      "pass:secret -keyout " +
      key + " -out " + cert + " 2>/dev/null";
  ASSERT_EQ(std::system(make.c_str()), 0);
  std::filesystem::permissions(key, std::filesystem::perms::owner_read);
  serve_tls(server);
  const std::string second =
      "host=127.0.0.1 user=monitor dbname=template1 sslmode=require sslcert=" + cert +
      " sslkey=" + key + " port=" + std::to_string(server.port());
  Exporter exporter{
      {.environment = {{"DATA_SOURCE_NAME", server.conninfo("monitor") + "," + second}}}};
  EXPECT_TRUE(wait_until([&] {
    const auto page = exporter.scrape();
    double up = 0;
    for (const Series& series : page) {
      up += series.name == "pg_up" ? series.value : 0;
    }
    return up == 1;
  })) << exporter.output();
  EXPECT_EQ(exporter.get("/-/healthy").status, 200);
  EXPECT_EQ(exporter.stop(), 0);
}

}  // namespace
}  // namespace pgrepl::testing
