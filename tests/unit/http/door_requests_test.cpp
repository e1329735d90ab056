// What the door does with requests, however their bytes come.
#include "http/target.h"
#include "unit/http/door_fixture.h"

#include <gmock/gmock.h>

namespace pgrepl::http {
namespace {

using testing::DoorAnswer;
using testing::DoorClient;
using namespace std::string_literals;
using ::testing::HasSubstr;
using testing::Way;

class Requests : public DoorTest {};

INSTANTIATE_TEST_SUITE_P(
    Door, Requests, ::testing::Values(Way::V4, Way::V6, Way::Tls), name_of_way
);

TEST_P(Requests, AreReadByteByByte) {
  door.start();
  DoorClient client = door.enter();
  const std::string request =
      "\r\nPOST /a?b=c HTTP/1.1\r\nHost: h\r\nX-Test: y\r\nContent-Length: 3\r\n\r\nabc";
  for (const char byte : request) {
    ASSERT_TRUE(client.send({&byte, 1}));
  }
  const DoorAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "POST /a?b=c\nhost=h\nx-test=y");
  EXPECT_EQ(client.get("/b").body, "GET /b?\nhost=h") << "the body was no part of the next one";
}

TEST_P(Requests, ThatAreSentAtOnceAreAnsweredInTheirOrder) {
  door.start();
  DoorClient client = door.enter();
  client.send(
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
      "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 25\r\n\r\nGET /no HTTP/1.1\r\nHost: h"
      "HEAD /3 HTTP/1.1\r\nHost: h\r\n\r\n"
      "\r\nGET /4 HTTP/1.1\r\nHost: h\r\n\r\n"
      "GET /5 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
      "GET /6 HTTP/1.1\r\nHost: h\r\n\r\n"
  );
  EXPECT_THAT(client.read_answer().body, HasSubstr("GET /1?"));
  EXPECT_THAT(client.read_answer().body, HasSubstr("POST /2?"));
  EXPECT_EQ(client.read_answer(false).header("content-length"), "14");
  EXPECT_THAT(client.read_answer().body, HasSubstr("GET /4?"));
  const DoorAnswer last = client.read_answer();
  EXPECT_THAT(last.body, HasSubstr("GET /5?"));
  EXPECT_EQ(last.header("connection"), "close");
  EXPECT_TRUE(client.is_hung_up_on()) << "after close nothing is answered";
  EXPECT_EQ(door.requests, 5);
}

TEST_P(Requests, OfAnEndedClientAreStillAnswered) {
  door.start();
  DoorClient client = door.enter();
  client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  client.finish();
  EXPECT_THAT(client.read_answer().body, HasSubstr("GET /a?"));
  EXPECT_THAT(client.read_answer().body, HasSubstr("GET /b?"));
  EXPECT_TRUE(client.is_hung_up_on());
  EXPECT_TRUE(door.has_refused_nobody());
}

TEST_P(Requests, MayAwaitAWordBeforeTheirBody) {
  door.start();
  DoorClient client = door.enter();
  const DoorAnswer go_on =
      client.ask("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
      );
  EXPECT_EQ(go_on.status, 100);
  EXPECT_EQ(client.ask("ab").body, "POST /a?\nhost=h");
  const DoorAnswer at_once = client.ask(
      "POST /b HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab"
  );
  EXPECT_EQ(at_once.status, 200) << "whose body is there already needs no word";
  EXPECT_EQ(client.ask("GET /c HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n").status, 200);
}

TEST_P(Requests, WithHeadGetNoBodyWhateverTheAnswerIs) {
  door.limits.logins_of_address = 0;
  door.start("basic_auth_users: {a: $2y$04$WUDfWUDfWUDfWUDfWUDfWODNyhfqQFXS3yNGH5Gr79yhRMuJJnSIS}\n"
  );
  DoorClient client = door.enter();
  const DoorAnswer refused = client.ask("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", false);
  EXPECT_EQ(refused.status, 401);
  EXPECT_NE(refused.header("content-length"), "0");
  const DoorAnswer busy =
      client.ask("HEAD / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YTpi\r\n\r\n", false);
  EXPECT_EQ(busy.status, 429);
  EXPECT_NE(busy.header("content-length"), "0");
  EXPECT_EQ(client.get("/").status, 401) << "no byte of a body stood before it";
}

TEST_P(Requests, ThatAreMistakenAreAnsweredOnceAndHungUpOn) {
  door.start();
  const std::pair<std::string, int> cases[] = {
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: h\n\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"s, 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551616\r\n\r\n", 400},
      {"GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8193\r\n\r\n", 413},
      {"GET /" + std::string(9000, 'a'), 414},
      {"GET / HTTP/1.1\r\nHost: h\r\nExpect: miracles\r\n\r\n", 417},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(9000, 'a'), 431},
      {"BREW / HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
  };
  std::uint64_t count = 0;
  for (const auto& [request, status] : cases) {
    DoorClient client = door.enter();
    const DoorAnswer answer = client.ask(request);
    EXPECT_EQ(answer.status, status) << request;
    EXPECT_TRUE(answer.is_whole) << request;
    EXPECT_EQ(answer.header("connection"), "close") << request;
    EXPECT_EQ(answer.header("x-content-type-options"), "nosniff") << request;
    client.finish();
    EXPECT_TRUE(client.is_hung_up_on()) << request;
    EXPECT_EQ(door.refused(Refusal::Malformed), ++count) << request;
  }
  EXPECT_EQ(door.requests, 0) << "none of them came as far as the handler";
}

// What stands behind a mistake is not read as a request: where it begins is not known.
TEST_P(Requests, BehindAMistakeAreNotAnswered) {
  door.start();
  DoorClient client = door.enter();
  client.send("GET / HTTP/1.1\r\nX: y\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  client.finish();
  EXPECT_EQ(client.read_answer().status, 400);
  EXPECT_TRUE(client.is_hung_up_on());
  EXPECT_EQ(door.requests, 0);
}

TEST_P(Requests, KeepTheirConnectionAfterAnAnswerBelow500Only) {
  door.start();
  DoorClient client = door.enter();
  EXPECT_EQ(client.get("/a").header("connection"), "keep-alive");
  const DoorAnswer failed = client.get("/throw");
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body, "internal error\n") << "the reason is for the log";
  EXPECT_EQ(failed.header("connection"), "close");
  EXPECT_TRUE(client.is_hung_up_on());
  EXPECT_TRUE(door.log.contains("the reason"));
  EXPECT_EQ(door.enter().get("/a").status, 200);
}

TEST_P(Requests, OfClientsThatGoAwayDisturbNobody) {
  door.start();
  for (int i = 0; i < 5; ++i) {
    DoorClient client = door.enter();
    client.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    door.await_entered(i + 1);
    client.reset();
  }
  door.gate.open();
  for (int i = 0; i < 25; ++i) {
    DoorClient reader = door.enter();
    reader.send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
    reader.reset();
  }
  EXPECT_EQ(door.enter().get("/large").body.size(), door.large);
}

TEST_P(Requests, AreAnsweredWithALargeBodyWhole) {
  door.start();
  DoorClient client = door.enter();
  for (int i = 0; i < 2; ++i) {
    const DoorAnswer answer = client.get("/large");
    EXPECT_TRUE(answer.is_whole);
    EXPECT_EQ(answer.body, std::string(door.large, 'x'));
  }
}

class PlainRequests : public ::testing::Test {
 protected:
  void SetUp() override { door.start(); }

  Door door;
};

TEST_F(PlainRequests, HaveMethodsThatTheHandlerJudges) {
  DoorClient client = door.enter();
  for (const std::string method : {"GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    const DoorAnswer answer = client.ask(method + " /a HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(answer.body, method + " /a?\nhost=h");
  }
  for (const std::string method : {"TRACE", "CONNECT", "PROPFIND", "get", "G"}) {
    EXPECT_EQ(door.enter().ask(method + " /a HTTP/1.1\r\nHost: h\r\n\r\n").status, 501) << method;
  }
}

// The path that the handler sees is the one that the front has decided by; and no target costs a
// lane, whatever characters it has.
TEST_F(PlainRequests, HaveOnePathForFrontAndHandler) {
  DoorClient client = door.enter();
  for (const std::string target :
       {"/",
        "//",
        "/a//b",
        "/./a/../b",
        "/../../a",
        "/%2e%2e/a",
        "/a%2Fb",
        "/a%5cb",
        "/a\\..\\b",
        "/%70robe",
        "/a%2525",
        "/a+b",
        "/a;b=c,d@e:f!g$h&i'j(k)*",
        "/%c3%a9",
        "/%0a%0D",
        "/a%20b",
        "/\"<>^`{|}",
        "/...",
        "/a/.",
        "/a/..",
        "/.a/b./..c",
        "/probe.",
        "/servers/pg-1.example./primary",
        "/%7Ea~"}) {
    const DoorAnswer answer = client.get(target);
    EXPECT_EQ(answer.status, 200) << target;
    EXPECT_EQ(answer.body, "GET " + path_of(target) + "?\nhost=h") << target;
  }
  EXPECT_EQ(client.get("/?a={b|c}&d=\"<^`\\>").body, "GET /?a={b|c}&d=\"<^`\\>\nhost=h");
  EXPECT_EQ(
      client.get("/?a=/../b//c?d&e=100%&f=%2e").body, "GET /?a=/../b//c?d&e=100%&f=%2e\nhost=h"
  );
}

TEST_F(PlainRequests, ReachTheHandlerAsOneRequestWithTheirHeaders) {
  DoorClient client = door.enter();
  EXPECT_EQ(client.get("/", "X-A: 1\r\nx-a: 2\r\nX-B:\r\nX-\xC3\x89: no\r\n").status, 400)
      << "a name is a token";
  EXPECT_EQ(
      door.enter().get("/", "X-A: 1\r\nx-a: 2\r\nX-B:\r\nX-C: \xC3\xA9\r\n").body,
      "GET /?\nhost=h\nx-a=1, 2\nx-b=\nx-c=\xC3\xA9"
  );
  EXPECT_EQ(
      door.enter().get("/", "Connection: upgrade, x-a\r\nUpgrade: websocket\r\nX-A: 1\r\n").body,
      "GET /?\nhost=h"
  );
}

TEST_F(PlainRequests, MayHaveSixtyHeadersAndALongOne) {
  std::string lines;
  for (int i = 0; i < 59; ++i) {
    lines += "X" + std::to_string(i) + ": y\r\n";
  }
  EXPECT_THAT(door.enter().get("/", lines).body, HasSubstr("x58=y"));
  EXPECT_EQ(door.enter().get("/", lines + "X: y\r\n").status, 431);
  const std::string value(8000, 'v');
  EXPECT_THAT(door.enter().get("/", "X: " + value + "\r\n").body, HasSubstr("x=" + value));
  const std::string path = '/' + std::string(8000, '"');
  EXPECT_THAT(door.enter().get(path).body, HasSubstr("GET " + path));
}

TEST_F(PlainRequests, OfHttp10AreAnsweredAndHungUpOn) {
  DoorClient client = door.enter();
  const DoorAnswer answer = client.ask("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_EQ(answer.body, "GET /a?");
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_TRUE(client.is_hung_up_on());
  DoorClient kept = door.enter();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(kept.ask("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").body, "GET /a?");
  }
}

TEST_F(PlainRequests, InAbsoluteFormNameTheHost) {
  EXPECT_EQ(door.enter().get("http://e:1/a?b").body, "GET /a?b\nhost=e:1");
  EXPECT_EQ(door.enter().ask("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").body, "OPTIONS /?\nhost=h");
}

// The headers by which the front itself speaks to the handler.
TEST_F(PlainRequests, CannotPretendToBeTheFront) {
  EXPECT_EQ(door.enter().get("/a", "x-front-target: /b\r\n").body, "GET /a?\nhost=h");
  EXPECT_EQ(door.enter().get("/a", "X-Front-Login-Only: 1\r\n").body, "GET /a?\nhost=h");
}

TEST_F(PlainRequests, InManyConnectionsAtOnceAreAllAnswered) {
  std::vector<DoorClient> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(door.enter());
  }
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < clients.size(); ++i) {
      clients[i].send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    for (std::size_t i = 0; i < clients.size(); ++i) {
      EXPECT_THAT(clients[i].read_answer().body, HasSubstr("GET /" + std::to_string(i) + '?'));
    }
  }
  EXPECT_TRUE(door.has_refused_nobody());
}

}  // namespace
}  // namespace pgrepl::http
