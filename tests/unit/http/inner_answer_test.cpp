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

// The same head, cut at every place, is incomplete until its last byte.
TEST(InnerAnswer, IsThereWithItsLastByte) {
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nX: y\r\n\r\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse_inner_answer(text.substr(0, size))) << size;
  }
  const auto head = parse_inner_answer(text);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->length, 12U);
  EXPECT_EQ(head->size, text.size());
}

TEST(InnerAnswer, LosesEveryLineAboutTheLaneAndNoOther) {
  const auto head = parse_inner_answer(
      "HTTP/1.1 503 x\r\nKeep-Alive: 5\r\nconnection: a\r\nConnectionX: b\r\nX: connection: c\r\n"
      "Content-Length:7\r\nKEEP-ALIVE:\r\n\r\nbody"
  );
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 503);
  EXPECT_EQ(head->length, 7U);
  EXPECT_EQ(
      head->text, "HTTP/1.1 503 x\r\nConnectionX: b\r\nX: connection: c\r\nContent-Length:7\r\n"
  );
}

TEST(InnerAnswer, WithoutANumberHasNoLength) {
  for (const char* length : {"", "x", "-1"}) {
    const auto head = parse_inner_answer(
        std::string{"HTTP/1.1 200 OK\r\nContent-Length: "} + length + "\r\n\r\n"
    );
    ASSERT_TRUE(head) << length;
    EXPECT_FALSE(head->length) << length;
  }
}

}  // namespace
}  // namespace pgrepl::http
