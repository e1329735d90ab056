#include "sampling/server_session.h"

#include "queries_fixture.h"
#include "scripted_network.h"
#include "support/run_coroutine.h"
#include "support/scratch_folder.h"

#include <asio/co_spawn.hpp>
#include <gtest/gtest.h>

namespace pgrepl::sampling {
namespace {

using namespace std::chrono_literals;

class ServerSessionTest : public ::testing::Test {
 protected:
  std::unique_ptr<ServerSession> session(const pg::ConnInfo& conninfo) {
    return std::make_unique<ServerSession>(network.make_session(conninfo, {}), conninfo);
  }

  pg::ConnInfo with_file() {
    pg::ConnInfo conninfo;
    conninfo.password_file = folder.write("password", "one");
    return conninfo;
  }

  void connect(ServerSession& to) {
    asio::co_spawn(io, to.connect(), [](const std::exception_ptr&, const auto&) {});
    clock.run_until(io, loop.now() + 10ms);
  }

  testing::ScratchFolder folder;
  testing::SteppedClock clock;
  asio::io_context io{1};
  loop::Loop loop{io, clock};
  testing::ScriptedServer server;
  testing::ScriptedNetwork network{loop, server};
};

TEST_F(ServerSessionTest, WithoutAFileNothingIsEverNew) {
  const auto made = session({});
  EXPECT_FALSE(made->has_password_file());
  EXPECT_FALSE(made->has_new_password());
  connect(*made);
  EXPECT_FALSE(made->has_new_password());
}

TEST_F(ServerSessionTest, BeforeTheFirstLoginNothingIsNew) {
  const auto made = session(with_file());
  EXPECT_TRUE(made->has_password_file());
  EXPECT_FALSE(made->has_new_password());
  folder.write("password", "two");
  EXPECT_FALSE(made->has_new_password());
}

TEST_F(ServerSessionTest, AChangeSinceTheLastLoginIsNewUntilTheNext) {
  const auto made = session(with_file());
  connect(*made);
  EXPECT_FALSE(made->has_new_password());
  folder.write("password", "another one");
  EXPECT_TRUE(made->has_new_password());
  EXPECT_TRUE(made->has_new_password()) << "to look changes nothing";
  connect(*made);
  EXPECT_FALSE(made->has_new_password());
}

TEST_F(ServerSessionTest, ARefusedLoginCountsAsOne) {
  server.refusal =
      session::ConnectError{.reason = pg::FailureReason::Auth, .message = "no", .sqlstate = ""};
  const auto made = session(with_file());
  connect(*made);
  EXPECT_FALSE(made->is_open());
  EXPECT_FALSE(made->has_new_password());
  folder.write("password", "another one");
  EXPECT_TRUE(made->has_new_password());
}

TEST_F(ServerSessionTest, AChangeIsNewsForEachSessionWhoeverLogsInFirst) {
  const pg::ConnInfo conninfo = with_file();
  const auto first = session(conninfo);
  const auto second = session(conninfo);
  connect(*first);
  connect(*second);
  folder.write("password", "another one");
  connect(*first);
  EXPECT_FALSE(first->has_new_password());
  EXPECT_TRUE(second->has_new_password());
}

TEST_F(ServerSessionTest, AFileThatComesOrGoesIsAChange) {
  const auto made = session(with_file());
  connect(*made);
  std::filesystem::remove(folder / "password");
  EXPECT_TRUE(made->has_new_password());
  connect(*made);
  EXPECT_FALSE(made->has_new_password());
  folder.write("password", "back");
  EXPECT_TRUE(made->has_new_password());
}

TEST_F(ServerSessionTest, APassfileOfTheConninfoCountsAndAPasswordFileComesFirst) {
  pg::ConnInfo conninfo;
  conninfo.set_parameter("passfile", folder.write("passfile", "*:*:*:*:one"));
  const auto by_passfile = session(conninfo);
  connect(*by_passfile);
  folder.write("passfile", "*:*:*:*:another");
  EXPECT_TRUE(by_passfile->has_new_password());
  conninfo.password_file = folder.write("password", "one");
  const auto by_file = session(conninfo);
  connect(*by_file);
  folder.write("passfile", "*:*:*:*:one more");
  EXPECT_FALSE(by_file->has_new_password());
  folder.write("password", "another one");
  EXPECT_TRUE(by_file->has_new_password());
}

TEST_F(ServerSessionTest, IsTheSessionThatItWasMadeOf) {
  server.replies["A"] = {testing::one_value("n", "7"), 5ms};
  const auto made = session({});
  connect(*made);
  EXPECT_TRUE(made->is_open());
  EXPECT_EQ(made->version(), server.version);
  EXPECT_TRUE(made->addresses().empty());
  std::optional<std::vector<session::QueryResult>> results;
  asio::co_spawn(
      io,
      made->run({"A"}, loop.now() + 1s),
      [&results](const std::exception_ptr&, std::vector<session::QueryResult> came) {
        results = std::move(came);
      }
  );
  clock.run_until(io, loop.now() + 10ms);
  ASSERT_TRUE(results);
  ASSERT_TRUE(results->front());
  EXPECT_EQ(results->front()->at(0, std::size_t{0}), "7");
  ASSERT_EQ(made->durations().size(), 1U);
  EXPECT_EQ(made->durations()[0], 5ms);
  made->close();
  EXPECT_FALSE(made->is_open());
  EXPECT_EQ(server.open, 0);
}

}  // namespace
}  // namespace pgrepl::sampling
