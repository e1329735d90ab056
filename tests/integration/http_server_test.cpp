#include "http/get.h"
#include "http/server.h"
#include "support/http_get.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace pgrepl::http {
namespace {

using namespace std::chrono_literals;

Response echo(const Request& request) {
  if (request.path == "/throw") {
    throw std::runtime_error{"thrown by the test"};
  }
  return {
      .status = 200,
      .body = request.method + " " + request.path + "?" + request.query + " " +
              request.header("x-test"),
      .headers = {{"X-Own", "1"}},
  };
}

std::unique_ptr<Server> start() {
  auto server = Server::start({"127.0.0.1:0"}, echo);
  return server ? std::move(*server) : nullptr;
}

TEST(HttpServer, GivesTheRequestToTheHandlerAndItsAnswerBack) {
  const auto server = start();
  ASSERT_NE(server, nullptr);
  const auto answer =
      pgrepl::testing::http_get(server->ports().at(0), "/a%20b?c=d", {{"X-Test", "yes"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "GET /a b?c=d yes");
  EXPECT_EQ(answer.headers.at("x-own"), "1");
  EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff");
}

TEST(HttpServer, HandlerThatThrowsIsA500AndTheServerGoesOn) {
  const auto server = start();
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(pgrepl::testing::http_get(server->ports().at(0), "/throw").status, 500);
  EXPECT_EQ(pgrepl::testing::http_get(server->ports().at(0), "/").status, 200);
}

TEST(HttpServer, PortInUseIsNamed) {
  const auto server = start();
  ASSERT_NE(server, nullptr);
  const std::string address = "127.0.0.1:" + std::to_string(server->ports().at(0));
  const auto second = Server::start({address}, echo);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().find(address), std::string::npos) << second.error();
  EXPECT_NE(second.error().find("in use"), std::string::npos) << second.error();
}

TEST(HttpGet, AsksAndAnswers) {
  const auto server = start();
  ASSERT_NE(server, nullptr);
  const auto answer = get("127.0.0.1", server->ports().at(0), "/x", 2s);
  ASSERT_TRUE(answer) << answer.error();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "GET /x? ");
}

TEST(HttpGet, NobodyThereIsAnError) {
  std::uint16_t port = 0;
  {
    const auto server = start();
    ASSERT_NE(server, nullptr);
    port = server->ports().at(0);
  }
  EXPECT_FALSE(get("127.0.0.1", port, "/", 1s));
}

}  // namespace
}  // namespace pgrepl::http
