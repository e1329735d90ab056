#include "session/resolver.h"

#include "support/run_coroutine.h"
#include "support/scratch_folder.h"

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <stdexcept>

#include <asio/co_spawn.hpp>
#include <gtest/gtest.h>

namespace pgrepl::session {
namespace {

using namespace std::chrono_literals;
using Found = Expected<std::vector<std::string>, std::string>;

// Name servers that say nothing until they are let go. Shared with the threads that ask them.
struct SilentServers {
  std::mutex mutex;
  std::condition_variable freed;
  bool silent = true;
  int asked = 0;

  Found answer(const std::string& host) {
    std::unique_lock lock{mutex};
    asked += 1;
    freed.wait(lock, [this] { return !silent; });
    return std::vector<std::string>{host + " is here"};
  }

  void let_go() {
    const std::lock_guard lock{mutex};
    silent = false;
    freed.notify_all();
  }

  int count() {
    const std::lock_guard lock{mutex};
    return asked;
  }
};

class ResolverTest : public ::testing::Test {
 protected:
  void TearDown() override { servers->let_go(); }

  Found resolve(Resolver& resolver, const std::string& host, std::chrono::milliseconds patience) {
    return testing::run_coroutine(io, resolver.resolve(host, loop.now() + patience));
  }

  loop::SystemClock clock;
  asio::io_context io{1};
  loop::Loop loop{io, clock};
  std::shared_ptr<SilentServers> servers = std::make_shared<SilentServers>();
  HostLookup silent = [servers = servers](const std::string& host) {
    return servers->answer(host);
  };
};

TEST_F(ResolverTest, AnAddressIsItsOwn) {
  Resolver resolver{loop, silent};
  EXPECT_EQ(resolve(resolver, "::1", 10s), std::vector<std::string>{"::1"});
  EXPECT_EQ(servers->count(), 0);
}

TEST_F(ResolverTest, HoweverManyNamesHangThereAreFewThreads) {
  Resolver resolver{loop, silent};
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(resolve(resolver, "host-" + std::to_string(i), 1ms));
  }
  EXPECT_LE(servers->count(), static_cast<int>(Resolver::kMostThreads));
}

TEST_F(ResolverTest, ALookUpThatWasLateServesTheNextWhoAsks) {
  Resolver resolver{loop, silent};
  EXPECT_FALSE(resolve(resolver, "pg-1", 1ms));
  servers->let_go();
  EXPECT_EQ(resolve(resolver, "pg-1", 10s), std::vector<std::string>{"pg-1 is here"});
}

TEST_F(ResolverTest, ThoseWhoAskForOneNameShareOneLookUp) {
  Resolver resolver{loop, silent};
  int answered = 0;
  for (int i = 0; i < 3; ++i) {
    asio::co_spawn(
        io,
        resolver.resolve("pg-1", loop.now() + 10s),
        [&answered](const std::exception_ptr&, const Found& found) { answered += found ? 1 : 0; }
    );
  }
  io.poll();
  servers->let_go();
  io.restart();
  io.run();
  EXPECT_EQ(answered, 3);
  EXPECT_EQ(servers->count(), 1);
}

TEST_F(ResolverTest, WhatALookUpThrowsIsItsError) {
  Resolver resolver{
      loop, [](const std::string&) -> Found { throw std::runtime_error{"no memory"}; }};
  const auto found = resolve(resolver, "pg-1", 10s);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error(), "no memory");
}

TEST_F(ResolverTest, WhatTheResolverSaysIsTheError) {
  Resolver resolver{
      loop, [](const std::string&) { return Found{Unexpected<std::string>{"no such name"}}; }};
  const auto found = resolve(resolver, "pg-1", 10s);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error(), "no such name");
}

TEST_F(ResolverTest, SilenceIsAnErrorAtTheDeadline) {
  Resolver resolver{loop, silent};
  const auto found = resolve(resolver, "pg-1", 1ms);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error(), "no answer from the name server in time");
}

TEST_F(ResolverTest, EachWhoAsksHasADeadlineOfItsOwn) {
  Resolver resolver{loop, silent};
  std::optional<Found> patient;
  asio::co_spawn(
      io,
      resolver.resolve("pg-1", loop.now() + 10s),
      [&patient](const std::exception_ptr&, Found found) { patient = std::move(found); }
  );
  std::optional<Found> hurried;
  asio::co_spawn(
      io,
      resolver.resolve("pg-1", loop.now() + 1ms),
      [&](const std::exception_ptr&, Found found) {
        hurried = std::move(found);
        EXPECT_FALSE(patient);
        servers->let_go();
      }
  );
  io.run();
  ASSERT_TRUE(hurried && patient);
  EXPECT_FALSE(*hurried);
  EXPECT_TRUE(*patient);
  EXPECT_EQ(servers->count(), 1);
}

TEST_F(ResolverTest, WhoWaitsBehindThoseThatHangIsServedAfterThem) {
  Resolver resolver{loop, silent};
  for (std::size_t i = 0; i < Resolver::kMostThreads; ++i) {
    EXPECT_FALSE(resolve(resolver, "host-" + std::to_string(i), 1ms));
  }
  EXPECT_FALSE(resolve(resolver, "pg-1", 1ms)) << "all threads hang";
  servers->let_go();
  EXPECT_EQ(resolve(resolver, "pg-1", 10s), std::vector<std::string>{"pg-1 is here"});
}

TEST_F(ResolverTest, AnAnswerIsNotKeptForTheNextQuestion) {
  servers->let_go();
  Resolver resolver{loop, silent};
  EXPECT_TRUE(resolve(resolver, "pg-1", 10s));
  EXPECT_TRUE(resolve(resolver, "pg-1", 10s));
  EXPECT_EQ(servers->count(), 2) << "addresses change";
}

TEST_F(ResolverTest, WhoWaitsMayBeDestroyedAfterTheResolver) {
  bool ended = false;
  {
    asio::io_context short_lived{1};
    const loop::Loop on{short_lived, clock};
    auto resolver = std::make_unique<Resolver>(on, silent);
    asio::co_spawn(
        short_lived,
        resolver->resolve("pg-1", on.now() + 10s),
        [&ended](const std::exception_ptr&, const Found&) { ended = true; }
    );
    short_lived.poll();
    resolver.reset();
  }
  EXPECT_FALSE(ended);
  servers->let_go();
}

TEST(LookUpHost, GivesEachAddressOnce) {
  const auto found = look_up_host("127.0.0.1");
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, std::vector<std::string>{"127.0.0.1"});
}

TEST_F(ResolverTest, ALookUpMayOutliveTheResolver) {
  auto resolver = std::make_unique<Resolver>(loop, silent);
  EXPECT_FALSE(resolve(*resolver, "pg-1", 1ms));
  resolver.reset();
  servers->let_go();
}

class PasswordTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string password(std::chrono::milliseconds patience = 10s) {
    auto asking = resolver.password(conninfo, loop.now() + patience);
    const auto answer = testing::run_coroutine(io, std::move(asking));
    if (!answer) {
      return "error: " + answer.error();
    }
    return *answer ? (*answer)->reveal() : "none";
  }

  // Counts how often it was called.
  void command() {
    conninfo.password_command = {
        "/bin/sh", "-c", "echo x >> " + calls + "; wc -l < " + calls + " | tr -d ' '"};
  }

  testing::ScratchFolder folder;
  std::string calls = folder / "calls";
  loop::SystemClock clock;
  asio::io_context io{1};
  loop::Loop loop{io, clock};
  Resolver resolver{loop};
  pg::ConnInfo conninfo;
};

TEST_F(PasswordTest, IsTheConfiguredOneOrNone) {
  EXPECT_EQ(password(), "none");
  conninfo.password = pg::Secret{"secret"};
  EXPECT_EQ(password(), "secret");
}

TEST_F(PasswordTest, FileIsReadAtEachLogin) {
  conninfo.password_file = folder / "password";
  EXPECT_EQ(password(), "error: the password file " + *conninfo.password_file + " does not exist");
  std::ofstream{*conninfo.password_file} << "one\n";
  EXPECT_EQ(password(), "one");
  std::ofstream{*conninfo.password_file} << "two\n";
  EXPECT_EQ(password(), "two");
}

TEST_F(PasswordTest, CommandIsAskedOnceForItsTime) {
  command();
  EXPECT_EQ(password(), "1");
  EXPECT_EQ(password(), "1");
  conninfo.password_ttl = 0s;
  resolver.forget_password(conninfo);
  EXPECT_EQ(password(), "2");
  EXPECT_EQ(password(), "3");
}

TEST_F(PasswordTest, RefusedPasswordIsAskedForAgain) {
  command();
  EXPECT_EQ(password(), "1");
  resolver.forget_password(conninfo);
  EXPECT_EQ(password(), "2");
}

TEST_F(PasswordTest, FailureIsNotKept) {
  conninfo.password_command = {"/bin/sh", "-c", "test -e " + calls + " && echo late"};
  EXPECT_EQ(password(), "error: password_command /bin/sh ended with status 1");
  std::ofstream{calls} << "";
  EXPECT_EQ(password(), "late");
}

TEST_F(PasswordTest, ServersWithDifferentWordsHaveDifferentPasswords) {
  conninfo.password_command = {"/bin/sh", "-c", "echo \"$0\"", "{host}"};
  conninfo.endpoint.host = "a";
  EXPECT_EQ(password(), "a");
  conninfo.endpoint.host = "b";
  EXPECT_EQ(password(), "b");
}

TEST_F(PasswordTest, SlowCommandCostsTheLoginAndNotTheLoop) {
  conninfo.password_command = {"/bin/sh", "-c", "sleep 600"};
  EXPECT_EQ(password(50ms), "error: password_command /bin/sh did not end in time");
}

}  // namespace
}  // namespace pgrepl::session
