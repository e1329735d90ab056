#include "sampling/predicates.h"

#include "support/builders.h"

#include <gtest/gtest.h>

namespace pgrepl::sampling {
namespace {

using namespace std::chrono_literals;
using testing::instant;

catalogue::Query asking(std::vector<catalogue::Predicate> predicates) {
  return {.name = "q", .predicates = std::move(predicates)};
}

session::QueryResult rows(const std::vector<const char*>& values) {
  pg::ResultSet made{{"answer"}};
  for (const char* value : values) {
    made.append(value);
  }
  return made;
}

TEST(PredicateAnswers, HoldForTheirTime) {
  PredicateAnswers answers;
  const auto query = asking({{"SELECT a", 60s}});
  const std::vector<catalogue::DueQuery> due{{&query, nullptr}};
  EXPECT_EQ(answers.unanswered(due, instant(0)), std::vector<std::string>{"SELECT a"});
  answers.note("SELECT a", rows({"t"}), instant(0));
  EXPECT_TRUE(answers.unanswered(due, instant(59)).empty());
  EXPECT_FALSE(answers.unanswered(due, instant(61)).empty());
  const auto sorted = answers.sort(due);
  ASSERT_EQ(sorted.run.size(), 1U);
  EXPECT_EQ(sorted.run.front().query, &query);
}

TEST(PredicateAnswers, NoRowAndFalseMeanNo) {
  PredicateAnswers answers;
  answers.note("a", rows({}), instant(0));
  answers.note("b", rows({"f"}), instant(0));
  const auto no_row = asking({{"a", 0s}});
  const auto no = asking({{"b", 0s}});
  const auto sorted = answers.sort({{&no_row, nullptr}, {&no, nullptr}});
  EXPECT_TRUE(sorted.run.empty());
  EXPECT_EQ(sorted.skipped, (std::vector{&no_row, &no}));
}

TEST(PredicateAnswers, AnythingElseIsAFailure) {
  PredicateAnswers answers;
  answers.note("two", rows({"t", "t"}), instant(0));
  answers.note("number", rows({"42"}), instant(0));
  answers.note("error", Unexpected<session::QueryError>{{.message = "no such table"}}, instant(0));
  for (const char* sql : {"two", "number", "error", "never asked"}) {
    const auto query = asking({{sql, 0s}});
    const auto sorted = answers.sort({{&query, nullptr}});
    EXPECT_TRUE(sorted.run.empty()) << sql;
    ASSERT_EQ(sorted.failed.size(), 1U) << sql;
    EXPECT_FALSE(sorted.failed.front().error.empty()) << sql;
  }
}

}  // namespace
}  // namespace pgrepl::sampling
