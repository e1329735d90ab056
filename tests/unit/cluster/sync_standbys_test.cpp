#include "cluster/sync_standbys.h"

#include "support/builders.h"

#include <gtest/gtest.h>

namespace pgrepl::cluster {
namespace {

using Names = std::vector<std::string>;

struct Case {
  const char* text;
  SyncMethod method;
  std::size_t required;
  Names names;
};

class SyncStandbyGrammar : public ::testing::TestWithParam<Case> {};

TEST_P(SyncStandbyGrammar, IsTheServers) {
  const Case& c = GetParam();
  const auto parsed = parse_sync_standby_names(c.text);
  ASSERT_TRUE(parsed) << c.text;
  EXPECT_EQ(*parsed, (SyncStandbyNames{c.method, c.required, c.names})) << c.text;
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    SyncStandbyGrammar,
    ::testing::Values(
        Case{"", SyncMethod::First, 0, {}},
        Case{"  ", SyncMethod::First, 0, {}},
        Case{"*", SyncMethod::First, 1, {"*"}},
        Case{"s1", SyncMethod::First, 1, {"s1"}},
        Case{"s1, S2 ,s3", SyncMethod::First, 1, {"s1", "s2", "s3"}},
        Case{"2 (s1, s2, s3)", SyncMethod::First, 2, {"s1", "s2", "s3"}},
        Case{"FIRST 1 (s1)", SyncMethod::First, 1, {"s1"}},
        Case{"first 2(a,b)", SyncMethod::First, 2, {"a", "b"}},
        Case{"ANY 2 (a, b, c)", SyncMethod::Any, 2, {"a", "b", "c"}},
        Case{"any 1 (*)", SyncMethod::Any, 1, {"*"}},
        Case{"\"my standby\"", SyncMethod::First, 1, {"my standby"}},
        Case{"\"a\"\"b\", c", SyncMethod::First, 1, {"a\"b", "c"}},
        Case{"first, any", SyncMethod::First, 1, {"first", "any"}},
        Case{"\"first\"", SyncMethod::First, 1, {"first"}},
        Case{"1", SyncMethod::First, 1, {"1"}}
    )
);

TEST(SyncStandbyGrammar, RefusesWhatTheServerRefuses) {
  for (const char* text :
       {",",
        "a,",
        "a b",
        "2 (",
        "2 ()",
        "(a)",
        "0 (a)",
        "ANY (a)",
        "\"a",
        "\"\"",
        "a;b",
        "1x",
        "FIRST 1 a",
        "2 (a))"}) {
    EXPECT_FALSE(parse_sync_standby_names(text)) << text;
  }
}

TEST(CountSyncStandbys, CountsThoseThatStreamAndTakePart) {
  std::vector<WalSender> senders(5);
  const char* states[] = {"streaming", "streaming", "catchup", "streaming", "streaming"};
  const char* sync[] = {"sync", "quorum", "sync", "potential", "async"};
  for (std::size_t i = 0; i < senders.size(); ++i) {
    senders[i].state = states[i];
    senders[i].sync_state = sync[i];
  }
  EXPECT_EQ(count_sync_standbys(senders), 2U);
}

}  // namespace
}  // namespace pgrepl::cluster
