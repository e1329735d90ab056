// One connection: how it is opened by a name, and who ends its waits.
#include "session/connection.h"

#include "support/scratch_folder.h"
#include "wire_scene.h"

#include <atomic>
#include <memory>
#include <thread>

namespace pgrepl::session {
namespace {

using pg::FailureReason;

class ConnectionTest : public WireScene {
 protected:
  std::shared_ptr<Pending<std::optional<ConnectError>>> open_as(
      Connection& connection, const std::string& host
  ) {
    pg::ConnInfo named = conninfo();
    named.endpoint.host = host;
    return start(connection.open(named, loop.now() + 5s));
  }

  static asio::awaitable<bool> wait(Connection& connection, bool either) {
    auto waiting = either ? connection.wait_readable_or_writable() : connection.wait_readable();
    const bool ready = co_await std::move(waiting);
    co_return ready;
  }

  void TearDown() override { *found = true; }

  // A name that is found only when the test says so. The thread that looks it up may outlive it.
  std::shared_ptr<std::atomic<bool>> found = std::make_shared<std::atomic<bool>>(false);
  Resolver slow{loop, [found = found](const std::string&) {
                  while (!*found) {
                    std::this_thread::yield();
                  }
                  return Addresses{std::vector<std::string>{"127.0.0.1"}};
                }};
};

TEST_F(ConnectionTest, ANameIsResolvedAndItsAddressesAreKept) {
  Connection connection{loop, resolver};
  EXPECT_FALSE(connection.is_open());
  EXPECT_EQ(connection.get(), nullptr);
  EXPECT_FALSE(finish(open_as(connection, "pg-1.example")));
  EXPECT_TRUE(connection.is_open());
  EXPECT_NE(connection.get(), nullptr);
  EXPECT_EQ(connection.addresses(), std::vector<std::string>{"127.0.0.1"});
  EXPECT_STREQ(PQhost(connection.get()), "pg-1.example") << "certificates are checked against it";
}

TEST_F(ConnectionTest, ANameThatNobodyKnowsIsDns) {
  Resolver unknown{loop, [](const std::string&) {
                     return Addresses{Unexpected<std::string>{"Name or service not known"}};
                   }};
  Connection connection{loop, unknown};
  const auto failure = finish(open_as(connection, "pg-1.example"));
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, FailureReason::Dns);
  EXPECT_EQ(failure->message, "cannot resolve pg-1.example: Name or service not known");
  EXPECT_FALSE(failure->given_up);
  EXPECT_TRUE(connection.addresses().empty());
  EXPECT_FALSE(connection.is_open());
}

TEST_F(ConnectionTest, ASilentNameServerIsDnsAtTheDeadline) {
  Connection connection{loop, slow};
  const auto pending = open_as(connection, "pg-1.example");
  pass(4999ms);
  EXPECT_FALSE(pending->ended);
  pass(1ms);
  const auto failure = finish(pending);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, FailureReason::Dns);
  EXPECT_EQ(
      failure->message, "cannot resolve pg-1.example: no answer from the name server in time"
  );
}

TEST_F(ConnectionTest, ClosedWhileItsNameIsLookedUpItGivesUpAtOnce) {
  Connection connection{loop, slow};
  const auto pending = open_as(connection, "pg-1.example");
  pass(1s);
  ASSERT_FALSE(pending->ended);
  connection.close();
  pass(0ms);
  ASSERT_TRUE(pending->ended) << "it does not wait for the name server";
  const auto failure = finish(pending);
  ASSERT_TRUE(failure);
  EXPECT_TRUE(failure->given_up);
  *found = true;
  pass(1s);
  EXPECT_EQ(server.connections(), 0U);
  EXPECT_FALSE(connection.is_open());
}

// One step of the loop later each time: the look-up, the password's file, the login.
TEST_F(ConnectionTest, ClosedAfterAnyStepItIsGivenUpAndStaysClosed) {
  const testing::ScratchFolder folder;
  const std::string file = folder.write("password", "secret");
  bool opened = false;
  int steps = 1;  // the first begins it
  for (; !opened && steps < 1000; ++steps) {
    Connection connection{loop, resolver};
    pg::ConnInfo named = conninfo();
    named.endpoint.host = "pg-1.example";
    named.password_file = file;
    const auto pending = start(connection.open(named, loop.now() + 5s));
    for (int i = 0; i < steps && !pending->result; ++i) {
      io.restart();
      (void)io.run_one_for(10s);
    }
    opened = pending->result.has_value();
    connection.close();
    const auto failure = finish(pending);
    ASSERT_EQ(failure.has_value(), !opened) << "after " << steps;
    ASSERT_TRUE(opened || failure->given_up) << "after " << steps << ": " << failure->message;
    ASSERT_FALSE(connection.is_open()) << "after " << steps;
  }
  EXPECT_TRUE(opened);
  EXPECT_GT(steps, 5);
}

TEST_F(ConnectionTest, OfSeveralAddressesTheOneThatAnswersIsTaken) {
  Resolver several{loop, [](const std::string&) {
                     return Addresses{std::vector<std::string>{"127.0.0.2", "127.0.0.1"}};
                   }};
  Connection connection{loop, several};
  const auto failure = finish(open_as(connection, "pg-1.example"));
  EXPECT_FALSE(failure) << failure->message;
  EXPECT_EQ(connection.addresses().size(), 2U);
  EXPECT_STREQ(PQhostaddr(connection.get()), "127.0.0.1");
}

TEST_F(ConnectionTest, ASocketsFolderAndAnAddressOfItsOwnAreNotLookedUp) {
  std::atomic<int> asked = 0;
  Resolver counting{loop, [&asked](const std::string&) {
                      asked += 1;
                      return Addresses{std::vector<std::string>{"127.0.0.1"}};
                    }};
  Connection connection{loop, counting};
  for (const std::string host : {"", "/nowhere", "@nowhere"}) {
    pg::ConnInfo local = conninfo();
    local.endpoint.host = host;
    local.set_parameter("host", "/nowhere");
    const auto failure = finish(connection.open(local, loop.now() + 5s));
    ASSERT_TRUE(failure) << host;
    EXPECT_EQ(failure->reason, FailureReason::Refused) << failure->message;
    EXPECT_TRUE(connection.addresses().empty());
  }
  pg::ConnInfo with_address = conninfo();
  with_address.endpoint.host = "pg-1.example";
  with_address.set_parameter("hostaddr", "127.0.0.1");
  EXPECT_FALSE(finish(connection.open(with_address, loop.now() + 5s)));
  EXPECT_EQ(asked, 0);
}

TEST_F(ConnectionTest, OpeningAnewForgetsTheAddressesOfBefore) {
  Connection connection{loop, resolver};
  ASSERT_FALSE(finish(open_as(connection, "pg-1.example")));
  pg::ConnInfo local = conninfo();
  local.endpoint.host = "/nowhere";
  EXPECT_TRUE(finish(connection.open(local, loop.now() + 5s)));
  EXPECT_TRUE(connection.addresses().empty());
}

TEST_F(ConnectionTest, WaitsUntilSomethingCanBeRead) {
  Connection connection{loop, resolver};
  ASSERT_FALSE(finish(open_as(connection, "127.0.0.1")));
  const auto pending = start(wait(connection, false));
  pass(1s);
  EXPECT_FALSE(pending->ended);
  server.send(wire::parameter_status("in_hot_standby", "on"));
  EXPECT_TRUE(finish(pending));
}

TEST_F(ConnectionTest, AnIdleSocketCanBeWritten) {
  Connection connection{loop, resolver};
  ASSERT_FALSE(finish(open_as(connection, "127.0.0.1")));
  EXPECT_TRUE(finish(start(wait(connection, true))));
}

TEST_F(ConnectionTest, CloseEndsAWait) {
  Connection connection{loop, resolver};
  ASSERT_FALSE(finish(open_as(connection, "127.0.0.1")));
  const auto pending = start(wait(connection, false));
  pass(1s);
  connection.close();
  EXPECT_FALSE(finish(pending));
  EXPECT_FALSE(connection.is_open());
}

TEST_F(ConnectionTest, AClosedOneHasNothingToWaitFor) {
  Connection connection{loop, resolver};
  EXPECT_FALSE(finish(start(wait(connection, false))));
  EXPECT_FALSE(finish(start(wait(connection, true))));
}

TEST_F(ConnectionTest, AWaitOfTheConnectionBeforeDoesNotSpeakForTheNext) {
  Connection connection{loop, resolver};
  ASSERT_FALSE(finish(open_as(connection, "127.0.0.1")));
  const auto before = start(wait(connection, false));
  pass(0ms);
  ASSERT_FALSE(finish(open_as(connection, "127.0.0.1")));
  EXPECT_FALSE(finish(before));
  EXPECT_TRUE(connection.is_open());
}

asio::awaitable<void> wait_for_ever(Connection& connection, bool& ended_ready) {
  ended_ready = co_await connection.wait_readable();
}

TEST_F(ConnectionTest, FinishByCancelsItsWorkAtTheDeadlineAndLeavesTheConnectionOpen) {
  Connection connection{loop, resolver};
  ASSERT_FALSE(finish(open_as(connection, "127.0.0.1")));
  bool ready = true;
  const auto pending =
      start(connection.finish_by(wait_for_ever(connection, ready), loop.now() + 2s));
  pass(1999ms);
  EXPECT_FALSE(pending->ended);
  pass(1ms);
  EXPECT_FALSE(finish(pending));
  EXPECT_FALSE(ready) << "the wait was cancelled";
  EXPECT_TRUE(connection.is_open());
}

TEST_F(ConnectionTest, FinishByIsTrueWhenCloseEndedItsWork) {
  Connection connection{loop, resolver};
  ASSERT_FALSE(finish(open_as(connection, "127.0.0.1")));
  bool ready = true;
  const auto pending =
      start(connection.finish_by(wait_for_ever(connection, ready), loop.now() + 2s));
  pass(1s);
  connection.close();
  EXPECT_TRUE(finish(pending)) << "the work came to its end in time";
  EXPECT_FALSE(ready);
}

}  // namespace
}  // namespace pgrepl::session
