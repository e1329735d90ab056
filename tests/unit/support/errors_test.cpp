#include "support/errors.h"

#include <gtest/gtest.h>

namespace pgrepl {
namespace {

TEST(Errors, ShowThePlaceAsFarAsThereIsOne) {
  EXPECT_EQ(to_string(InputError{{.file = "f", .line = 3, .column = 7}, "bad"}), "f:3:7: bad");
  EXPECT_EQ(to_string(InputError{{.file = "DATA_SOURCE_NAME"}, "bad"}), "DATA_SOURCE_NAME: bad");
  EXPECT_EQ(to_string(InputError{{}, "bad"}), "bad");
}

TEST(Errors, AreShownInTheOrderOfTheirPlaces) {
  const Errors errors{
      {{.file = "b"}, "4"},
      {{.file = "a", .line = 10, .column = 1}, "3"},
      {{.file = "a", .line = 2, .column = 5}, "1"},
      {{.file = "a", .line = 2, .column = 5}, "2"},
  };
  EXPECT_EQ(to_string(errors), "a:2:5: 1\na:2:5: 2\na:10:1: 3\nb: 4\n");
}

}  // namespace
}  // namespace pgrepl
