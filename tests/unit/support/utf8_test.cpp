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

}  // namespace
}  // namespace pgrepl
