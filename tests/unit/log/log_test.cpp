#include "log/log.h"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

namespace pgrepl::log {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// A reader that takes nothing until it is let go on.
class StuckSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  void let_go() {
    const std::lock_guard lock{stuck_mutex_};
    stuck_ = false;
    changed_.notify_all();
  }

  [[nodiscard]] int lines() const { return lines_; }

 protected:
  void sink_it_(const spdlog::details::log_msg&) override {
    std::unique_lock lock{stuck_mutex_};
    changed_.wait(lock, [this] { return !stuck_; });
    lines_ += 1;
  }

  void flush_() override {}

 private:
  std::mutex stuck_mutex_;
  std::condition_variable changed_;
  bool stuck_ = true;
  std::atomic<int> lines_ = 0;
};

class BackgroundLog : public ::testing::Test {
 protected:
  BackgroundLog() {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("stuck", sink));
    write_in_background();
  }

  ~BackgroundLog() override {
    sink->let_go();
    (void)finish(1min);
    spdlog::set_default_logger(before);
  }

  std::shared_ptr<spdlog::logger> before = spdlog::default_logger();
  std::shared_ptr<StuckSink> sink = std::make_shared<StuckSink>();
};

TEST_F(BackgroundLog, StuckReaderHoldsUpNobodyAndLinesAreCountedThatAreGivenUp) {
  for (int i = 0; i < 3000; ++i) {
    write(Level::Warning, "test", "a line");
  }
  // One is being written, a thousand wait.
  EXPECT_GE(dropped_lines(), 1999U);
  EXPECT_LE(dropped_lines(), 2000U);
  EXPECT_EQ(sink->lines(), 0);
}

TEST_F(BackgroundLog, FinishWritesWhatWaits) {
  for (int i = 0; i < 100; ++i) {
    write(Level::Warning, "test", "a line");
  }
  sink->let_go();
  EXPECT_TRUE(finish(1min));
  EXPECT_EQ(sink->lines(), 100);
  write(Level::Warning, "test", "at once");
  EXPECT_EQ(sink->lines(), 101);
}

TEST_F(BackgroundLog, FinishGivesUpInTime) {
  write(Level::Warning, "test", "a line");
  const auto began = Clock::now();
  EXPECT_FALSE(finish(10ms));
  EXPECT_LT(Clock::now() - began, 10s);
  // Here the process would end. In a test, the thread that still writes must have let go of it.
  sink->let_go();
  while (sink->lines() < 1) {
    std::this_thread::yield();
  }
}

}  // namespace
}  // namespace pgrepl::log
