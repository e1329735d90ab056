#include "session/resolver.h"

#include "support/run_coroutine.h"

#include <atomic>
#include <condition_variable>
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

TEST_F(ResolverTest, ALookUpMayOutliveTheResolver) {
  auto resolver = std::make_unique<Resolver>(loop, silent);
  EXPECT_FALSE(resolve(*resolver, "pg-1", 1ms));
  resolver.reset();
  servers->let_go();
}

}  // namespace
}  // namespace pgrepl::session
