// Sources that name too much, name one thing twice, or lie: what the roster makes of it.
#include "discovery/roster.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::discovery {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

config::Server server(std::string name, std::string host, std::uint16_t port = 5432) {
  config::Server server;
  server.name = std::move(name);
  server.conninfo.endpoint = {std::move(host), port};
  return server;
}

std::string host_of(std::size_t number) {
  return "10." + std::to_string(number / 65536) + '.' + std::to_string(number / 256 % 256) + '.' +
         std::to_string(number % 256);
}

std::vector<config::Server> crowd(std::size_t size, std::size_t first = 0) {
  std::vector<config::Server> servers;
  for (std::size_t i = first; i < first + size; ++i) {
    servers.push_back(server("pg" + std::to_string(i), host_of(i)));
  }
  return servers;
}

std::vector<std::string> names(const Roster& roster) {
  std::vector<std::string> names;
  for (const config::Server& each : roster.watched()) {
    names.push_back(each.name);
  }
  return names;
}

std::string address(const Roster& roster, const std::string& name) {
  for (const config::Server& each : roster.watched()) {
    if (each.name == name) {
      return to_string(each.conninfo.endpoint);
    }
  }
  return "none";
}

class Crowd : public ::testing::Test {
 protected:
  void answer(std::vector<config::Server> found, std::size_t source = 0) {
    roster.take_answer(source, found);
  }

  void see(std::chrono::seconds later, const std::vector<Sighting>& sightings = {}) {
    roster.take_sightings(sightings, Instant{1h} + later);
  }

  Roster roster{{server("own", "db")}, {Coverage::Complete}, 15min, 3};
};

constexpr const char* kTooMany = "more than 3 servers are found; the others are not watched";

TEST_F(Crowd, MoreThanTheLimitIsNotWatchedAndThatIsSaid) {
  answer(crowd(3));
  EXPECT_THAT(names(roster), ElementsAre("own", "pg0", "pg1", "pg2"));
  EXPECT_THAT(roster.failures(), IsEmpty());
  answer(crowd(4));
  EXPECT_THAT(names(roster), ElementsAre("own", "pg0", "pg1", "pg2"));
  EXPECT_THAT(roster.failures(), ElementsAre(kTooMany));
  answer(crowd(100'000));
  EXPECT_THAT(names(roster), SizeIs(4));
  EXPECT_THAT(roster.failures(), ElementsAre(kTooMany)) << "in the same words";
  answer(crowd(2));
  EXPECT_THAT(roster.failures(), IsEmpty());
}

TEST_F(Crowd, ThoseThatAreKnownKeepTheirPlaces) {
  answer(crowd(3, 10));
  std::vector<config::Server> other_order = crowd(3, 0);
  const auto known = crowd(3, 10);
  other_order.insert(other_order.end(), known.begin(), known.end());
  answer(other_order);
  EXPECT_THAT(names(roster), ElementsAre("own", "pg10", "pg11", "pg12"));
}

TEST_F(Crowd, PlaceOfOneThatIsGoneIsFreeOnceItIsForgotten) {
  answer(crowd(3));
  auto next = crowd(2);
  next.push_back(server("new", "10.9.9.9"));
  answer(next);
  see(0s);
  EXPECT_THAT(roster.failures(), SizeIs(1)) << "the one that is gone is still watched";
  see(900s);
  answer(next);
  EXPECT_THAT(names(roster), ElementsAre("own", "pg0", "pg1", "new"));
  EXPECT_THAT(roster.failures(), IsEmpty());
}

TEST_F(Crowd, ConfiguredServersDoNotCount) {
  Roster large{
      {server("a", "a"), server("b", "b"), server("c", "c"), server("d", "d")},
      {Coverage::Complete},
      15min,
      1};
  large.take_answer(0, crowd(1));
  EXPECT_THAT(names(large), ElementsAre("a", "b", "c", "d", "pg0"));
  large.take_answer(0, {server("x", "a"), server("y", "b"), crowd(1).front()});
  EXPECT_THAT(large.failures(), IsEmpty()) << "those that are configured are no new ones";
}

TEST_F(Crowd, LimitIsForAllSourcesTogether) {
  Roster two{{}, {Coverage::Complete, Coverage::Complete}, 15min, 3};
  two.take_answer(0, crowd(2));
  two.take_answer(1, crowd(2, 10));
  EXPECT_THAT(names(two), ElementsAre("pg0", "pg1", "pg10"));
  EXPECT_THAT(two.failures(), SizeIs(1));
  two.take_failure(0, "patroni: no member answers");
  EXPECT_THAT(two.failures(), ElementsAre("patroni: no member answers", kTooMany));
}

TEST_F(Crowd, OneNameForTwoAddressesIsTwoServers) {
  answer({server("pg", "10.0.0.1"), server("pg", "10.0.0.2"), server("other", "10.0.0.3")});
  EXPECT_THAT(names(roster), ElementsAre("own", "pg/10.0.0.1:5432", "pg/10.0.0.2:5432", "other"));
  answer({server("other", "10.0.0.3"), server("pg", "10.0.0.2"), server("pg", "10.0.0.1")});
  EXPECT_EQ(address(roster, "pg/10.0.0.1:5432"), "10.0.0.1:5432") << "whatever the order";
  EXPECT_EQ(address(roster, "pg/10.0.0.2:5432"), "10.0.0.2:5432");
}

TEST_F(Crowd, OneNameForTwoPortsIsTwoServers) {
  answer({server("pg", "10.0.0.1", 5432), server("pg", "10.0.0.1", 5433)});
  EXPECT_THAT(names(roster), ElementsAre("own", "pg/10.0.0.1:5432", "pg/10.0.0.1:5433"));
}

TEST_F(Crowd, ServerThatIsNamedTwiceAlikeIsOne) {
  answer({server("pg", "10.0.0.1"), server("pg", "10.0.0.1")});
  EXPECT_THAT(names(roster), ElementsAre("own", "pg"));
}

TEST_F(Crowd, TwoNamesForOneAddressAreOneServerUnderTheFirst) {
  answer({server("a", "10.0.0.1"), server("b", "10.0.0.1")});
  EXPECT_THAT(names(roster), ElementsAre("own", "a"));
}

TEST_F(Crowd, NameThatIsDoubledLaterStaysWithItsAddress) {
  answer({server("pg", "10.0.0.1")});
  answer({server("pg", "10.0.0.2"), server("pg", "10.0.0.1")});
  EXPECT_EQ(address(roster, "pg"), "10.0.0.1:5432");
  EXPECT_EQ(address(roster, "pg/10.0.0.2:5432"), "10.0.0.2:5432");
  answer({server("pg", "10.0.0.1")});
  see(0s);
  see(900s);
  EXPECT_THAT(names(roster), ElementsAre("own", "pg")) << "the second is gone";
}

TEST_F(Crowd, NoTwoServersHaveOneNameWhateverASourceCallsThem) {
  answer({server("own", "10.0.0.1"), server("own/10.0.0.1:5432", "10.0.0.2")});
  const auto all = names(roster);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 3U)
      << ::testing::PrintToString(all);
  answer(
      {server("own/10.0.0.2:5432", "10.0.0.3"),
       server("own", "10.0.0.1"),
       server("own/10.0.0.1:5432", "10.0.0.2")}
  );
  const auto more = names(roster);
  EXPECT_EQ(std::set<std::string>(more.begin(), more.end()).size(), 4U)
      << ::testing::PrintToString(more);
}

TEST_F(Crowd, TwoMembersThatSwapAddressesKeepTheirNames) {
  answer({server("a", "10.0.0.1"), server("b", "10.0.0.2")});
  answer({server("a", "10.0.0.2"), server("b", "10.0.0.1")});
  EXPECT_THAT(names(roster), ElementsAre("own", "a", "b"));
  EXPECT_EQ(address(roster, "a"), "10.0.0.2:5432");
  EXPECT_EQ(address(roster, "b"), "10.0.0.1:5432");
}

TEST_F(Crowd, NewMemberAtAnAddressThatWasLeftIsANewServer) {
  answer({server("a", "10.0.0.1")});
  answer({server("a", "10.0.0.2"), server("b", "10.0.0.1")});
  EXPECT_EQ(address(roster, "a"), "10.0.0.2:5432");
  EXPECT_EQ(address(roster, "b"), "10.0.0.1:5432");
}

TEST_F(Crowd, MovedMemberIsNoLongerTakenForWhatItsOldAddressWas) {
  answer({server("a", "10.0.0.1")});
  const Sighting own{.server = "own", .addresses = {"10.0.0.1"}};
  see(0s, {own});
  EXPECT_THAT(names(roster), ElementsAre("own"));
  answer({server("a", "10.0.0.2")});
  EXPECT_THAT(names(roster), ElementsAre("own", "a"));
}

TEST_F(Crowd, ServerOfAnotherPortIsAnotherServer) {
  answer({server("a", "10.0.0.1", 5433)});
  see(0s, {{.server = "own", .addresses = {"10.0.0.1"}}});
  EXPECT_THAT(names(roster), ElementsAre("own", "a"));
}

TEST_F(Crowd, EmptyAnswerOfAPartialSourceLeavesThoseThatAnswer) {
  Roster partial{{}, {Coverage::Partial}, 15min, 3};
  partial.take_answer(0, crowd(2));
  partial.take_answer(0, {});
  const std::vector<Sighting> one{{.server = "pg0", .postmaster_start_time = 1.0}};
  partial.take_sightings(one, Instant{1h});
  partial.take_sightings(one, Instant{2h});
  EXPECT_THAT(names(partial), ElementsAre("pg0"));
}

// A source that does not list it keeps the original, as long as it lists one that the original
// stands for.
TEST_F(Crowd, OriginalStaysWhileItsOtherNameIsListed) {
  Roster two{{}, {Coverage::Complete, Coverage::Complete}, 15min};
  two.take_answer(0, {server("a", "10.0.0.1")});
  two.take_answer(1, {server("b", "10.0.0.2")});
  const std::vector<Sighting> same{
      {.server = "a", .postmaster_start_time = 7.0}, {.server = "b", .postmaster_start_time = 7.0}};
  two.take_sightings(same, Instant{1h});
  EXPECT_THAT(names(two), ElementsAre("a"));
  two.take_answer(0, {});
  two.take_sightings(same, Instant{2h});
  two.take_sightings(same, Instant{3h});
  EXPECT_THAT(names(two), ElementsAre("a"));
  two.take_answer(1, {});
  two.take_sightings(same, Instant{4h});
  two.take_sightings(same, Instant{5h});
  EXPECT_THAT(names(two), IsEmpty());
}

TEST_F(Crowd, FailureOfTheFirstAnswerIsAnAnswerToo) {
  Roster two{{}, {Coverage::Complete, Coverage::Complete}, 15min};
  two.take_answer(0, crowd(1));
  EXPECT_THAT(names(two), IsEmpty()) << "the second has not spoken";
  two.take_failure(1, "dns b: no answer");
  two.take_failure(1, "dns b: cannot be resolved");
  EXPECT_THAT(names(two), ElementsAre("pg0"));
  EXPECT_THAT(two.failures(), ElementsAre("dns b: cannot be resolved")) << "the latest";
}

TEST_F(Crowd, ServerOfASourceThatIsNoLongerConfiguredIsNotTakenOver) {
  Roster two{{}, {Coverage::Complete, Coverage::Complete}, 15min};
  two.take_answer(0, {server("a", "10.0.0.1"), server("b", "10.0.0.2")});
  two.take_answer(1, {server("b", "10.0.0.2"), server("c", "10.0.0.3")});
  Roster next{{}, {Coverage::Complete}, 15min};
  next.take_over(two, std::vector<std::optional<std::size_t>>{std::nullopt, 0});
  EXPECT_THAT(names(next), ElementsAre("c"));
  next.take_answer(0, {server("b", "10.0.0.2"), server("c", "10.0.0.3")});
  EXPECT_THAT(names(next), UnorderedElementsAre("b", "c"));
}

// What the roster does is compared with a rule that is easy to see: within one answer after the
// other, a name that stays keeps its server, and nobody is named twice.
TEST_F(Crowd, AnyRowOfAnswersLeavesEachAddressOnceAndNamesUnique) {
  Roster any{{}, {Coverage::Complete}, 15min, 1000};
  std::uint32_t state = 1;
  const auto next = [&state](std::uint32_t bound) {
    state = state * 1664525U + 1013904223U;
    return (state >> 16U) % bound;
  };
  for (int round = 0; round < 300; ++round) {
    std::vector<config::Server> found;
    std::set<std::string> addresses;
    for (std::uint32_t i = 0; i < next(8); ++i) {
      found.push_back(server("n" + std::to_string(next(4)), host_of(next(6))));
      addresses.insert(to_string(found.back().conninfo.endpoint));
    }
    any.take_answer(0, found);
    any.take_sightings({}, Instant{1h} + std::chrono::minutes{20 * round});
    std::set<std::string> known;
    std::set<std::string> unique;
    for (const config::Server& each : any.watched()) {
      known.insert(to_string(each.conninfo.endpoint));
      unique.insert(each.name);
    }
    EXPECT_EQ(unique.size(), any.watched().size()) << round;
    EXPECT_TRUE(std::ranges::includes(known, addresses)) << "all that was found is watched";
  }
}

}  // namespace
}  // namespace pgrepl::discovery
