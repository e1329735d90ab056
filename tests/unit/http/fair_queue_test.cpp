#include "http/fair_queue.h"

#include <gtest/gtest.h>

namespace pgrepl::http {
namespace {

TEST(FairQueue, OwnersTakeTurns) {
  FairQueue<int> queue;
  for (const int value : {1, 2, 3}) {
    queue.push("a", value);
  }
  queue.push("b", 10);
  EXPECT_EQ(queue.size_of("a"), 3U);
  EXPECT_EQ(queue.size_of("nobody"), 0U);
  for (const int value : {1, 10, 2, 3}) {
    EXPECT_EQ(queue.pop(), value);
  }
  EXPECT_EQ(queue.pop(), std::nullopt);
}

}  // namespace
}  // namespace pgrepl::http
