// How long the door waits, how many it lets in, and who pays when it is full.
#include "unit/http/door_fixture.h"

#include <optional>

#include <gmock/gmock.h>

namespace pgrepl::http {
namespace {

using namespace std::chrono_literals;
using testing::await;
using testing::DoorAnswer;
using testing::DoorClient;
using ::testing::HasSubstr;
using testing::Way;

class Limited : public DoorTest {
 protected:
  // Leaves an answer that it has asked for unread.
  static void ask_and_not_read(DoorClient& client, const std::string& path) {
    client.send("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
  }
};

INSTANTIATE_TEST_SUITE_P(Door, Limited, ::testing::Values(Way::V4, Way::V6, Way::Tls), name_of_way);

TEST_P(Limited, SilentConnectionEndsAtItsDeadline) {
  door.limits.handshake = 20ms;
  door.limits.head = 20ms;
  door.start();
  DoorClient client = door.enter(true);
  EXPECT_TRUE(client.is_hung_up_on());
  door.await_refusal(Refusal::Deadline);
  EXPECT_EQ(door.refused(Refusal::Handshake), 0U) << "it is counted once";
}

TEST_P(Limited, HeadThatDoesNotEndIsNotAwaited) {
  door.limits.head = 20ms;
  door.start();
  for (const std::string part :
       {"G", "\r\n", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: h\r\n\r"}) {
    DoorClient client = door.enter();
    client.send(part);
    EXPECT_TRUE(client.is_hung_up_on()) << part;
  }
  door.await_refusal(Refusal::Deadline, 4);
  EXPECT_EQ(door.refused(Refusal::Malformed), 0U);
}

TEST_P(Limited, SecondHeadHasADeadlineOfItsOwn) {
  door.limits.head = 100ms;
  door.start();
  std::optional<DoorClient> client;
  await("a first request is answered in time", [&] {
    client.emplace(door.enter());
    return client->get("/a").status == 200;
  });
  const auto before = door.refused(Refusal::Deadline);
  client->send("GET /b");
  EXPECT_TRUE(client->is_hung_up_on());
  door.await_refusal(Refusal::Deadline, before + 1);
}

TEST_P(Limited, BodyThatDoesNotComeIsNotAwaited) {
  door.limits.body = 20ms;
  door.start();
  DoorClient client = door.enter();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab");
  EXPECT_TRUE(client.is_hung_up_on());
  DoorClient waiting = door.enter();
  const DoorAnswer word =
      waiting.ask("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
      );
  EXPECT_EQ(word.status, 100);
  EXPECT_TRUE(waiting.is_hung_up_on());
  door.await_refusal(Refusal::Deadline, 2);
  EXPECT_EQ(door.requests, 0) << "a request counts when it is whole";
}

TEST_P(Limited, IdleConnectionEndsWithoutBlame) {
  door.limits.idle = 10ms;
  door.start();
  DoorClient client = door.enter();
  EXPECT_EQ(client.get("/a").status, 200);
  EXPECT_TRUE(client.is_hung_up_on());
  EXPECT_TRUE(door.has_refused_nobody());
}

TEST_P(Limited, AnswerOfWhichNothingIsReadIsGivenUp) {
  door.limits.stall = 20ms;
  door.start();
  DoorClient client = door.enter();
  ask_and_not_read(client, "/large");
  door.await_refusal(Refusal::SlowReader);
  const DoorAnswer answer = client.read_answer();
  EXPECT_FALSE(answer.is_whole);
  EXPECT_TRUE(client.has_ended());
}

TEST_P(Limited, AnswerThatIsReadTooSlowlyAsAWholeIsGivenUp) {
  door.limits.answer = 20ms;
  door.limits.stall = 1h;
  door.start();
  DoorClient client = door.enter();
  ask_and_not_read(client, "/large");
  door.await_refusal(Refusal::SlowReader);
  EXPECT_FALSE(client.read_answer().is_whole);
}

TEST_P(Limited, HandlerThatTakesTooLongIsNotAwaited) {
  door.limits.handler = 20ms;
  door.start();
  DoorClient client = door.enter();
  const DoorAnswer answer = client.get("/wait");
  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(answer.body, "The exporter did not answer in time.\n");
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_TRUE(client.is_hung_up_on());
  DoorClient head = door.enter();
  const DoorAnswer without = head.ask("HEAD /wait HTTP/1.1\r\nHost: h\r\n\r\n", false);
  EXPECT_EQ(without.status, 504);
  EXPECT_TRUE(head.is_hung_up_on()) << "no body follows";
  door.gate.open();
  await("its lane is there again", [&] { return door.enter().get("/a").status == 200; });
}

TEST_P(Limited, NewConnectionTakesThePlaceOfASilentOne) {
  door.limits.connections_of_address = 3;
  door.start();
  DoorClient silent = door.enter();
  DoorClient busy = door.enter();
  busy.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  door.await_entered(1);
  DoorClient half = door.enter();
  half.send("GET / HTTP/1.1\r\n");
  DoorClient fourth = door.enter();
  EXPECT_EQ(fourth.get("/a").status, 200);
  EXPECT_TRUE(silent.is_hung_up_on()) << "it has waited longest";
  EXPECT_EQ(door.refused(Refusal::Address), 1U);
  half.send("Host: h\r\n\r\n");
  EXPECT_EQ(half.read_answer().status, 200);
  door.gate.open();
  EXPECT_EQ(busy.read_answer().status, 200) << "who is being answered loses nothing";
}

TEST_P(Limited, ThoseThatAreBeingAnsweredMakeNoRoom) {
  door.limits.connections_of_address = 2;
  door.start();
  DoorClient first = door.enter();
  DoorClient second = door.enter();
  first.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  second.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  door.await_entered(2);
  DoorClient third{door.way, door.port, true};
  EXPECT_TRUE(third.is_hung_up_on());
  EXPECT_EQ(door.refused(Refusal::Address), 1U);
  door.gate.open();
  EXPECT_EQ(first.read_answer().status, 200);
  EXPECT_EQ(second.read_answer().status, 200);
}

TEST_P(Limited, AllConnectionsTogetherAreBounded) {
  door.limits.connections = 2;
  door.start();
  DoorClient first = door.enter();
  DoorClient second = door.enter();
  EXPECT_EQ(second.get("/a").status, 200);
  DoorClient third = door.enter();
  EXPECT_EQ(third.get("/a").status, 200);
  EXPECT_TRUE(first.is_hung_up_on());
  EXPECT_EQ(door.refused(Refusal::Connections), 1U);
}

// Two answers of eight megabytes that nobody reads, where ten may be in memory.
TEST_P(Limited, AnswersUnreadAreBounded) {
  door.limits.unread_bytes = 10'000'000;
  door.start();
  DoorClient slow = door.enter();
  ask_and_not_read(slow, "/large");
  EXPECT_EQ(door.enter().get("/a").status, 200);
  DoorClient next = door.enter();
  ask_and_not_read(next, "/large");
  door.await_refusal(Refusal::SlowReader);
  // One of the two has paid, and the other's answer is whole.
  const bool first_is_whole = slow.read_answer().is_whole;
  const bool second_is_whole = next.read_answer().is_whole;
  EXPECT_NE(first_is_whole, second_is_whole);
  EXPECT_EQ(door.refused(Refusal::SlowReader), 1U);
}

TEST(LimitedAddresses, HaveAPartOfTheirOwnEach) {
  Door door;
  door.limits.connections_of_address = 2;
  door.start();
  DoorClient first = door.enter_from("127.0.0.2");
  DoorClient second = door.enter_from("127.0.0.2");
  DoorClient other = door.enter_from("127.0.0.3");
  EXPECT_EQ(first.get("/a").status, 200);
  EXPECT_EQ(second.get("/a").status, 200);
  EXPECT_EQ(other.get("/a").status, 200);
  EXPECT_TRUE(door.has_refused_nobody());
  DoorClient third = door.enter_from("127.0.0.2");
  EXPECT_EQ(third.get("/a").status, 200);
  EXPECT_TRUE(first.is_hung_up_on());
  EXPECT_EQ(other.get("/a").status, 200);
  EXPECT_EQ(door.refused(Refusal::Address), 1U);
}

// With all places taken, the address that has most of them loses one.
TEST(LimitedAddresses, WithMostConnectionsPaysFirst) {
  Door door;
  door.limits.connections = 4;
  door.start();
  DoorClient single = door.enter_from("127.0.0.2");
  EXPECT_EQ(single.get("/a").status, 200);
  std::vector<DoorClient> crowd;
  for (int i = 0; i < 3; ++i) {
    crowd.push_back(door.enter_from("127.0.0.3"));
    EXPECT_EQ(crowd.back().get("/a").status, 200);
  }
  DoorClient newcomer = door.enter_from("127.0.0.4");
  EXPECT_EQ(newcomer.get("/a").status, 200);
  EXPECT_TRUE(crowd.front().is_hung_up_on());
  EXPECT_EQ(single.get("/a").status, 200) << "though it has waited longer";
}

}  // namespace
}  // namespace pgrepl::http
