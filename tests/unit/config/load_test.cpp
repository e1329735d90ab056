#include "config/load.h"

#include "unit/config/load_fixture.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::config {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

constexpr const char* kOneServer = "clusters: [{servers: [{host: a}]}]\n";

Given yaml(std::string text, Environment environment = {}) {
  return {.yaml = std::move(text), .environment = std::move(environment)};
}

TEST(Load, ReadsEveryKeyOfAFile) {
  const Config config = loaded(yaml(R"(
web: { listen_address: [":9187", "[::1]:9188"], telemetry_path: /m, enable_lifecycle: true }
sampling: { tick: 2s, timeout: 4s, connect_timeout: 1s, statement_timeout: 5s, lock_timeout: 50ms }
defaults: { user: monitor, password_file: /run/pw, dbname: app, sslmode: require, port: 5433 }
clusters:
  - name: promata
    labels: { environment: production }
    servers:
      - { name: pg-1, host: one }
      - { name: pg-2, conninfo: "host=two port=6000 user=other", lag_thresholds: { warning: 1m } }
    expected_standbys: 2
    objectives: { rpo: 15m, rto: 1h }
    lag_thresholds: { warning: 30s, critical: 5m }
queries: { files: ["/etc/q/*.yaml"], disable: [slots] }
)"));
  EXPECT_THAT(config.web.listen_addresses, ElementsAre(":9187", "[::1]:9188"));
  EXPECT_EQ(config.web.telemetry_path, "/m");
  EXPECT_TRUE(config.web.enable_lifecycle);
  EXPECT_EQ(config.sampling.tick, 2s);
  EXPECT_EQ(config.sampling.timeout, 4s);
  EXPECT_EQ(config.sampling.connect_timeout, 1s);
  EXPECT_EQ(config.sampling.statement_timeout, 5s);
  EXPECT_EQ(config.sampling.lock_timeout, 50ms);
  EXPECT_THAT(config.queries.files, ElementsAre("/etc/q/*.yaml"));
  EXPECT_THAT(config.queries.disable, ElementsAre("slots"));
  ASSERT_EQ(config.clusters.size(), 1U);
  const Cluster& cluster = config.clusters[0];
  EXPECT_EQ(cluster.name, "promata");
  EXPECT_THAT(cluster.labels, ElementsAre(Pair("environment", "production")));
  EXPECT_EQ(cluster.expected_standbys, 2);
  EXPECT_EQ(cluster.objectives.rpo, 15min);
  EXPECT_EQ(cluster.objectives.rto, 1h);
  ASSERT_EQ(cluster.servers.size(), 2U);
  EXPECT_EQ(to_string(cluster.servers[0].conninfo.endpoint), "one:5433");
  EXPECT_EQ(cluster.servers[0].conninfo.password_file, "/run/pw");
  EXPECT_EQ(cluster.servers[0].lag_thresholds, (LagThresholds{.warning = 30s, .critical = 5min}));
  EXPECT_EQ(cluster.servers[1].lag_thresholds, (LagThresholds{.warning = 1min, .critical = 5min}));
  EXPECT_EQ(cluster.servers[1].conninfo.parameter("user"), "other");
  EXPECT_EQ(cluster.servers[1].conninfo.parameter("sslmode"), "require");
}

TEST(Load, ReadsWhereAClusterAndAServerGetTheirWalFrom) {
  const Config config = loaded({.yaml = R"(
clusters:
  - { name: dr, follows: main, servers: [{ host: a, fed_by: archive }, { host: b }] }
  - { name: main, role: origin, servers: [{ host: c }] }
  - { name: far, role: standby, servers: [{ host: d }] }
  - { name: plain, servers: [{ host: e }] }
)"});
  EXPECT_EQ(config.clusters[0].role, ClusterRole::Standby) << "whoever follows is one";
  EXPECT_EQ(config.clusters[0].follows, "main");
  EXPECT_EQ(config.clusters[0].servers[0].fed_by, FedBy::Archive);
  EXPECT_EQ(config.clusters[0].servers[1].fed_by, std::nullopt);
  EXPECT_EQ(config.clusters[1].role, ClusterRole::Origin);
  EXPECT_EQ(config.clusters[2].role, ClusterRole::Standby);
  EXPECT_EQ(config.clusters[2].follows, std::nullopt);
  EXPECT_EQ(config.clusters[3].role, std::nullopt);
}

TEST(Load, HasTheDocumentedDefaults) {
  const Config config = loaded(yaml(kOneServer));
  EXPECT_THAT(config.web.listen_addresses, ElementsAre(":9187"));
  EXPECT_EQ(config.web.telemetry_path, "/metrics");
  EXPECT_FALSE(config.web.enable_lifecycle);
  EXPECT_EQ(config.sampling.tick, 1s);
  EXPECT_EQ(config.sampling.timeout, 3s);
  EXPECT_EQ(config.sampling.connect_timeout, 2s);
  EXPECT_EQ(config.sampling.statement_timeout, 2s);
  EXPECT_EQ(config.sampling.lock_timeout, 100ms);
  EXPECT_EQ(config.clusters.at(0).name, "default");
  EXPECT_EQ(config.clusters.at(0).expected_standbys, std::nullopt);
}

TEST(Load, FlagsWinOverTheFileAndAddToItsQueries) {
  const Config config = loaded({
      .yaml = std::string{kOneServer} + "web: {listen_address: ':1', telemetry_path: /file}\n" +
              "queries: {files: /a}\n",
      .flags =
          {.listen_addresses = {":2", ":3"},
           .telemetry_path = "/flag",
           .enable_lifecycle = true,
           .extend_query_paths = {"/b"}},
  });
  EXPECT_THAT(config.web.listen_addresses, ElementsAre(":2", ":3"));
  EXPECT_EQ(config.web.telemetry_path, "/flag");
  EXPECT_TRUE(config.web.enable_lifecycle);
  EXPECT_THAT(config.queries.files, ElementsAre("/a", "/b"));
}

TEST(Load, ChecksFlagsAndNamesThem) {
  const std::string errors = errors_of({
      .yaml = kOneServer,
      .flags =
          {.listen_addresses = {"9187"},
           .telemetry_path = "metrics",
           .enable_lifecycle = {},
           .extend_query_paths = {}},
  });
  EXPECT_EQ(
      errors,
      "--web.listen-address: '9187' is no listen address; expected host:port, [IPv6 address]:port "
      "or :port; did you mean ':9187'?\n"
      "--web.telemetry-path: 'metrics' does not begin with '/'; did you mean '/metrics'?\n"
  );
}

TEST(Load, ANamedFileThatCannotBeReadIsAnError) {
  Sources sources;
  sources.config_file = "/absent.yaml";
  sources.read_file = [](const std::string&) { return Unexpected<std::string>{"is a directory"}; };
  const auto config = load(sources);
  ASSERT_FALSE(config);
  EXPECT_THAT(
      to_string(config.error()), HasSubstr("/absent.yaml: is a directory; check --config.file")
  );
}

TEST(Load, WithoutAnyServerItSaysWhatToSet) {
  for (const Given& given :
       {Given{}, yaml(""), yaml("clusters: []"), yaml("clusters: [{name: a}]")}) {
    const std::string errors = errors_of(given);
    EXPECT_THAT(errors, HasSubstr("--config.file"));
    EXPECT_THAT(errors, HasSubstr("DATA_SOURCE_NAME=postgresql://"));
  }
}

TEST(Load, SyntaxErrorsHaveTheirPlace) {
  EXPECT_THAT(errors_of(yaml("web: {")), HasSubstr("exporter.yaml:1:"));
}

TEST(Load, ReportsEveryMistakeAtOnceInOrder) {
  const std::string errors = errors_of(yaml(R"(web: {telemetry_pth: /m}
sampling: {tick: 5}
clusters:
  - name: a
    servers:
      - {host: x, prt: 1}
      - {port: 5432}
)"));
  EXPECT_EQ(
      errors,
      "exporter.yaml:1:7: unknown key 'telemetry_pth'; did you mean 'telemetry_path'?\n"
      "exporter.yaml:2:18: tick: expected a duration such as 500ms, 3s or 15m, found '5'\n"
      "exporter.yaml:6:19: unknown key 'prt'; did you mean 'port'?\n"
      "exporter.yaml:7:9: host: is missing; a server needs host or conninfo\n"
  );
}

struct Mistake {
  const char* yaml;
  const char* message;
};

TEST(Load, NamesWhatIsWrong) {
  constexpr Mistake kMistakes[] = {
      {"- a", "expected a mapping, found a list"},
      {"web: {listen_address: '9187'}", "1:23: listen_address: '9187' is no listen address"},
      {"web: {listen_address: '::1:9187'}", "no listen address"},
      {"web: {listen_address: ':65536'}", "no listen address"},
      {"web: {telemetry_path: metrics}", "did you mean '/metrics'?"},
      {"web: {telemetry_path: '/a b'}", "no blank"},
      {"web: {enable_lifecycle: maybe}", "expected true or false, found 'maybe'"},
      {"sampling: {tick: 99ms}", "tick: must be from 100ms to 24h"},
      {"sampling: {timeout: 0s}", "timeout: must be from 1ms to 24h"},
      {"sampling: {connect_timeout: 0s}", "connect_timeout: must be from 1ms"},
      {"sampling: {statement_timeout: 25h}", "statement_timeout: must be from 1ms to 24h"},
      {"sampling: {lock_timeout: 0s}", "lock_timeout: must be from 1ms"},
      {"defaults: {host: a}", "host: has no default"},
      {"defaults: {usr: a}", "unknown key 'usr'; did you mean 'user'?"},
      {"defaults: {password: a, password_file: b}", "given together with password; keep one"},
      {"defaults: {sslmode: verify_full}", "did you mean 'verify-full'?"},
      {"defaults: {connect_timeout: 3}", "sampling.connect_timeout"},
      {"defaults: {target_session_attrs: primary}", "whatever its role"},
      {"queries: {disable: ['']}", "disable: an entry is empty"},
      {"clusters: {name: a}", "clusters: expected a list, found a mapping"},
      {"clusters: [a]", "expected a mapping, found a single value"},
      {"clusters: [{name: ''}]", "name: is empty"},
      {"clusters: [{name: a}, {name: a}]", "two clusters are called 'a'"},
      {"clusters: [{}, {}]", "two clusters are called 'default'"},
      {"clusters: [{labels: {cluster: x}}]", "cluster: is a label that every series has"},
      {"clusters: [{labels: {server: x}}]", "server: is a label that every series has"},
      {"clusters: [{role: primary}]", "role: expected origin or standby"},
      {"clusters: [{servers: [{host: a, fed_by: tape}]}]", "fed_by: expected archive"},
      {"clusters: [{name: a, follows: a}]", "follows: a cluster cannot follow itself"},
      {"clusters: [{name: a, follows: b}]", "follows: no cluster is called 'b'"},
      {"clusters: [{name: a, role: origin, follows: b}, {name: b}]",
       "follows: a cluster with the role origin follows no other"},
      {"clusters: [{labels: {__x: x}}]", "belong to Prometheus"},
      {"clusters: [{labels: {1a: x}}]", "1a: is no label name"},
      {"clusters: [{labels: {a-b: x}}]", "a-b: is no label name"},
      {"clusters: [{labels: {a: [x]}}]", "a: expected a text, found a list"},
      {"clusters: [{labels: {a: x, a: y}}]", "a: given twice"},
      {"clusters: [{expected_standbys: -1}]", "expected_standbys: expected a whole number from 0"},
      {"clusters: [{objectives: {rpo: 0s}}]", "rpo: must be longer than 0"},
      {"clusters: [{lag_thresholds: {warning: 2m, critical: 1m}}]", "must not exceed"},
      {"clusters: [{lag_thresholds: {critical: 1m}, servers: [{host: a, lag_thresholds: "
       "{warning: 2m}}]}]",
       "warning: the warning threshold, 120000ms, must not exceed the critical one, 60000ms"},
      {"clusters: [{servers: [{name: '', host: a}]}]", "name: is empty"},
      {"clusters: [{servers: [{name: x, host: a}, {name: x, host: b}]}]",
       "two servers of this cluster are called 'x'"},
      {"clusters: [{servers: [{name: x, host: a}, {name: y, host: a}]}]",
       "a:5432 with this database is server 'x' already"},
      {"clusters: [{servers: [{}]}]", "host: is missing"},
      {"clusters: [{servers: [~]}]", "an entry is empty"},
      {"clusters: [{servers: [a]}]", "expected a mapping"},
      {"clusters: [{servers: [{host: 'a,b'}]}]", "lists several hosts"},
      {"clusters: [{servers: [{host: a, port: 0}]}]", "port: expected a whole number from 1"},
      {"clusters: [{servers: [{host: a, port: 65536}]}]", "port: expected a whole number from 1"},
      {"clusters: [{servers: [{conninfo: 'host=a', host: a}]}]", "host: is given together"},
      {"clusters: [{servers: [{conninfo: 'host=a', port: 1}]}]", "port: is given together"},
      {"clusters: [{servers: [{conninfo: 'host=a,b'}]}]", "conninfo: lists 2 hosts"},
      {"clusters: [{servers: [{conninfo: 'broken'}]}]", "conninfo: a single quote"},
      {"clusters: [{servers: [{conninfo: 'user=a', user: b}]}]", "user: is given here and in"},
      {"clusters: [{servers: [{host: a, password: p, password_file: f}]}]", "keep one"},
      {"clusters: [{servers: [{conninfo: 'password=p', password_file: f}]}]", "keep one"},
      {"clusters: [{servers: [{host: a, sslpassword_file: /absent}]}]", "'/absent' does not exist"},
      {"clusters: [{servers: [{host: a}], disco: []}]", "unknown key 'disco'"},
      {"cluster: []", "unknown key 'cluster'; did you mean 'clusters'?"},
  };
  for (const Mistake& mistake : kMistakes) {
    const std::string errors = errors_of(yaml(mistake.yaml));
    EXPECT_THAT(errors, HasSubstr(mistake.message)) << mistake.yaml;
    EXPECT_THAT(errors, HasSubstr("exporter.yaml:1:")) << mistake.yaml;
  }
}

TEST(Load, SecretsAreInNoError) {
  constexpr const char* kYamls[] = {
      "clusters: [{servers: [{host: a, password: hunter2, password_file: b, port: x}]}]",
      "clusters: [{servers: [{conninfo: 'broken password=hunter2'}]}]",
      "clusters: [{servers: [{conninfo: 'host=a,b password=hunter2'}]}]",
      "clusters: [{servers: [{conninfo: 'host=a password=hunter2', password: hunter2}]}]",
      "clusters: [{servers: [{host: a, port: '${PW}'}]}]",
      "clusters: [{servers: [{host: a, sslmode: '${PW}'}]}]",
      "clusters: [{servers: [{host: a, sslpassword: hunter2, sslpassword_file: x}]}]",
      "sampling: {tick: '${PW}'}\nweb: {enable_lifecycle: '${PW}'}",
      "defaults: {password: [hunter2]}",
  };
  for (const char* text : kYamls) {
    const std::string errors = errors_of(yaml(text, {{"PW", "hunter2"}}));
    EXPECT_NE(errors, "") << text;
    EXPECT_THAT(errors, Not(HasSubstr("hunter2"))) << text;
  }
}

}  // namespace
}  // namespace pgrepl::config
