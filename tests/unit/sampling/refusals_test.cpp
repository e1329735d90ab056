#include "sampling/refusals.h"

#include "support/builders.h"

#include <gtest/gtest.h>

namespace pgrepl::sampling {
namespace {

using session::QueryError;
using session::QueryResult;

QueryResult refused(const std::string& sqlstate) {
  return Unexpected<QueryError>{QueryError{.sqlstate = sqlstate, .message = "refused"}};
}

std::vector<QueryResult> all_answered() {
  return std::vector<QueryResult>(
      Refusals::probes().size(), pg::ResultSet{std::vector<std::string>{"x"}}
  );
}

std::size_t place_of(std::string_view call) {
  const auto functions = catalogue::refusable_functions();
  for (std::size_t place = 0; place < functions.size(); ++place) {
    if (functions[place].call == call) {
      return place;
    }
  }
  ADD_FAILURE() << call;
  return 0;
}

constexpr Refusals::Instant kNow{std::chrono::hours{1}};
const pg::Statement kSlots{"SELECT slot_name FROM pg_catalog.pg_get_replication_slots() AS slot"};

TEST(Refusals, OnlyARefusalCallsForProbes) {
  for (const char* sqlstate : {"0A000", "42883", "42501", "55000"}) {
    EXPECT_TRUE(Refusals::calls_for_probes(refused(sqlstate))) << sqlstate;
  }
  for (const char* sqlstate : {"57014", "42601", "", "57P01"}) {
    EXPECT_FALSE(Refusals::calls_for_probes(refused(sqlstate))) << sqlstate;
  }
  EXPECT_FALSE(Refusals::calls_for_probes(all_answered().front()));
}

TEST(Refusals, ARefusedFunctionIsLeftOutOfEachStatement) {
  Refusals refusals;
  EXPECT_EQ(refusals.reduce(&kSlots), &kSlots);
  auto results = all_answered();
  results[place_of("pg_catalog.pg_get_replication_slots()")] = refused("42501");
  EXPECT_TRUE(refusals.take(results, kNow));
  const std::string reduced = refusals.reduce(&kSlots)->text();
  EXPECT_EQ(reduced.find("pg_get_replication_slots"), std::string::npos) << reduced;
  EXPECT_EQ(refusals.reduce(&kSlots), refusals.reduce(&kSlots)) << "made once";
  EXPECT_FALSE(refusals.capabilities().at("slots"));
  EXPECT_TRUE(refusals.capabilities().at("control"));
}

TEST(Refusals, AreAskedAgainAfterAMinuteAndEnd) {
  Refusals refusals;
  EXPECT_FALSE(refusals.is_due(kNow)) << "nothing is refused";
  auto results = all_answered();
  results.front() = refused("0A000");
  EXPECT_TRUE(refusals.take(results, kNow));
  EXPECT_FALSE(refusals.is_due(kNow + std::chrono::seconds{59}));
  EXPECT_TRUE(refusals.is_due(kNow + std::chrono::seconds{60}));
  EXPECT_TRUE(refusals.take(all_answered(), kNow + std::chrono::seconds{60}));
  EXPECT_TRUE(refusals.capabilities().at("wal_position"));
}

TEST(Refusals, ALostConnectionSaysNothingOfAFunction) {
  Refusals refusals;
  auto results = all_answered();
  results.front() = refused("0A000");
  ASSERT_TRUE(refusals.take(results, kNow));
  auto lost = all_answered();
  lost.back() = Unexpected<QueryError>{QueryError{.message = "lost", .ends_session = true}};
  EXPECT_FALSE(refusals.take(lost, kNow));
  EXPECT_FALSE(refusals.capabilities().at("wal_position"));
}

}  // namespace
}  // namespace pgrepl::sampling
