#include "http/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Admission::Bounds kBounds{.in_all = 4, .of_address = 3, .unread_bytes = 100};

Admission::Id enter(Admission& admission, const std::string& address) {
  const auto decision = admission.admit(address);
  EXPECT_TRUE(decision.admitted);
  return decision.admitted.value_or(0);
}

TEST(Admission, NewClientOfAnAddressTakesThePlaceOfItsLongestWaiting) {
  Admission admission{kBounds};
  const auto first = enter(admission, "a");
  const auto second = enter(admission, "a");
  enter(admission, "a");
  admission.waits(first);
  const auto decision = admission.admit("a");
  EXPECT_TRUE(decision.admitted);
  EXPECT_EQ(decision.victim, second);
  EXPECT_EQ(decision.reason, Refusal::Address);
  EXPECT_EQ(admission.size(), 3U);
}

TEST(Admission, WhoIsBeingAnsweredIsNoVictim) {
  Admission admission{kBounds};
  for (int i = 0; i < 3; ++i) {
    admission.works(enter(admission, "a"));
  }
  const auto refused = admission.admit("a");
  EXPECT_FALSE(refused.admitted);
  EXPECT_FALSE(refused.victim);
  EXPECT_EQ(refused.reason, Refusal::Address);
  EXPECT_FALSE(admission.admit("b").reason) << "another address has room";
}

TEST(Admission, WhenAllPlacesAreTakenTheAddressWithMostLosesOne) {
  Admission admission{kBounds};
  const auto single = enter(admission, "b");
  const auto first = enter(admission, "a");
  enter(admission, "a");
  enter(admission, "a");
  const auto decision = admission.admit("c");
  EXPECT_TRUE(decision.admitted);
  EXPECT_EQ(decision.victim, first) << "not " << single << ", which has waited longer";
  EXPECT_EQ(decision.reason, Refusal::Connections);
}

TEST(Admission, WhoHasLeftMakesRoom) {
  Admission admission{kBounds};
  const auto first = enter(admission, "a");
  enter(admission, "a");
  enter(admission, "a");
  admission.leave(first);
  admission.leave(first);
  EXPECT_FALSE(admission.admit("a").reason);
}

TEST(Admission, AnswersUnreadAreBoundedAtTheCostOfTheSlowest) {
  Admission admission{kBounds};
  const auto slow = enter(admission, "a");
  const auto empty = enter(admission, "a");
  const auto other = enter(admission, "b");
  EXPECT_THAT(admission.hold(slow, 60), IsEmpty());
  admission.waits(slow);
  EXPECT_THAT(admission.hold(other, 41), ElementsAre(slow));
  EXPECT_THAT(admission.hold(other, 1000), IsEmpty()) << "one alone may be as long as it is";
  EXPECT_THAT(admission.hold(other, 0), IsEmpty());
  EXPECT_THAT(admission.hold(empty, 100), IsEmpty()) << "nothing else is held any more";
}

TEST(Admission, EvictsTheLongestWaitingOfAll) {
  Admission admission{kBounds};
  EXPECT_EQ(admission.evict(), std::nullopt);
  const auto first = enter(admission, "a");
  const auto second = enter(admission, "b");
  admission.works(first);
  EXPECT_EQ(admission.evict(), second);
  EXPECT_EQ(admission.evict(), std::nullopt);
}

}  // namespace
}  // namespace pgrepl::http
