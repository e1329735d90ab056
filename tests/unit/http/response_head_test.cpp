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

TEST(ResponseHead, NamesEveryStatusThatWeAnswerWith) {
  const std::pair<int, const char*> cases[] = {
      {200, "200 OK"},
      {400, "400 Bad Request"},
      {401, "401 Unauthorized"},
      {403, "403 Forbidden"},
      {404, "404 Not Found"},
      {405, "405 Method Not Allowed"},
      {411, "411 Length Required"},
      {413, "413 Content Too Large"},
      {414, "414 URI Too Long"},
      {417, "417 Expectation Failed"},
      {429, "429 Too Many Requests"},
      {431, "431 Request Header Fields Too Large"},
      {500, "500 Internal Server Error"},
      {501, "501 Not Implemented"},
      {503, "503 Service Unavailable"},
      {504, "504 Gateway Timeout"},
      {505, "505 HTTP Version Not Supported"},
      {299, "299 Unknown"},
  };
  for (const auto& [status, line] : cases) {
    const std::string head = response_head({.status = status, .body = {}}, {});
    EXPECT_TRUE(head.starts_with(std::string{"HTTP/1.1 "} + line + "\r\n")) << head;
    EXPECT_TRUE(head.ends_with("\r\n") && !head.ends_with("\r\n\r\n")) << head;
  }
}

TEST(ResponseHead, SaysNothingOfTheConnectionAndOfTheServer) {
  const std::string head = response_head({.body = {}}, {});
  EXPECT_NE(head.find("Content-Length: 0\r\n"), std::string::npos);
  EXPECT_NE(head.find("Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"), std::string::npos);
  EXPECT_EQ(head.find("Connection"), std::string::npos);
  EXPECT_EQ(head.find("Server"), std::string::npos);
}

}  // namespace
}  // namespace pgrepl::http
