#include "sampling/predicates.h"

#include "support/builders.h"

#include <gtest/gtest.h>

namespace pgrepl::sampling {
namespace {

using namespace std::chrono_literals;
using testing::instant;
using Verdict = PredicateAnswers::Verdict;

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
  EXPECT_EQ(answers.judge(query).verdict, Verdict::Runs);
}

TEST(PredicateAnswers, NoRowAndFalseMeanNo) {
  PredicateAnswers answers;
  answers.note("a", rows({}), instant(0));
  answers.note("b", rows({"f"}), instant(0));
  EXPECT_EQ(answers.judge(asking({{"a", 0s}})).verdict, Verdict::Skipped);
  EXPECT_EQ(answers.judge(asking({{"b", 0s}})).verdict, Verdict::Skipped);
}

TEST(PredicateAnswers, AnythingElseIsAFailure) {
  PredicateAnswers answers;
  answers.note("two", rows({"t", "t"}), instant(0));
  answers.note("number", rows({"42"}), instant(0));
  answers.note("error", Unexpected<session::QueryError>{{.message = "no such table"}}, instant(0));
  for (const char* sql : {"two", "number", "error", "never asked"}) {
    const auto judged = answers.judge(asking({{sql, 0s}}));
    EXPECT_EQ(judged.verdict, Verdict::Failed) << sql;
    EXPECT_FALSE(judged.error.empty()) << sql;
  }
}

}  // namespace
}  // namespace pgrepl::sampling
