#include "http/response_head.h"

#include <gtest/gtest.h>

namespace pgrepl::http {
namespace {

using namespace std::chrono_literals;

TEST(ResponseHead, IsAllThatStandsBeforeTheBody) {
  const Response response{
      .status = 404,
      .content_type = "text/plain",
      .body = "no\n",
      .headers = {{"Vary", "Accept"}, {"X-Why", "so"}},
  };
  const std::chrono::system_clock::time_point now{784111777s};
  EXPECT_EQ(
      response_head(response, now),
      "HTTP/1.1 404 Not Found\r\n"
      "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
      "Content-Type: text/plain\r\n"
      "Content-Length: 3\r\n"
      "X-Content-Type-Options: nosniff\r\n"
      "Vary: Accept\r\n"
      "X-Why: so\r\n"
  );
}

TEST(ResponseHead, HasTheLengthOfAPageThatIsShared) {
  Response response;
  response.page = std::make_shared<const std::string>("12345");
  const std::string head = response_head(response, {});
  EXPECT_NE(head.find("Content-Length: 5\r\n"), std::string::npos) << head;
}

}  // namespace
}  // namespace pgrepl::http
