// HTTPS, logins and client certificates as programs meet them: Prometheus, curl, openssl.
#include "support/exporter.h"
#include "support/pg_cluster.h"
#include "support/tcp_socket.h"
#include "support/wait_until.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace pgrepl::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

constexpr const char* kUsers =
    "basic_auth_users:\n"
    "  alice: $2y$04$WUDfWUDfWUDfWUDfWUDfWODNyhfqQFXS3yNGH5Gr79yhRMuJJnSIS\n";
constexpr const char* kServer =
    "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";
constexpr const char* kClients =
    "  client_ca_file: ca.crt\n  client_auth_type: RequireAndVerifyClientCert\n";

struct Ended {
  int status = -1;
  std::string output;
};

Ended run_to_its_end(std::vector<std::string> arguments) {
  Process process{{.arguments = std::move(arguments), .environment = {"PATH=/usr/bin:/bin"}}};
  const auto status = process.wait(kPatience);
  return {status.value_or(-1), process.output()};
}

// A CA with certificates for the server, a client, and one of another CA.
class Https : public ::testing::Test {
 protected:
  void SetUp() override {
    PGREPL_REQUIRE_POSTGRES();
    for (const char* program : {"/usr/bin/openssl", "/usr/bin/curl"}) {
      if (!std::filesystem::exists(program)) {
        ASSERT_EQ(std::getenv("REQUIRE_PG"), nullptr) << program << " is missing";
        GTEST_SKIP() << program << " is missing";
      }
    }
    make_ca("ca");
    make_ca("other-ca");
    issue("ca", "server", "IP:127.0.0.1");
    issue("ca", "client", "DNS:prometheus.example.com");
    issue("other-ca", "stranger", "DNS:prometheus.example.com");
  }

  [[nodiscard]] std::string path(const std::string& name) const { return folder.path() / name; }

  static void openssl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "/usr/bin/openssl");
    const Ended ended = run_to_its_end(std::move(arguments));
    ASSERT_EQ(ended.status, 0) << ended.output;
  }

  void make_ca(const std::string& name) const {
    openssl(
        {"req",
         "-x509",
         "-newkey",
         "ec",
         "-pkeyopt",
         "ec_paramgen_curve:P-256",
         "-nodes",
         "-days",
         "2",
         "-subj",
         "/CN=" + name,
         "-keyout",
         path(name + ".key"),
         "-out",
         path(name + ".crt")}
    );
  }

  void issue(const std::string& ca, const std::string& name, const std::string& san) const {
    openssl(
        {"req",
         "-newkey",
         "ec",
         "-pkeyopt",
         "ec_paramgen_curve:P-256",
         "-nodes",
         "-subj",
         "/CN=" + name,
         "-keyout",
         path(name + ".key"),
         "-out",
         path(name + ".csr")}
    );
    std::ofstream{path(name + ".ext")} << "subjectAltName=" << san << "\n";
    openssl(
        {"x509",
         "-req",
         "-in",
         path(name + ".csr"),
         "-CA",
         path(ca + ".crt"),
         "-CAkey",
         path(ca + ".key"),
         "-CAcreateserial",
         "-days",
         "2",
         "-extfile",
         path(name + ".ext"),
         "-out",
         path(name + ".crt")}
    );
  }

  void write(const std::string& web_file) const {
    std::ofstream{path("next.yml")} << web_file;
    std::filesystem::rename(path("next.yml"), path("web.yml"));
  }

  void start(const std::string& web_file) {
    write(web_file);
    exporter = std::make_unique<Exporter>(ExporterOptions{
        .environment = {{"DATA_SOURCE_NAME", cluster.primary().conninfo("monitor")}},
        .arguments = {"--web.config.file", path("web.yml")},
        .wait_until_ready = false});
    await("the exporter listens", [this] {
      EXPECT_TRUE(exporter->running()) << exporter->output();
      return exporter->output().find("listening") != std::string::npos;
    });
  }

  [[nodiscard]] std::string url(const std::string& scheme = "https") const {
    return scheme + "://127.0.0.1:" + std::to_string(exporter->port()) + "/metrics";
  }

  // curl with our CA; its status is 0 when there was an answer, whose code is at the end.
  [[nodiscard]] Ended curl(std::vector<std::string> arguments, const std::string& scheme = "https")
      const {
    arguments.insert(
        arguments.begin(),
        {"/usr/bin/curl",
         "-sS",
         "--max-time",
         "20",
         "--cacert",
         path("ca.crt"),
         "-w",
         "\ncode %{http_code}",
         url(scheme)}
    );
    return run_to_its_end(std::move(arguments));
  }

  [[nodiscard]] std::vector<std::string> certificate(const std::string& name) const {
    return {"--cert", path(name + ".crt"), "--key", path(name + ".key")};
  }

  // Whether a handshake with these options comes about.
  [[nodiscard]] bool shakes_hands(std::vector<std::string> options) const {
    options.insert(
        options.begin(),
        {"/usr/bin/openssl",
         "s_client",
         "-connect",
         "127.0.0.1:" + std::to_string(exporter->port()),
         "-CAfile",
         path("ca.crt"),
         "-brief"}
    );
    const std::string told = run_to_its_end(std::move(options)).output;
    return told.find("CONNECTION ESTABLISHED") != std::string::npos;
  }

  TemporaryDirectory folder;
  PgCluster cluster{};
  std::unique_ptr<Exporter> exporter;
};

TEST_F(Https, RightPasswordIsServedAndWrongOrNoneAreNot) {
  start(std::string{kServer} + kUsers);
  EXPECT_THAT(curl({}).output, HasSubstr("Unauthorized\n\ncode 401"));
  EXPECT_THAT(curl({"-u", "alice:wrong"}).output, HasSubstr("code 401"));
  EXPECT_THAT(curl({"-u", "bob:secret"}).output, HasSubstr("code 401"));
  const Ended right = curl({"-u", "alice:secret"});
  EXPECT_THAT(right.output, HasSubstr("pg_up{"));
  EXPECT_THAT(right.output, HasSubstr("code 200"));
  EXPECT_THAT(exporter->output(), Not(HasSubstr("secret")));
}

TEST_F(Https, StatusAndHealthcheckFindTheirWayIn) {
  start(std::string{kServer} + kClients + kUsers);
  std::ofstream{path("password")} << "secret\n";
  const std::string address = "127.0.0.1:" + std::to_string(exporter->port());
  std::vector<std::string> arguments{
      "status", "--url", "https://" + address, "--ca-file", path("ca.crt")};
  EXPECT_EQ(run_exporter({.arguments = arguments}).status, 1) << "without a certificate";
  arguments.insert(
      arguments.end(), {"--cert-file", path("client.crt"), "--key-file", path("client.key")}
  );
  const Finished without_login = run_exporter({.arguments = arguments});
  EXPECT_EQ(without_login.status, 1);
  EXPECT_THAT(without_login.output, HasSubstr(address + ": status 401"));
  arguments.insert(arguments.end(), {"--user", "alice", "--password-file", path("password")});
  await("the first round is done", [&] {
    return run_exporter({.arguments = arguments}).output.find("127.0.0.1:") != std::string::npos;
  });
  const Finished healthcheck = run_exporter(
      {.environment = {{"DATA_SOURCE_NAME", "host=127.0.0.1"}},
       .arguments =
           {"healthcheck", "--web.listen-address", address, "--web.config.file", path("web.yml")}}
  );
  EXPECT_EQ(healthcheck.status, 0) << healthcheck.output;
}

TEST_F(Https, PlainHttpIsNotServedOnIt) {
  start(kServer);
  EXPECT_NE(curl({}, "http").status, 0);
  EXPECT_THAT(curl({}).output, HasSubstr("code 200"));
}

TEST_F(Https, LoginsWorkWithoutTlsToo) {
  start(std::string{kUsers} + "http_server_config: { headers: { X-Frame-Options: deny } }\n");
  const Ended refused = curl({"-i"}, "http");
  EXPECT_THAT(refused.output, HasSubstr("code 401"));
  EXPECT_THAT(refused.output, HasSubstr("X-Frame-Options: deny"));
  EXPECT_THAT(refused.output, HasSubstr("WWW-Authenticate: Basic"));
  EXPECT_THAT(curl({"-u", "alice:secret"}, "http").output, HasSubstr("code 200"));
}

TEST_F(Https, OnlyCertificatesOfTheClientCaAreLetIn) {
  start(std::string{kServer} + kClients);
  EXPECT_NE(curl({}).status, 0) << "without a certificate";
  EXPECT_NE(curl(certificate("stranger")).status, 0) << "of another CA";
  EXPECT_THAT(curl(certificate("client")).output, HasSubstr("code 200"));
}

TEST_F(Https, OnlyAllowedNamesAreLetIn) {
  start(std::string{kServer} + kClients + "  client_allowed_sans: [prometheus.example.org]\n");
  EXPECT_NE(curl(certificate("client")).status, 0);
  write(std::string{kServer} + kClients + "  client_allowed_sans: [prometheus.example.com]\n");
  EXPECT_THAT(curl(certificate("client")).output, HasSubstr("code 200"));
}

TEST_F(Https, TlsVersionsAreThoseOfTheFile) {
  start(kServer);
  EXPECT_TRUE(shakes_hands({"-tls1_3"}));
  EXPECT_TRUE(shakes_hands({"-tls1_2"}));
  // Security level 0, or it is openssl that refuses.
  EXPECT_FALSE(shakes_hands({"-tls1_1", "-cipher", "ALL:@SECLEVEL=0"}));
  EXPECT_FALSE(shakes_hands({"-tls1", "-cipher", "ALL:@SECLEVEL=0"}));
  write(std::string{kServer} + "  min_version: TLS13\n");
  EXPECT_FALSE(shakes_hands({"-tls1_2"}));
  EXPECT_TRUE(shakes_hands({"-tls1_3"}));
  write(
      std::string{kServer} +
      "  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n"
  );
  EXPECT_FALSE(shakes_hands({"-tls1_3"}));
  EXPECT_FALSE(shakes_hands({"-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"}));
  EXPECT_TRUE(shakes_hands({"-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"}));
}

// The library's port is open to every account of the machine, and must be of no use to any.
TEST_F(Https, InnerPortServesNobodyButTheFront) {
  start(std::string{kServer} + kClients);
  std::size_t tried = 0;
  // Listening sockets of 127.0.0.1 whose inode is one of the exporter's descriptors.
  std::ifstream lines{"/proc/net/tcp"};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    std::vector<std::string> fields{std::istream_iterator<std::string>{words}, {}};
    if (fields.size() < 10 || !fields[1].starts_with("0100007F:") || fields[3] != "0A" ||
        !exporter->has_socket(fields[9])) {
      continue;
    }
    const auto port = static_cast<std::uint16_t>(std::stoi(fields[1].substr(9), nullptr, 16));
    if (port == exporter->port()) {
      continue;
    }
    tried += 1;
    // All threads behind it are the front's: there is nobody to answer.
    EXPECT_THROW((void)http_get(port, "/metrics", {}, std::chrono::milliseconds{500}), HttpFailure);
  }
  EXPECT_EQ(tried, 1U);
}

TEST_F(Https, NewCertificateIsServedWithoutAReload) {
  start(kServer);
  EXPECT_THAT(curl({}).output, HasSubstr("code 200"));
  issue("other-ca", "server", "IP:127.0.0.1");
  EXPECT_NE(curl({}).status, 0) << "curl knows the first CA only";
  EXPECT_THAT(curl({"--cacert", path("other-ca.crt")}).output, HasSubstr("code 200"));
}

TEST_F(Https, BrokenFileLeavesTheLastGoodOneInPlace) {
  start(std::string{kServer} + kUsers);
  write("basic_auth_users: { alice: nothing }\n");
  EXPECT_THAT(curl({}).output, HasSubstr("code 401"));
  EXPECT_THAT(curl({"-u", "alice:secret"}).output, HasSubstr("code 200"));
  EXPECT_THAT(exporter->output(), HasSubstr("web.yml:1:21: basic_auth_users: 'alice' needs"));
}

TEST_F(Https, SilentClientsAndHugeHeadersCostNobodyElse) {
  start(kServer);
  std::vector<Socket> silent;
  for (int i = 0; i < 30; ++i) {
    silent.push_back(connect_to(exporter->port()));
  }
  EXPECT_THAT(curl({}).output, HasSubstr("code 200"));
  const Ended huge = curl({"-H", "X-Huge: " + std::string(60000, 'a')});
  EXPECT_THAT(huge.output, Not(HasSubstr("code 200")));
  EXPECT_THAT(curl({}).output, HasSubstr("code 200"));
  EXPECT_TRUE(exporter->running());
}

TEST_F(Https, MistakesEndTheStartWithTheirPlace) {
  write("tls_server_config: { cert_file: nowhere.crt, key_file: server.key }\n");
  const Finished checked = run_exporter(
      {.environment = {{"DATA_SOURCE_NAME", "host=127.0.0.1"}},
       .arguments = {"check", "--web.config.file", path("web.yml")}}
  );
  EXPECT_EQ(checked.status, 2);
  EXPECT_THAT(checked.output, HasSubstr(path("nowhere.crt") + ": this file of the web"));
}

TEST_F(Https, PrometheusScrapesWithAPasswordAndAClientCertificate) {
  if (!std::filesystem::exists("/usr/bin/prometheus")) {
    ASSERT_EQ(std::getenv("REQUIRE_PG"), nullptr) << "prometheus is missing";
    GTEST_SKIP() << "prometheus is missing";
  }
  start(std::string{kServer} + kClients + kUsers);
  const std::string target = "    scheme: https\n    static_configs: [{ targets: ['127.0.0.1:" +
                             std::to_string(exporter->port()) + "'] }]\n";
  const std::string login = "    basic_auth: { username: alice, password: secret }\n";
  const std::string tls = "    tls_config: { ca_file: " + path("ca.crt");
  const std::string client =
      ", cert_file: " + path("client.crt") + ", key_file: " + path("client.key") + " }\n";
  std::ofstream{path("prometheus.yml")} << "global: { scrape_interval: 1s }\nscrape_configs:\n"
                                        << "  - job_name: both\n"
                                        << target << login << tls << client
                                        << "  - job_name: no-certificate\n"
                                        << target << login << tls << " }\n"
                                        << "  - job_name: no-password\n"
                                        << target << tls << client;
  const ReservedPort port;
  const Process prometheus{
      {.arguments = {
           "/usr/bin/prometheus",
           "--config.file=" + path("prometheus.yml"),
           "--storage.tsdb.path=" + path("data"),
           "--web.listen-address=127.0.0.1:" + std::to_string(port.number())}}};
  std::map<std::string, std::string> health;
  std::map<std::string, std::string> errors;
  const bool scraped = wait_until([&] {
    try {
      const HttpResponse answer = http_get(port.number(), "/api/v1/targets");
      if (answer.status != 200) {
        return false;
      }
      const Json told = Json::parse(answer.body);
      for (const Json& each : told["data"]["activeTargets"]) {
        health[each["labels"]["job"].get<std::string>()] = each["health"];
        errors[each["labels"]["job"].get<std::string>()] = each["lastError"];
      }
    } catch (const HttpFailure&) {
      return false;
    }
    return health.size() == 3 && health["both"] == "up" && health["no-password"] != "unknown" &&
           health["no-certificate"] != "unknown";
  });
  EXPECT_TRUE(scraped) << health["both"] << errors["both"] << prometheus.output();
  EXPECT_EQ(health["no-password"], "down");
  EXPECT_THAT(errors["no-password"], HasSubstr("401"));
  EXPECT_EQ(health["no-certificate"], "down");
}

}  // namespace
}  // namespace pgrepl::testing
