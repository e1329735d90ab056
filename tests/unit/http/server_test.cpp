#include "http/server.h"

#include "http/listen_address.h"
#include "support/http_get.h"
#include "unit/http/refusal_counters.h"

#include <array>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pgrepl::http {
namespace {

using namespace std::chrono_literals;

Response describe(const Request& request) {
  if (request.path == "/throw") {
    throw std::runtime_error{"the reason"};
  }
  if (request.path == "/large") {
    return {
        .status = 200,
        .content_type = "text/plain",
        .body = std::string(5'000'000, 'x'),
        .headers = {}};
  }
  if (request.path == "/page") {
    return {.body = {}, .headers = {}, .page = std::make_shared<const std::string>("shared\n")};
  }
  if (request.path == "/missing") {
    return {
        .status = 404, .content_type = "text/plain", .body = "no\n", .headers = {{"X-Why", "so"}}};
  }
  Response response;
  response.body = request.method + ' ' + request.path + '?' + request.query;
  if (const auto found = request.headers.find("x-test"); found != request.headers.end()) {
    response.body += ' ' + found->second;
  }
  return response;
}

// Sends bytes, reads until `end` is in the answer, or the connection ends.
std::string converse(int descriptor, const std::string& request, const std::string& end) {
  EXPECT_EQ(
      ::send(descriptor, request.data(), request.size(), MSG_NOSIGNAL),
      static_cast<ssize_t>(request.size())
  );
  std::string answer;
  std::array<char, 4096> buffer{};
  while (end.empty() || answer.find(end) == std::string::npos) {
    const ssize_t count = ::recv(descriptor, buffer.data(), buffer.size(), 0);
    if (count <= 0) {
      break;
    }
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return answer;
}

int connect_to(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  const timeval limit{.tv_sec = 3, .tv_usec = 0};
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  return descriptor;
}

Expected<std::unique_ptr<Server>, std::string> start(const std::vector<std::string>& addresses) {
  return testing::start_server(addresses, &describe);
}

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto started = start({"127.0.0.1:0"});
    ASSERT_TRUE(started) << started.error();
    server_ = std::move(*started);
    ASSERT_EQ(server_->ports().size(), 1U);
    port_ = server_->ports().front();
  }

  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
};

TEST_F(ServerTest, HandsPathQueryAndHeadersToTheHandler) {
  const auto answer = testing::http_get_from("127.0.0.1", port_, "/a%20b?collect[]=x%20y");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "GET /a b?collect[]=x%20y");

  const int client = connect_to(port_);
  const std::string raw =
      converse(client, "GET / HTTP/1.1\r\nHost: x\r\nX-TEST: yes\r\n\r\n", "yes");
  ::close(client);
  EXPECT_NE(raw.find("GET /? yes"), std::string::npos) << raw;
  EXPECT_NE(raw.find("X-Content-Type-Options: nosniff"), std::string::npos);
  EXPECT_EQ(raw.find("Server:"), std::string::npos);
}

TEST_F(ServerTest, KeepsTheConnection) {
  const int client = connect_to(port_);
  for (int round = 0; round < 3; ++round) {
    const std::string raw = converse(client, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n", "GET /x?");
    EXPECT_NE(raw.find("Content-Length: 7"), std::string::npos) << raw;
  }
  ::close(client);
}

TEST_F(ServerTest, SaysWhetherTheConnectionStays) {
  const std::pair<std::string, bool> cases[] = {
      {"HTTP/1.1\r\nHost: x\r\n", true},
      {"HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n", false},
      {"HTTP/1.0\r\n", false},
      {"HTTP/1.0\r\nConnection: keep-alive\r\n", true},
  };
  for (const auto& [request, stays] : cases) {
    const int client = connect_to(port_);
    const std::string first = converse(client, "GET /x " + request + "\r\n", "GET /x?");
    EXPECT_EQ(first.find("Connection: keep-alive\r\n") != std::string::npos, stays) << first;
    EXPECT_EQ(first.find("Connection: close\r\n") == std::string::npos, stays) << first;
    const std::string second = converse(client, stays ? "GET /y " + request + "\r\n" : "", "/y?");
    EXPECT_EQ(second.find("GET /y?") != std::string::npos, stays) << request << second;
    ::close(client);
  }
}

TEST_F(ServerTest, SendsAPageThatOthersHoldToo) {
  const auto answer = testing::http_get_from("127.0.0.1", port_, "/page");
  EXPECT_EQ(answer.body, "shared\n");
}

TEST_F(ServerTest, AnswersHeadWithoutABody) {
  const int client = connect_to(port_);
  const std::string raw =
      converse(client, "HEAD /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "");
  ::close(client);
  EXPECT_NE(raw.find("Content-Length: 5000000"), std::string::npos) << raw;
  EXPECT_TRUE(raw.ends_with("\r\n\r\n")) << raw;
}

TEST_F(ServerTest, PassesTheStatusAndHeadersOn) {
  EXPECT_EQ(testing::http_get_from("127.0.0.1", port_, "/missing").status, 404);
  const int client = connect_to(port_);
  const std::string raw =
      converse(client, "POST /missing HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "no\n");
  ::close(client);
  EXPECT_NE(raw.find("X-Why: so"), std::string::npos) << raw;
}

TEST_F(ServerTest, AnExceptionIsA500ThatSaysNothing) {
  const auto answer = testing::http_get_from("127.0.0.1", port_, "/throw");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body, "internal error\n");
}

TEST_F(ServerTest, SendsALargeBodyToSeveralClientsAtOnce) {
  std::atomic<int> complete = 0;
  std::vector<std::thread> clients;
  for (int index = 0; index < 12; ++index) {
    clients.emplace_back([this, &complete] {
      const auto answer = testing::http_get_from("127.0.0.1", port_, "/large");
      complete += answer.body.size() == 5'000'000 ? 1 : 0;
    });
  }
  for (std::thread& client : clients) {
    client.join();
  }
  EXPECT_EQ(complete, 12);
}

TEST_F(ServerTest, APortInUseNamesTheAddressAndTheReason) {
  const std::string taken = "127.0.0.1:" + std::to_string(port_);
  const auto second = start({taken});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), "cannot listen on " + taken + ": Address already in use");
  const auto everywhere = start({":" + std::to_string(port_)});
  ASSERT_FALSE(everywhere);
  EXPECT_EQ(
      everywhere.error(), "cannot listen on :" + std::to_string(port_) + ": Address already in use"
  );
}

TEST(Server, ListensOnEveryInterface) {
  const auto server = start({":0", "127.0.0.1:0"});
  ASSERT_TRUE(server) << server.error();
  const auto ports = (*server)->ports();
  ASSERT_EQ(ports.size(), 2U);
  EXPECT_EQ(testing::http_get_from("127.0.0.1", ports[0], "/").status, 200);
  EXPECT_EQ(testing::http_get_from("localhost", ports[1], "/").status, 200);
}

bool has_ipv6() {
  return static_cast<bool>(start({"[::1]:0"}));
}

TEST(Server, ListensOnIpv6) {
  if (!has_ipv6()) {
    GTEST_SKIP() << "this machine has no IPv6";
  }
  const auto server = start({"[::1]:0", ":0"});
  ASSERT_TRUE(server) << server.error();
  const auto ports = (*server)->ports();
  ASSERT_EQ(ports.size(), 2U);
  for (int round = 0; round < 20; ++round) {
    EXPECT_EQ(testing::http_get_from("::1", ports[0], "/x").body, "GET /x?");
  }
  EXPECT_EQ(testing::http_get_from("::1", ports[1], "/large").body.size(), 5'000'000U);
  EXPECT_EQ(testing::http_get_from("127.0.0.1", ports[1], "/x").body, "GET /x?");
  const auto second = start({"[::1]:" + std::to_string(ports[0])});
  EXPECT_EQ(
      second.error(),
      "cannot listen on [::1]:" + std::to_string(ports[0]) + ": Address already in use"
  );
}

TEST(Server, Ipv6AloneIsEnough) {
  if (!has_ipv6()) {
    GTEST_SKIP() << "this machine has no IPv6";
  }
  const auto server = start({"[::1]:0"});
  ASSERT_TRUE(server) << server.error();
  EXPECT_EQ(testing::http_get_from("::1", (*server)->ports().front(), "/x").body, "GET /x?");
}

TEST(Server, RefusesAnAddressItCannotRead) {
  EXPECT_FALSE(start({}));
  EXPECT_FALSE(start({"nonsense"}));
}

TEST(ListenAddress, ReadsWhatUsersWrite) {
  EXPECT_EQ(*ListenAddress::parse(":9187"), (ListenAddress{"", 9187}));
  EXPECT_EQ(*ListenAddress::parse("127.0.0.1:0"), (ListenAddress{"127.0.0.1", 0}));
  EXPECT_EQ(*ListenAddress::parse("[::1]:9187"), (ListenAddress{"::1", 9187}));
  EXPECT_EQ(*ListenAddress::parse("localhost:80"), (ListenAddress{"localhost", 80}));
  for (const char* wrong :
       {"", "9187", ":", ":x", ":70000", "::1:9187", "[]:1", "a b:1", "a,b:1"}) {
    EXPECT_FALSE(ListenAddress::parse(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace pgrepl::http
