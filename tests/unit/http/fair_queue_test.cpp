#include "http/fair_queue.h"

#include <map>
#include <string>

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

TEST(FairQueue, WhoComesBackStandsAtTheEnd) {
  FairQueue<int> queue;
  queue.push("a", 1);
  EXPECT_EQ(queue.pop(), 1);
  queue.push("b", 10);
  queue.push("a", 2);
  queue.push("b", 11);
  for (const int value : {10, 2, 11}) {
    EXPECT_EQ(queue.pop(), value);
  }
}

// However much one owner sends, another waits for one of its values at most.
TEST(FairQueue, CrowdOfOneOwnerDelaysAnotherByOne) {
  FairQueue<std::string> queue;
  for (int i = 0; i < 1000; ++i) {
    queue.push("crowd", "crowd");
  }
  EXPECT_EQ(queue.pop(), "crowd");
  queue.push("single", "single");
  EXPECT_EQ(queue.pop(), "crowd");
  EXPECT_EQ(queue.pop(), "single");
  EXPECT_EQ(queue.size_of("single"), 0U);
  EXPECT_EQ(queue.size_of("crowd"), 998U);
}

TEST(FairQueue, LosesNothing) {
  FairQueue<int> queue;
  for (int i = 0; i < 300; ++i) {
    queue.push(std::string(1, static_cast<char>('a' + i % 7)), i);
  }
  std::map<int, int> last;  // of each owner
  int count = 0;
  for (auto value = queue.pop(); value; value = queue.pop()) {
    count += 1;
    const auto [known, is_new] = last.emplace(*value % 7, *value);
    EXPECT_TRUE(is_new || known->second < *value) << "in the order of each owner";
    known->second = *value;
  }
  EXPECT_EQ(count, 300);
}

}  // namespace
}  // namespace pgrepl::http
