#include "watch/probe_target.h"

#include "session/conninfo_parser.h"

#include <gtest/gtest.h>

namespace pgrepl::watch {
namespace {

config::Config configuration() {
  config::Config config;
  config.probe.allowed_targets = {"*.example.com:5432", "10.0.0.1:*"};
  config.defaults.set_parameter("user", "monitor");
  config.defaults.password = pg::Secret{"default-secret"};
  config.auth_modules["other"] = {
      .username = "other",
      .password = pg::Secret{"other-secret"},
      .options = {{"sslmode", "require"}},
  };
  return config;
}

Expected<ProbeTarget, http::ProbeAnswer> find(const http::ProbeRequest& request) {
  const std::vector<KnownServer> servers{
      {"a", "pg-1", {"db1", 5432}}, {"b", "pg-1", {"db2", 5433}}};
  return find_probe_target(request, configuration(), servers, session::parse_conninfo);
}

TEST(FindProbeTarget, KnownServerByNameOrAddressAndCluster) {
  EXPECT_EQ(find({.target = "pg-1"})->known, 0U);
  EXPECT_EQ(find({.target = "pg-1", .cluster = "b"})->known, 1U);
  EXPECT_EQ(find({.target = "db2:5433"})->known, 1U);
}

TEST(FindProbeTarget, StrangerNeedsAnAllowedAddress) {
  for (const char* target :
       {"db9:5432",
        "169.254.169.254:80",
        "evil.com:5432",
        "host=evil.com",
        "host=/tmp/x.example.com",
        "postgresql://%2Ftmp%2Fx.example.com:5432",
        "host=@x.example.com",
        "host='a b.example.com'",
        "/var/run/postgresql"}) {
    const auto found = find({.target = target});
    ASSERT_FALSE(found) << target;
    EXPECT_EQ(found.error().status, 403) << target;
  }
  const auto allowed = find({.target = "db9.example.com:5432/app?connect_timeout=5"});
  ASSERT_TRUE(allowed);
  EXPECT_EQ(allowed->known, std::nullopt);
  EXPECT_EQ(allowed->conninfo.endpoint, (pg::Endpoint{"db9.example.com", 5432}));
  EXPECT_EQ(allowed->conninfo.parameter("dbname"), "app");
  EXPECT_EQ(allowed->conninfo.parameter("user"), "monitor");
  EXPECT_EQ(allowed->conninfo.password, pg::Secret{"default-secret"});
}

TEST(FindProbeTarget, AuthModuleIsTheLogin) {
  const auto found = find({.target = "10.0.0.1:6000", .auth_module = "other"});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->conninfo.parameter("user"), "other");
  EXPECT_EQ(found->conninfo.parameter("sslmode"), "require");
  EXPECT_EQ(found->conninfo.password, pg::Secret{"other-secret"});
  EXPECT_EQ(find({.target = "10.0.0.1:6000", .auth_module = "none"}).error().status, 400);
}

TEST(FindProbeTarget, TargetOfSeveralHostsOrWithAPasswordIsRefused) {
  EXPECT_EQ(find({.target = "10.0.0.1:5432,evil.com:5432"}).error().status, 400);
  EXPECT_EQ(find({.target = "postgresql://u:secret@10.0.0.1:5432/"}).error().status, 400);
}

TEST(FindProbeTarget, OtherAddressesCannotBeSlippedIn) {
  for (const char* target :
       {"host=10.0.0.1 hostaddr=192.0.2.7",
        "10.0.0.1:5432/?hostaddr=192.0.2.7",
        "10.0.0.1:5432/?service=other",
        "10.0.0.1:5432/?passfile=/etc/passwd",
        "10.0.0.1:5432/?sslmode=disable",
        "10.0.0.1:5432/?sslkey=/etc/ssl/key.pem"}) {
    const auto found = find({.target = target});
    ASSERT_FALSE(found) << target;
    EXPECT_GE(found.error().status, 400) << target;
  }
}

}  // namespace
}  // namespace pgrepl::watch
