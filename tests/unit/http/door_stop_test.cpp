// What the door owes to those inside when it closes, and that nobody of the machine comes in behind
// it.
#include "unit/http/door_fixture.h"

#include <thread>

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace pgrepl::http {
namespace {

using namespace std::chrono_literals;
using testing::await;
using testing::DoorAnswer;
using testing::DoorClient;
using testing::Way;

class Stopping : public DoorTest {
 protected:
  // Stops the door on a thread of its own, as long as the object lives at most.
  class Stop {
   public:
    explicit Stop(Door& door) : thread_([&door] { door.stop(); }) {}

    ~Stop() { thread_.join(); }

    Stop(const Stop&) = delete;
    Stop& operator=(const Stop&) = delete;

   private:
    std::thread thread_;
  };
};

INSTANTIATE_TEST_SUITE_P(
    Door, Stopping, ::testing::Values(Way::V4, Way::V6, Way::Tls), name_of_way
);

TEST_P(Stopping, LetsAnswersUnderWayGoOut) {
  door.start();
  DoorClient client = door.enter();
  client.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  door.await_entered(1);
  DoorClient idle = door.enter();
  EXPECT_EQ(idle.get("/a").status, 200);
  {
    const Stop stop{door};
    EXPECT_TRUE(idle.is_hung_up_on()) << "at once, while the other is being answered";
    door.gate.open();
    const DoorAnswer answer = client.read_answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.is_whole);
    EXPECT_EQ(answer.header("connection"), "close") << "no further request is taken";
    EXPECT_TRUE(client.is_hung_up_on());
  }
  EXPECT_FALSE(door.enter().is_open());
}

TEST_P(Stopping, TakesNoNewConnectionAndNoNewRequest) {
  door.start();
  DoorClient client = door.enter();
  client.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\nGET /second HTTP/1.1\r\nHost: h\r\n\r\n");
  door.await_entered(1);
  {
    const Stop stop{door};
    await("nobody is let in", [&] { return !DoorClient(door.way, door.port, true).is_open(); });
    door.gate.open();
    EXPECT_EQ(client.read_answer().status, 200);
    EXPECT_TRUE(client.is_hung_up_on());
  }
  EXPECT_EQ(door.requests, 1);
}

TEST_P(Stopping, WaitsForNoClientThatIsSlow) {
  door.start();
  DoorClient silent = door.enter(true);
  DoorClient half = door.enter();
  half.send("GET / HTTP/1.1\r\n");
  DoorClient body = door.enter();
  body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n");
  const auto began = std::chrono::steady_clock::now();
  door.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, door.limits.head)
      << "none of their deadlines was awaited";
  EXPECT_TRUE(silent.is_hung_up_on());
  EXPECT_TRUE(half.is_hung_up_on());
  EXPECT_TRUE(body.is_hung_up_on());
  EXPECT_EQ(door.requests, 0);
}

TEST_P(Stopping, FreesTheAddressForTheNext) {
  for (int round = 0; round < 3; ++round) {
    door.start();
    EXPECT_EQ(door.enter().get("/a").status, 200);
    const auto handler = [](const Request&) { return Response{.body = "next"}; };
    const std::string address =
        (door.way == Way::V6 ? "[::1]:" : "127.0.0.1:") + std::to_string(door.port);
    EXPECT_FALSE(testing::start_server({address}, handler)) << "it is taken";
    door.stop();
    EXPECT_TRUE(testing::start_server({address}, handler)) << "it is free";
  }
}

TEST(Starting, ListensOnAllAddressesOrOnNone) {
  const auto handler = [](const Request&) { return Response{}; };
  const auto first = testing::start_server({"127.0.0.1:0"}, handler);
  ASSERT_TRUE(first);
  const std::string taken = "127.0.0.1:" + std::to_string((*first)->ports().front());
  for (const std::string& wrong : {taken, std::string{"no.such.host.invalid:0"}}) {
    const auto second = testing::start_server({"127.0.0.1:0", wrong}, handler);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error(), ::testing::StartsWith("cannot listen on " + wrong + ": "));
  }
  EXPECT_EQ(testing::start_server({}, handler).error(), "there is no address to listen on");
  EXPECT_THAT(
      testing::start_server({"x"}, handler).error(), ::testing::StartsWith("\"x\" is no address")
  );
}

// Ports of 127.0.0.1 on which this process listens.
std::vector<std::uint16_t> listening_ports() {
  std::vector<std::uint16_t> ports;
  for (int descriptor = 0; descriptor < 1024; ++descriptor) {
    int listens = 0;
    socklen_t size = sizeof listens;
    sockaddr_in address{};
    socklen_t address_size = sizeof address;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0 &&
        ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &address_size) == 0 &&
        address.sin_family == AF_INET) {
      ports.push_back(ntohs(address.sin_port));
    }
  }
  return ports;
}

// Other accounts of the machine can reach the port behind the door, past TLS and logins.
TEST(BehindTheDoor, StrangersAreToldNothing) {
  const std::vector<std::uint16_t> before = listening_ports();
  Door door{Way::Tls};
  door.start();
  EXPECT_EQ(door.enter().get("/a").status, 200);
  const int requests = door.requests;
  int found = 0;
  for (const std::uint16_t port : listening_ports()) {
    if (port == door.port || std::ranges::find(before, port) != before.end()) {
      continue;
    }
    found += 1;
    std::vector<DoorClient> strangers;
    for (int i = 0; i < 30; ++i) {
      strangers.emplace_back(Way::V4, port);
      strangers.back().send(
          "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\nX-Front-Login-Only: "
          "1\r\n"
          "\r\n"
      );
    }
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(door.enter().get("/a").status, 200) << "strangers take no lane away";
    }
  }
  EXPECT_EQ(found, 1);
  EXPECT_EQ(door.requests, requests + 20);
}

TEST(InnerHopTest, KnowsItsOwnConnectionsByAddressAndPort) {
  InnerHop hop;
  EXPECT_EQ(hop.meet("127.0.0.1", 1000), InnerPeer::Stranger);
  hop.note(1000);
  EXPECT_EQ(hop.meet("127.0.0.2", 1000), InnerPeer::Stranger);
  EXPECT_EQ(hop.meet("", 1000), InnerPeer::Stranger);
  EXPECT_EQ(hop.meet("127.0.0.1", 1001), InnerPeer::Stranger);
  EXPECT_EQ(hop.meet("127.0.0.1", 1000), InnerPeer::NewLane) << "the first request is a greeting";
  EXPECT_EQ(hop.meet("127.0.0.1", 1000), InnerPeer::Lane);
  EXPECT_EQ(hop.meet("127.0.0.1", 1000), InnerPeer::Lane);
  hop.strike(1000);
  EXPECT_EQ(hop.meet("127.0.0.1", 1000), InnerPeer::Stranger);
  hop.note(1000);
  EXPECT_EQ(hop.meet("127.0.0.1", 1000), InnerPeer::NewLane) << "a new connection of that port";
  hop.strike(2000);
  EXPECT_EQ(hop.meet("127.0.0.1", 1000), InnerPeer::Lane);
}

TEST(RefusalsTest, HaveEveryReasonThoseThatNeverCameUpToo) {
  const testing::RefusalCounters counters;
  Refusals refusals{counters.family};
  refusals.count(Refusal::SlowReader);
  refusals.count(Refusal::SlowReader);
  refusals.count(Refusal::Logins);
  const auto families = counters.registry.Collect();
  ASSERT_EQ(families.size(), 1U);
  EXPECT_EQ(families[0].metric.size(), kRefusalNames.size());
  for (const auto& metric : families[0].metric) {
    const std::string& reason = metric.label.at(0).value;
    const double expected = reason == "slow_reader" ? 2 : reason == "logins" ? 1 : 0;
    EXPECT_EQ(metric.counter.value, expected) << reason;
  }
  EXPECT_EQ(refusals.of(Refusal::SlowReader), 2U);
  EXPECT_EQ(name_of(Refusal::Connections), "connections");
  EXPECT_EQ(name_of(Refusal::Logins), "logins");
}

}  // namespace
}  // namespace pgrepl::http
