#include "http/request_head.h"

#include <gtest/gtest.h>

namespace pgrepl::http {
namespace {

constexpr HeadLimits kLimits{};

ParsedHead parse(std::string_view text) {
  return parse_request_head(text, kLimits);
}

// A whole head of HTTP/1.1 with these lines, each with its line end.
std::string get(const std::string& lines, const std::string& target = "/") {
  return "GET " + target + " HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n";
}

int status_of(const std::string& text) {
  const auto parsed = parse(text);
  if (!parsed) {
    return parsed.error().status;
  }
  return *parsed ? 200 : 0;
}

TEST(RequestHead, HasMethodTargetHostAndHeaders) {
  const auto parsed = parse(get("X-Test:  a b \t\r\nAccept: x\r\n", "/a?b=c%20d[]") + "rest");
  ASSERT_TRUE(parsed && *parsed);
  const RequestHead& head = **parsed;
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.target, "/a?b=c%20d[]");
  EXPECT_EQ(head.host, "h");
  EXPECT_EQ(head.header("x-test"), "a b");
  EXPECT_EQ(head.header("accept"), "x");
  EXPECT_EQ(head.header("absent"), "");
  EXPECT_EQ(head.body_size, 0U);
  EXPECT_TRUE(head.stays_open);
  EXPECT_EQ(head.size, get("X-Test:  a b \t\r\nAccept: x\r\n", "/a?b=c%20d[]").size());
}

// However the bytes come, a request is read when its last byte is there, and the same way.
TEST(RequestHead, IsIncompleteUntilItsLastByte) {
  const std::string text = "\r\n" + get("A: b\r\n");
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto parsed = parse(text.substr(0, size));
    ASSERT_TRUE(parsed) << size;
    EXPECT_FALSE(*parsed) << size;
  }
  EXPECT_EQ((*parse(text))->size, text.size());
}

TEST(RequestHead, AbsoluteFormNamesPathAndHost) {
  const std::pair<const char*, std::pair<const char*, const char*>> cases[] = {
      {"http://e:9187/metrics?a=b", {"/metrics?a=b", "e:9187"}},
      {"HTTPS://e", {"/", "e"}},
      {"http://[::1]:1?a", {"/?a", "[::1]:1"}},
  };
  for (const auto& [uri, expected] : cases) {
    const auto parsed = parse(get("", uri));
    ASSERT_TRUE(parsed && *parsed) << uri;
    EXPECT_EQ((*parsed)->target, expected.first) << uri;
    EXPECT_EQ((*parsed)->host, expected.second) << uri;
  }
  for (const char* wrong : {"ftp://e/", "http://", "http:///x", "http://a@b/", "e:443", "x", "*"}) {
    EXPECT_EQ(status_of(get("", wrong)), 400) << wrong;
  }
}

TEST(RequestHead, AsteriskIsForOptions) {
  const auto parsed = parse("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(parsed && *parsed);
  EXPECT_EQ((*parsed)->target, "/");
}

TEST(RequestHead, ConnectionStaysOpenAsVersionAndClientSay) {
  const std::pair<std::string, bool> cases[] = {
      {"HTTP/1.1\r\nHost: h\r\n", true},
      {"HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n", false},
      {"HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, close\r\n", false},
      {"HTTP/1.1\r\nHost: h\r\nConnection: closed\r\n", true},
      {"HTTP/1.0\r\n", false},
      {"HTTP/1.0\r\nConnection: Keep-Alive\r\n", true},
      {"HTTP/1.0\r\nConnection: x\r\nConnection: keep-alive\r\n", true},
  };
  for (const auto& [lines, stays_open] : cases) {
    const auto parsed = parse("GET / " + lines + "\r\n");
    ASSERT_TRUE(parsed && *parsed) << lines;
    EXPECT_EQ((*parsed)->stays_open, stays_open) << lines;
  }
}

TEST(RequestHead, WhatIsAboutTheConnectionIsNotHandedOn) {
  const auto parsed = parse(
      get("Connection: X-Hop, Authorization\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: gzip\r\n"
          "Upgrade: h2c\r\nHTTP2-Settings: x\r\nProxy-Connection: x\r\nAuthorization: Basic a\r\n"
          "X-Kept: 1\r\n")
  );
  ASSERT_TRUE(parsed && *parsed);
  EXPECT_EQ(
      to_text(**parsed),
      "GET / HTTP/1.1\r\nx-front-target: /\r\nHost: h\r\nauthorization: Basic a\r\nx-kept: "
      "1\r\n\r\n"
  );
}

TEST(RequestHead, BodyHasOneLength) {
  const auto parsed = parse(get("Content-Length: 5\r\nExpect: 100-Continue\r\n"));
  ASSERT_TRUE(parsed && *parsed);
  EXPECT_EQ((*parsed)->body_size, 5U);
  EXPECT_TRUE((*parsed)->awaits_continue);
  const std::pair<std::string, int> cases[] = {
      {"Content-Length: 5\r\nContent-Length: 5\r\n", 400},
      {"Content-Length: 5, 5\r\n", 400},
      {"Content-Length: +5\r\n", 400},
      {"Content-Length: -1\r\n", 400},
      {"Content-Length: 5x\r\n", 400},
      {"Content-Length: \r\n", 400},
      {"Content-Length: 99999999999999999999999\r\n", 400},
      {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400},
      {"Transfer-Encoding: chunked\r\n", 411},
      {"Transfer-Encoding: \r\n", 501},
      {"Transfer-Encoding: gzip, chunked\r\n", 501},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 501},
      {"Content-Length: 8193\r\n", 413},
      {"Content-Length: 8192\r\n", 200},
      {"Expect: the-unexpected\r\n", 417},
  };
  for (const auto& [lines, status] : cases) {
    EXPECT_EQ(status_of(get(lines)), status) << lines;
  }
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(RequestHead, HostIsOneAndIsThereIn11) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\n\r\n"), 200);
  EXPECT_EQ(status_of(get("Host: h\r\n")), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 200);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"), 400);
}

TEST(RequestHead, TargetHasNoZeroByteAndNoRawOddity) {
  for (const char* wrong : {"/a%00b", "/?a=%00", "/%", "/%4", "/%zz", "/a#b", "/\x80", "/a\x7F"}) {
    EXPECT_EQ(status_of(get("", wrong)), 400) << wrong;
  }
  EXPECT_EQ(status_of(get("", "/?like=100%")), 200) << "a query is read leniently";
}

TEST(RequestHead, WhatIsNotHttpIsRefused) {
  const std::pair<std::string, int> cases[] = {
      {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
      {"GET /\r\n\r\n", 400},
      {"G@T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / http/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.10\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.2\r\nHost: h\r\n\r\n", 200},
      {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
      {"PRI * HTTP/2.0\r\n\r\n", 505},
      {"GET / HTTP/1.1\nHost: h\n\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400},
      {"\x16\x03\x01\x02", 400},
      {" GET / HTTP/1.1\r\n\r\n", 400},
      {"\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
  };
  for (const auto& [text, status] : cases) {
    EXPECT_EQ(status_of(text), status) << text;
  }
  using namespace std::string_literals;
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"s), 400);
}

TEST(RequestHead, HeadersAreOneLineEachWithATokenForName) {
  for (const char* wrong :
       {"X: a\r\n b\r\n",
        "\tX: a\r\n",
        "X : a\r\n",
        "X\r\n",
        ": a\r\n",
        "X(): a\r\n",
        "X: \x01\r\n"}) {
    EXPECT_EQ(status_of(get(wrong)), 400) << wrong;
  }
}

TEST(RequestHead, WhatIsTooLongIsSaidSo) {
  EXPECT_EQ(status_of("GET /" + std::string(8200, 'a')), 414);
  EXPECT_EQ(status_of(get("", "/" + std::string(8200, 'a'))), 414);
  EXPECT_EQ(status_of(get("X: " + std::string(8200, 'a') + "\r\n")), 431);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nX: " + std::string(8200, 'a')), 431);
  std::string many;
  for (int i = 0; i < 60; ++i) {
    many += "X: a\r\n";
  }
  EXPECT_EQ(status_of(get(many)), 431);
}

TEST(RequestHead, HeadersOfTheFrontItselfAreTakenAway) {
  const auto parsed =
      parse(get("X-Front-Target: /b\r\nX-FRONT-LOGIN-ONLY: 1\r\nX-Front: 2\r\n", "/a"));
  ASSERT_TRUE(parsed && *parsed);
  EXPECT_EQ(
      to_text(**parsed), "GET / HTTP/1.1\r\nx-front-target: /a\r\nHost: h\r\nx-front: 2\r\n\r\n"
  );
}

TEST(RequestHead, HasAMethodThatIsKnown) {
  for (const char* method : {"GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"}) {
    EXPECT_EQ(status_of(std::string{method} + " / HTTP/1.1\r\nHost: h\r\n\r\n"), 200) << method;
  }
  for (const char* method : {"TRACE", "CONNECT", "PROPFIND", "get", "GETS", "!"}) {
    EXPECT_EQ(status_of(std::string{method} + " / HTTP/1.1\r\nHost: h\r\n\r\n"), 501) << method;
  }
}

// Whatever stands between two headers, a header cannot become two, nor two become one.
TEST(RequestHead, LinesEndInOneWayOnly) {
  for (const char* end : {"\n", "\r", "\r\r\n", "\n\r", "\v", "\f"}) {
    EXPECT_NE(
        status_of(
            "GET / HTTP/1.1\r\nHost: h\r\nX: a" + std::string{end} + "Content-Length: 3\r\n\r\n"
        ),
        200
    ) << end;
    EXPECT_NE(status_of("GET / HTTP/1.1" + std::string{end} + "Host: h\r\n\r\n"), 200) << end;
  }
}

TEST(RequestHead, LengthIsOneNumberHoweverItIsHidden) {
  for (const char* lines :
       {"content-length: 3\r\nCONTENT-LENGTH: 4\r\n",
        "Content-Length: 3\r\nX: y\r\nContent-Length: 3\r\n",
        "Content-Length: 3 4\r\n",
        "Content-Length: 0x3\r\n",
        "Content-Length: 3,\r\n",
        "Content-Length: 3;\r\n",
        "Content-Length: 3.0\r\n",
        "Content-Length: 1e1\r\n",
        "Content-Length: \xEF\xBC\x93\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Content-Length : 3\r\n",
        "Content-Length\t: 3\r\n",
        " Content-Length: 3\r\n",
        "Content-Length\r\n: 3\r\n"}) {
    EXPECT_EQ(status_of(get(lines)), 400) << lines;
  }
  EXPECT_EQ((*parse(get("Content-Length: 007\r\n")))->body_size, 7U);
  EXPECT_EQ((*parse(get("Content-Length:\t3\t\r\n")))->body_size, 3U);
  EXPECT_EQ(status_of(get("Content_Length: 3\r\n")), 200) << "is another header";
}

TEST(RequestHead, TransferEncodingIsRefusedHoweverItIsHidden) {
  for (const char* lines :
       {"Transfer-Encoding: chunked\r\n",
        "transfer-encoding:chunked\r\n",
        "Transfer-Encoding: CHUNKED \r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: \"chunked\"\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding:\r\n",
        "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding\r\n: chunked\r\n"}) {
    EXPECT_GE(status_of(get(lines)), 400) << lines;
  }
}

}  // namespace
}  // namespace pgrepl::http
