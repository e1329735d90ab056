#include "sampling/observer_place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::sampling {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Instant kStart{1h};

ObserverPlace place_of(int observers = 2) {
  return {"orders", observers, 1s};
}

TEST(ObserverPlace, WithoutALimitEverybodyObserves) {
  EXPECT_TRUE(place_of(0).is_observer());
  EXPECT_TRUE(ObserverPlace(std::nullopt, 3, 1s).is_observer());
  EXPECT_EQ(place_of().place(), Place::Unknown);
}

TEST(ObserverPlace, AsksForEachPlaceAndThenForTheUnderstudys) {
  const std::string sql = place_of().claim_sql();
  const auto first = sql.find(", 0) THEN 0");
  const auto second = sql.find(", 1) THEN 1");
  const auto understudy = sql.find(", 2) THEN 2 ELSE -1 END");
  EXPECT_LT(first, second);
  EXPECT_LT(second, understudy);
  EXPECT_NE(understudy, std::string::npos);
}

TEST(ObserverPlace, ClustersHavePlacesOfTheirOwn) {
  EXPECT_NE(ObserverPlace("a", 1, 1s).claim_sql(), ObserverPlace("b", 1, 1s).claim_sql());
  EXPECT_EQ(ObserverPlace("a", 1, 1s).claim_sql(), ObserverPlace("a", 1, 1s).claim_sql());
}

TEST(ObserverPlace, TheNumberDecides) {
  ObserverPlace place = place_of();
  place.given(1, kStart, 0);
  EXPECT_EQ(place.place(), Place::Observer);
  place.lost();
  EXPECT_EQ(place.place(), Place::Unknown);
  place.given(2, kStart, 0);
  EXPECT_EQ(place.place(), Place::Understudy);
  place.lost();
  place.given(-1, kStart, 0);
  EXPECT_EQ(place.place(), Place::Waiting);
}

// Who waits closes its connection after each visit, and asks anew at the next.
TEST(ObserverPlace, WaitingGoesOnFromVisitToVisit) {
  ObserverPlace place = place_of();
  place.given(-1, kStart, 0);
  place.lost();
  place.given(-1, kStart + 10s, 0);
  EXPECT_TRUE(place.is_settled(kStart + 10s));
}

TEST(ObserverPlace, APlaceThatWasLostAndGivenAnewHasToSettleAgain) {
  ObserverPlace place = place_of();
  place.given(0, kStart, 0);
  place.lost();
  place.given(0, kStart + 10s, 0);
  EXPECT_FALSE(place.is_settled(kStart + 10s));
  EXPECT_TRUE(place.is_settled(kStart + 15s));
}

TEST(ObserverPlace, AServerThatHandsOutNoPlacesIsRead) {
  ObserverPlace place = place_of();
  place.given(std::nullopt, kStart, 0);
  EXPECT_TRUE(place.is_observer());
}

// No lock of ours may be held over a connection that is shared.
TEST(ObserverPlace, AServerBehindAPoolerIsReadByWhoReadsItsCluster) {
  ObserverPlace alone = place_of();
  alone.not_handed_out(kStart, 0);
  EXPECT_TRUE(alone.is_observer());
  for (const Place decided : {Place::Waiting, Place::Understudy}) {
    ObserverPlace place = place_of();
    place.want(decided);
    place.not_handed_out(kStart, 0);
    EXPECT_EQ(place.place(), Place::Waiting);
    EXPECT_FALSE(place.must_step_down());
    EXPECT_TRUE(place.rests(kStart + 1s));
  }
  ObserverPlace place = place_of();
  place.want(Place::Observer);
  place.not_handed_out(kStart, 0);
  EXPECT_TRUE(place.is_observer());
}

TEST(ObserverPlace, TheUnderstudyAsksAtEveryTickButNotForItsOwnPlace) {
  ObserverPlace place = place_of();
  place.given(2, kStart, 0);
  EXPECT_FALSE(place.rests(kStart));
  EXPECT_THAT(place.claim_sql(), HasSubstr("THEN 1"));
  EXPECT_THAT(place.claim_sql(), Not(HasSubstr("THEN 2")));
  place.given(-1, kStart, 0);
  EXPECT_EQ(place.place(), Place::Understudy);
  place.given(0, kStart, 0);
  EXPECT_TRUE(place.is_observer());
  EXPECT_THAT(place.release_sql(), HasSubstr("pg_advisory_unlock"));
}

TEST(ObserverPlace, WhoWaitsComesBackAfterAboutTenTicks) {
  ObserverPlace place = place_of();
  place.given(-1, kStart, 0);
  EXPECT_TRUE(place.rests(kStart + 7400ms));
  EXPECT_FALSE(place.rests(kStart + 7500ms));
  place.given(-1, kStart, 0.999);
  EXPECT_TRUE(place.rests(kStart + 12400ms));
  EXPECT_FALSE(place.rests(kStart + 12500ms));
}

TEST(ObserverPlace, WhoObservesTheDecidingServerAsksAtOnce) {
  ObserverPlace place = place_of();
  place.given(-1, kStart, 0);
  place.want(Place::Observer);
  EXPECT_FALSE(place.rests(kStart));
  EXPECT_FALSE(place.must_step_down());
}

TEST(ObserverPlace, WhoDoesNotObserveItStepsDown) {
  ObserverPlace place = place_of();
  place.given(0, kStart, 0);
  EXPECT_FALSE(place.must_step_down());
  place.want(Place::Understudy);
  EXPECT_TRUE(place.must_step_down());
  place.lost();
  EXPECT_THAT(place.claim_sql(), Not(HasSubstr("THEN 1")));
  EXPECT_THAT(place.claim_sql(), HasSubstr("THEN 2"));
  place.want(Place::Waiting);
  EXPECT_EQ(place.claim_sql(), "SELECT -1 AS place");
}

TEST(ObserverPlace, IsSettledAfterFiveTicks) {
  ObserverPlace place = place_of();
  EXPECT_FALSE(place.is_settled(kStart + 1h));
  place.given(0, kStart, 0);
  EXPECT_FALSE(place.is_settled(kStart + 4999ms));
  EXPECT_TRUE(place.is_settled(kStart + 5s));
}

TEST(WantedPlaces, TheFirstServerByNameDecides) {
  const PlaceAt places[] = {{"b", Place::Observer}, {"a", Place::Waiting}, {"c", Place::Unknown}};
  EXPECT_THAT(wanted_places(places), ElementsAre(Place::Waiting, std::nullopt, Place::Waiting));
}

TEST(WantedPlaces, AServerThatHasJustComeBackFollowsTheSettledOnes) {
  const PlaceAt places[] = {{"a", Place::Waiting, false}, {"b", Place::Observer, true}};
  EXPECT_THAT(wanted_places(places), ElementsAre(Place::Observer, std::nullopt));
}

TEST(WantedPlaces, WhileNothingIsKnownAllAreFree) {
  const PlaceAt places[] = {{"a", Place::Unknown}, {"b", Place::Unknown}};
  EXPECT_THAT(wanted_places(places), ElementsAre(std::nullopt, std::nullopt));
}

}  // namespace
}  // namespace pgrepl::sampling
