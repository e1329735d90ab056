#include "support/backoff.h"

#include <gtest/gtest.h>

namespace pgrepl {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, DoublesUpToTheLongestWait) {
  Backoff backoff{1s, 5s};
  EXPECT_EQ(backoff.after_failure(0), 1s);
  EXPECT_EQ(backoff.after_failure(0), 2s);
  EXPECT_EQ(backoff.after_failure(0), 4s);
  EXPECT_EQ(backoff.after_failure(0), 5s);
  EXPECT_EQ(backoff.after_failure(0), 5s);
}

TEST(Backoff, StartsAfreshWhenReset) {
  Backoff backoff{1s, 5s};
  EXPECT_EQ(backoff.after_failure(0), 1s);
  EXPECT_EQ(backoff.after_failure(0), 2s);
  backoff.reset();
  EXPECT_EQ(backoff.after_failure(0), 1s);
}

TEST(Backoff, IsShortenedByUpToAQuarter) {
  Backoff backoff{1s, 5s};
  EXPECT_EQ(backoff.after_failure(0.5), 875ms);
  EXPECT_GT(backoff.after_failure(0.999), 1500ms);
}

}  // namespace
}  // namespace pgrepl
