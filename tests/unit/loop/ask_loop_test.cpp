#include "loop/ask_loop.h"

#include <atomic>
#include <optional>
#include <string>
#include <thread>

#include <asio/executor_work_guard.hpp>
#include <gtest/gtest.h>

namespace pgrepl::loop {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Far more than any answer takes; nothing in these tests may wait so long.
constexpr std::chrono::milliseconds kForever = 60s;

class Asking : public ::testing::Test {
 protected:
  Asking() : thread_([this] { io.run(); }) {}

  ~Asking() override {
    work_.reset();
    io.stop();
    thread_.join();
  }

  asio::io_context io{1};
  Questions questions{io};

 private:
  asio::executor_work_guard<asio::io_context::executor_type> work_{io.get_executor()};
  std::thread thread_;
};

TEST_F(Asking, LoopAnswers) {
  const auto answer = questions.ask<int>(kForever, [](Reply<int> reply) { reply.send(42); });
  EXPECT_EQ(answer, 42);
}

TEST_F(Asking, AnswerMayComeLaterFromTheLoop) {
  std::optional<Reply<std::string>> kept;
  const auto answer = questions.ask<std::string>(kForever, [&](Reply<std::string> reply) {
    kept.emplace(std::move(reply));
    asio::post(io, [&kept] { kept->send("later"); });
  });
  EXPECT_EQ(answer, "later");
}

TEST_F(Asking, DroppedReplyEndsTheWaitAtOnce) {
  const auto began = Clock::now();
  EXPECT_FALSE(questions.ask<int>(kForever, [](Reply<int>) {}));
  EXPECT_LT(Clock::now() - began, kForever / 2);
}

TEST_F(Asking, EndOfTheLoopEndsTheWaitAtOnce) {
  std::optional<Reply<int>> kept;
  const auto began = Clock::now();
  const auto answer = questions.ask<int>(kForever, [&](Reply<int> reply) {
    kept.emplace(std::move(reply));
    questions.close();
  });
  EXPECT_FALSE(answer);
  EXPECT_LT(Clock::now() - began, kForever / 2);
}

TEST_F(Asking, NobodyIsAskedAfterTheEnd) {
  questions.close();
  std::atomic<bool> asked = false;
  EXPECT_FALSE(questions.ask<int>(kForever, [&](Reply<int> reply) {
    asked = true;
    reply.send(1);
  }));
  EXPECT_FALSE(asked);
}

TEST_F(Asking, AskerWaitsNoLongerThanHeSays) {
  std::optional<Reply<int>> kept;
  std::atomic<bool> asked = false;
  EXPECT_FALSE(questions.ask<int>(1ms, [&](Reply<int> reply) {
    kept.emplace(std::move(reply));
    asked = true;
  }));
  // The question may reach the loop only after the asker has gone; it does so in any case.
  while (!asked) {
    std::this_thread::yield();
  }
  kept->send(1);  // nobody waits; nothing happens
}

TEST_F(Asking, ManyAskAtOnceAndEachGetsHisOwnAnswer) {
  std::atomic<int> right = 0;
  std::vector<std::thread> askers;
  for (int i = 0; i < 20; ++i) {
    askers.emplace_back([this, i, &right] {
      const auto answer = questions.ask<int>(kForever, [i](Reply<int> reply) { reply.send(i); });
      right += answer == i ? 1 : 0;
    });
  }
  for (std::thread& asker : askers) {
    asker.join();
  }
  EXPECT_EQ(right, 20);
}

}  // namespace
}  // namespace pgrepl::loop
