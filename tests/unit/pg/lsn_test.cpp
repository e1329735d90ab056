#include "pg/lsn.h"

#include <gtest/gtest.h>

namespace pgrepl::pg {
namespace {

TEST(Lsn, IsReadAndPrintedAsPostgresDoes) {
  EXPECT_EQ(Lsn::parse("16/B374D848"), Lsn{0x16B374D848});
  EXPECT_EQ(Lsn::parse("0/1"), Lsn{1});
  EXPECT_EQ(Lsn::parse("ffffffff/FFFFFFFF"), Lsn{0xFFFFFFFFFFFFFFFF});
  for (const char* text : {"16/B374D848", "0/1", "FFFFFFFF/FFFFFFFF", "1/0"}) {
    EXPECT_EQ(to_string(Lsn::parse(text).value()), text);
  }
}

TEST(Lsn, NothingElseIsOneNorTheServersInvalidPosition) {
  for (const char* text :
       {"", "/", "0/0", "0", "1/", "/1", "g/1", "1/g", "-1/1", "1/1/1", " 1/1", "123456789/1"}) {
    EXPECT_EQ(Lsn::parse(text), std::nullopt) << text;
  }
}

TEST(Lsn, BytesBetweenAreNeverNegative) {
  EXPECT_EQ(bytes_between(Lsn{100}, Lsn{150}), 50U);
  EXPECT_EQ(bytes_between(Lsn{150}, Lsn{100}), 0U);
  EXPECT_LT(Lsn{100}, Lsn{150});
}

}  // namespace
}  // namespace pgrepl::pg
