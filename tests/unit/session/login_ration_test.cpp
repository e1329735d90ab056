#include "session/login_ration.h"

#include <gtest/gtest.h>

namespace pgrepl::session {
namespace {

using namespace std::chrono_literals;

constexpr LoginRation::Instant kNow{1h};
const pg::Endpoint kServer{"10.0.0.1", 5432};

TEST(LoginRation, SomeAtOnceAndThenOneInEachInterval) {
  LoginRation ration;
  for (int login = 0; login < LoginRation::kAtOnce; ++login) {
    EXPECT_EQ(ration.take(kServer, kNow, kNow + 1s), kNow) << login;
  }
  EXPECT_EQ(ration.take(kServer, kNow, kNow + 1s), kNow + LoginRation::kInterval);
  EXPECT_EQ(ration.take(kServer, kNow, kNow + 1s), kNow + 2 * LoginRation::kInterval);
}

TEST(LoginRation, WhoCannotWaitSoLongTakesNone) {
  LoginRation ration;
  for (int login = 0; login < LoginRation::kAtOnce + 2; ++login) {
    ASSERT_TRUE(ration.take(kServer, kNow, kNow + 1s));
  }
  EXPECT_EQ(ration.take(kServer, kNow, kNow + 100ms), std::nullopt);
  EXPECT_EQ(ration.take(kServer, kNow, kNow + 1s), kNow + 3 * LoginRation::kInterval);
}

TEST(LoginRation, AddressesDoNotWaitForEachOther) {
  LoginRation ration;
  for (int login = 0; login < LoginRation::kAtOnce; ++login) {
    (void)ration.take(kServer, kNow, kNow + 1s);
  }
  EXPECT_EQ(ration.take({"10.0.0.1", 5433}, kNow, kNow + 1s), kNow);
  EXPECT_EQ(ration.take(kServer, kNow + 1s, kNow + 2s), kNow + 1s) << "and time mends it";
}

}  // namespace
}  // namespace pgrepl::session
