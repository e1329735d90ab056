#include "pg/statement.h"

#include <gtest/gtest.h>

namespace pgrepl::pg {
namespace {

TEST(Statement, IsRecognisedByItsTextWhoeverHoldsIt) {
  const Statement one = "SELECT 1";
  const Statement same = std::string{"SELECT 1"};
  EXPECT_EQ(one, same);
  EXPECT_EQ(one.id(), same.id());
  EXPECT_EQ(one.id(), Statement{one}.id());
  EXPECT_NE(one, Statement{"SELECT 2"});
  EXPECT_NE(one.id(), Statement{"SELECT 2"}.id());
}

TEST(Statement, CopiesShareTheText) {
  const Statement one = "SELECT 1";
  const Statement copy = one;
  EXPECT_EQ(&one.text(), &copy.text());
}

}  // namespace
}  // namespace pgrepl::pg
