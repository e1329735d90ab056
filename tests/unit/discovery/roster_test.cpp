#include "discovery/roster.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::discovery {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

config::Server server(std::string name, std::string host, std::uint16_t port = 5432) {
  config::Server server;
  server.name = std::move(name);
  server.conninfo.endpoint = {std::move(host), port};
  return server;
}

config::Server found(const std::string& host) {
  return server(host + ":5432", host);
}

Sighting answers(std::string name, double started) {
  return {.server = std::move(name), .postmaster_start_time = started};
}

Sighting silent(std::string name) {
  return {.server = std::move(name)};
}

std::vector<std::string> names(const Roster& roster) {
  std::vector<std::string> names;
  for (const config::Server& server : roster.watched()) {
    names.push_back(server.name);
  }
  return names;
}

class RosterTest : public ::testing::Test {
 protected:
  Instant at(std::chrono::seconds later) const { return start + later; }

  void see(std::vector<Sighting> sightings, std::chrono::seconds later = 0s) {
    roster.take_sightings(sightings, at(later));
  }

  Instant start{1h};
  Roster roster{{server("pg-1", "postgres-primary")}, {Coverage::Complete}, 15min};
};

TEST_F(RosterTest, WatchesWhatIsConfiguredBeforeAnySourceSpeaks) {
  EXPECT_THAT(names(roster), ElementsAre("pg-1"));
}

TEST_F(RosterTest, EveryFoundAddressIsAServer) {
  roster.take_answer(0, {found("10.0.0.7"), found("10.0.0.8")});
  EXPECT_THAT(names(roster), ElementsAre("pg-1", "10.0.0.7:5432", "10.0.0.8:5432"));
}

TEST_F(RosterTest, AFailingSourceKeepsWhatItSaidLast) {
  roster.take_answer(0, {found("10.0.0.7")});
  roster.take_failure(0, "dns tasks.replica: no answer");
  see({}, 24h);
  EXPECT_THAT(names(roster), ElementsAre("pg-1", "10.0.0.7:5432"));
  EXPECT_THAT(roster.failures(), ElementsAre("dns tasks.replica: no answer"));
  roster.take_answer(0, {found("10.0.0.7")});
  EXPECT_THAT(roster.failures(), IsEmpty());
}

TEST_F(RosterTest, AServerThatIsGoneIsForgottenAfterAWhile) {
  roster.take_answer(0, {found("10.0.0.7")});
  roster.take_answer(0, {});
  see({}, 0s);
  see({}, 899s);
  EXPECT_THAT(names(roster), ElementsAre("pg-1", "10.0.0.7:5432"));
  see({}, 900s);
  EXPECT_THAT(names(roster), ElementsAre("pg-1"));
}

TEST_F(RosterTest, AServerThatComesBackIsNotForgotten) {
  roster.take_answer(0, {found("10.0.0.7")});
  roster.take_answer(0, {});
  see({}, 0s);
  roster.take_answer(0, {found("10.0.0.7")});
  see({}, 900s);
  roster.take_answer(0, {});
  see({}, 1000s);
  see({}, 1899s);
  EXPECT_THAT(names(roster), ElementsAre("pg-1", "10.0.0.7:5432"));
}

TEST_F(RosterTest, ACompleteSourceDecidesEvenOverAServerThatAnswers) {
  roster.take_answer(0, {found("10.0.0.7")});
  roster.take_answer(0, {});
  see({answers("10.0.0.7:5432", 100)}, 0s);
  see({answers("10.0.0.7:5432", 100)}, 900s);
  EXPECT_THAT(names(roster), ElementsAre("pg-1"));
}

TEST_F(RosterTest, TheSamePostmasterIsOneServerUnderTheConfiguredName) {
  roster.take_answer(0, {found("10.0.0.7"), found("10.0.0.8")});
  see({answers("pg-1", 100.5), answers("10.0.0.7:5432", 100.5), answers("10.0.0.8:5432", 101)});
  EXPECT_THAT(names(roster), ElementsAre("pg-1", "10.0.0.8:5432"));
}

TEST_F(RosterTest, PostmastersOfDifferentBirthAreTwoServers) {
  roster.take_answer(0, {found("10.0.0.7")});
  Sighting one = answers("pg-1", 100);
  Sighting two = answers("10.0.0.7:5432", 100);
  one.system_identifier = pg::SystemIdentifier{1};
  two.system_identifier = pg::SystemIdentifier{2};
  see({one, two});
  EXPECT_THAT(names(roster), ElementsAre("pg-1", "10.0.0.7:5432"));
}

TEST_F(RosterTest, OfTwoDiscoveredTheFirstStays) {
  roster.take_answer(0, {found("10.0.0.7"), found("192.168.0.7")});
  see({answers("10.0.0.7:5432", 7), answers("192.168.0.7:5432", 7)});
  EXPECT_THAT(names(roster), ElementsAre("pg-1", "10.0.0.7:5432"));
}

TEST_F(RosterTest, WhatWasOneServerStaysOneWhileItIsSilent) {
  roster.take_answer(0, {found("10.0.0.7")});
  see({answers("pg-1", 100), answers("10.0.0.7:5432", 100)});
  see({silent("pg-1")});
  EXPECT_THAT(names(roster), ElementsAre("pg-1"));
}

TEST_F(RosterTest, ANameThatLeadsToAnotherPostmasterSetsTheAddressFree) {
  roster.take_answer(0, {found("10.0.0.7")});
  see({answers("pg-1", 100), answers("10.0.0.7:5432", 100)});
  see({answers("pg-1", 200)});
  EXPECT_THAT(names(roster), ElementsAre("pg-1", "10.0.0.7:5432"));
}

TEST_F(RosterTest, ANameThatResolvesToTheAddressIsThatServerEvenIfItIsSilent) {
  roster.take_answer(0, {found("10.0.0.7")});
  Sighting configured = silent("pg-1");
  configured.addresses = {"10.0.0.7"};
  see({configured, silent("10.0.0.7:5432")});
  EXPECT_THAT(names(roster), ElementsAre("pg-1"));
  configured.addresses = {"10.0.0.9"};
  see({configured});
  EXPECT_THAT(names(roster), ElementsAre("pg-1", "10.0.0.7:5432"));
}

TEST_F(RosterTest, ANameOfSeveralAddressesStandsForNoneOfThem) {
  roster.take_answer(0, {found("10.0.0.7")});
  Sighting configured = silent("pg-1");
  configured.addresses = {"10.0.0.7", "10.0.0.8"};
  see({configured, silent("10.0.0.7:5432")});
  EXPECT_THAT(names(roster), ElementsAre("pg-1", "10.0.0.7:5432"));
}

TEST_F(RosterTest, AMemberThatMovedKeepsItsName) {
  roster.take_answer(0, {server("pg2", "10.0.0.7")});
  roster.take_answer(0, {server("pg2", "10.0.0.9")});
  EXPECT_THAT(names(roster), ElementsAre("pg-1", "pg2"));
  EXPECT_EQ(roster.watched().at(1).conninfo.endpoint.host, "10.0.0.9");
}

TEST_F(RosterTest, ANameThatIsTakenGetsTheAddressToIt) {
  roster.take_answer(0, {server("pg-1", "10.0.0.7")});
  EXPECT_THAT(names(roster), ElementsAre("pg-1", "pg-1/10.0.0.7:5432"));
  see({answers("pg-1", 5), answers("pg-1/10.0.0.7:5432", 5)});
  EXPECT_THAT(names(roster), ElementsAre("pg-1"));
}

TEST(Roster, TheFirstSourceNamesAServerHoweverSlowItIs) {
  Roster roster{{}, {Coverage::Complete, Coverage::Complete}, 15min};
  roster.take_answer(1, {found("10.0.0.7")});
  EXPECT_THAT(names(roster), IsEmpty());
  roster.take_answer(0, {server("pg2", "10.0.0.7")});
  EXPECT_THAT(names(roster), ElementsAre("pg2"));
}

TEST(Roster, ASourceThatFailsAtOnceHoldsNobodyUp) {
  Roster roster{{}, {Coverage::Complete, Coverage::Complete}, 15min};
  roster.take_answer(1, {found("10.0.0.7")});
  roster.take_failure(0, "no answer");
  EXPECT_THAT(names(roster), ElementsAre("10.0.0.7:5432"));
}

TEST(Roster, OneOfTwoSourcesIsEnoughToStay) {
  Roster roster{{}, {Coverage::Complete, Coverage::Complete}, 15min};
  roster.take_answer(0, {server("pg2", "10.0.0.7")});
  roster.take_answer(1, {found("10.0.0.7")});
  roster.take_answer(0, {});
  roster.take_sightings({}, Instant{1h});
  roster.take_sightings({}, Instant{2h});
  EXPECT_THAT(names(roster), ElementsAre("pg2"));
}

TEST(Roster, AStandbyThatWasFollowedStaysWhileItAnswers) {
  Roster roster{{}, {Coverage::Partial}, 15min};
  roster.take_answer(0, {found("10.0.0.7")});
  roster.take_answer(0, {});
  const std::vector<Sighting> up{answers("10.0.0.7:5432", 1)};
  const std::vector<Sighting> down{silent("10.0.0.7:5432")};
  roster.take_sightings(up, Instant{1h});
  roster.take_sightings(up, Instant{2h});
  EXPECT_THAT(names(roster), ElementsAre("10.0.0.7:5432"));
  roster.take_sightings(down, Instant{3h});
  roster.take_sightings(down, Instant{3h} + 14min);
  EXPECT_THAT(names(roster), ElementsAre("10.0.0.7:5432"));
  roster.take_sightings(down, Instant{3h} + 15min);
  EXPECT_THAT(names(roster), IsEmpty());
}

TEST_F(RosterTest, TakesOverWhatASourceOfBothHasFound) {
  roster.take_answer(0, {found("10.0.0.7"), found("10.0.0.8")});
  Roster next{
      {server("pg-1", "postgres-primary"), server("pg-9", "10.0.0.8")},
      {Coverage::Partial, Coverage::Complete},
      15min};
  next.take_over(roster, std::vector{std::optional<std::size_t>{1}});
  EXPECT_THAT(names(next), ElementsAre("pg-1", "pg-9", "10.0.0.7:5432"));
  next.take_answer(1, {found("10.0.0.7"), found("10.0.0.6")});
  EXPECT_THAT(names(next), ElementsAre("pg-1", "pg-9", "10.0.0.7:5432", "10.0.0.6:5432"));
}

TEST_F(RosterTest, TakesNothingOverFromASourceThatIsNone) {
  roster.take_answer(0, {found("10.0.0.7")});
  Roster next{{server("pg-1", "postgres-primary")}, {Coverage::Complete}, 15min};
  next.take_over(roster, std::vector<std::optional<std::size_t>>{std::nullopt});
  EXPECT_THAT(names(next), ElementsAre("pg-1"));
}

}  // namespace
}  // namespace pgrepl::discovery
