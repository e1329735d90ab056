#include "http/inner_answer.h"

#include <gtest/gtest.h>

namespace pgrepl::http {
namespace {

TEST(InnerAnswer, HasNoLineAboutTheLane) {
  const std::string text =
      "HTTP/1.1 404 Not Found\r\ncontent-length: 3\r\nCONNECTION: close\r\nX-Connection: a\r\n\r\n";
  const auto head = parse_inner_answer(text + "no\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 404);
  EXPECT_EQ(head->length, 3U);
  EXPECT_EQ(head->size, text.size());
  EXPECT_EQ(head->text, "HTTP/1.1 404 Not Found\r\ncontent-length: 3\r\nX-Connection: a\r\n");
}

TEST(InnerAnswer, IsAbsentWhileIncompleteOrNone) {
  EXPECT_FALSE(parse_inner_answer("HTTP/1.1 200 OK\r\n"));
  EXPECT_FALSE(parse_inner_answer("SSH-2.0\r\n\r\n"));
  EXPECT_FALSE(parse_inner_answer("HTTP/1.1 abc\r\n\r\n"));
  EXPECT_FALSE(parse_inner_answer("HTTP/1.1 200 OK\r\n\r\n")->length);
}

}  // namespace
}  // namespace pgrepl::http
