#include "support/printable.h"

#include <gtest/gtest.h>

namespace pgrepl {
namespace {

TEST(Printable, ShowsWhatPeopleWrite) {
  for (const char* text :
       {"", "pg-1:5432/orders", "größe", "日本語", "שלום", "👩‍👩‍👧", "a\u00A0b"}) {
    EXPECT_EQ(printable(text), text);
    EXPECT_TRUE(is_printable(text)) << text;
  }
}

TEST(Printable, ShowsAQuestionMarkForWhatWouldDoSomething) {
  const std::pair<const char*, const char*> cases[] = {
      {"\x1B[31mred", "?[31mred"},
      {"a\tb\nc\r", "a?b?c?"},
      {"\x7F", "?"},
      {"\u0085\u009B31m", "??31m"},
      {"\u202Eevil\u202C", "?evil?"},
      {"\u2066x\u2069", "?x?"},
      {"\u200Fx\u061C", "?x?"},
      {"a\u2028b\u2029", "a?b?"},
      {"\uFEFFx\u200B", "?x?"},
      {"x\U000E0041", "x?"},
  };
  for (const auto& [text, shown] : cases) {
    EXPECT_EQ(printable(text), shown);
    EXPECT_FALSE(is_printable(text)) << shown;
  }
}

TEST(Printable, RepairsWhatIsNoUtf8) {
  EXPECT_EQ(
      printable("a\x9B"
                "b"),
      "a\uFFFDb"
  );
  EXPECT_EQ(printable("\xE2\x80"), "\uFFFD\uFFFD");
  EXPECT_FALSE(is_printable("a\xFF"));
}

TEST(Printable, LinesKeepTheirBreaks) {
  EXPECT_EQ(printable_lines("a\nb\x1B\r\n"), "a\nb??\n");
}

}  // namespace
}  // namespace pgrepl
