#include "support/utf8.h"

#include <gtest/gtest.h>

namespace pgrepl {
namespace {

std::string utf8(std::string text) {
  make_utf8(text);
  return text;
}

TEST(MakeUtf8, LeavesWellFormedTextAlone) {
  for (const char* text : {"", "plain", "Pr\xC3\xB3-Mata", "\xE2\x82\xAC", "\xF0\x9F\x90\x98"}) {
    EXPECT_EQ(utf8(text), text);
  }
}

TEST(MakeUtf8, ReplacesWhatBelongsToNoSequence) {
  EXPECT_EQ(utf8("Pr\xF3-Mata"), "Pr\xEF\xBF\xBD-Mata");                    // Latin-1
  EXPECT_EQ(utf8("cut\xE2\x82"), "cut\xEF\xBF\xBD\xEF\xBF\xBD");            // a sequence cut short
  EXPECT_EQ(utf8("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // overlong
  EXPECT_EQ(utf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
}

TEST(MakeBoundedUtf8, CutsBetweenCharactersAndSaysSo) {
  const auto bounded = [](std::string text) {
    make_bounded_utf8(text, 8);
    return text;
  };
  EXPECT_EQ(bounded("12345678"), "12345678");
  EXPECT_EQ(bounded("123456789"), "12345\xE2\x80\xA6");
  EXPECT_EQ(bounded("1234\xC3\xB6\xC3\xB6\xC3\xB6"), "1234\xE2\x80\xA6");
  EXPECT_EQ(bounded("123\xFF\xFF\xFF"), "123\xE2\x80\xA6") << "repaired, it is too long";
}

}  // namespace
}  // namespace pgrepl
