#include "log/log.h"

#include "support/captured_log.h"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

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
  // The thread may be at its last line still when the test is over. What it uses stays.
  static std::vector<std::shared_ptr<void>> kept;
  kept.push_back(spdlog::default_logger());
  kept.push_back(sink);
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

// What one line is made of, in the format of `configure`.
class LogLine : public ::testing::Test {
 protected:
  ~LogLine() override {
    configure(Level::Info, Format::Logfmt);
    spdlog::set_default_logger(before);
  }

  static std::string written(
      Format format, std::string_view message, std::initializer_list<Field> fields
  ) {
    configure(Level::Debug, format);
    const testing::CapturedLog log;
    write(Level::Info, "test", message, fields);
    const auto lines = log.lines();
    EXPECT_EQ(lines.size(), 1U);
    const std::string line = lines.empty() ? "" : lines[0];
    return line.substr(line.find(": ") + 2);
  }

  // The value of a field, as logfmt has it.
  static std::string logfmt(const std::string& value) {
    const std::string line = written(Format::Logfmt, "m", {{"key", value}});
    return line.substr(line.find("key=") + 4);
  }

  std::shared_ptr<spdlog::logger> before = spdlog::default_logger();
};

TEST_F(LogLine, LogfmtHasComponentMessageAndFields) {
  EXPECT_EQ(
      written(Format::Logfmt, "a sentence", {{"server", "pg-1"}, {"reason", "no answer"}}),
      "component=test msg=\"a sentence\" server=pg-1 reason=\"no answer\""
  );
}

TEST_F(LogLine, JsonHasTheSame) {
  EXPECT_EQ(
      written(Format::Json, "a sentence", {{"server", "pg-1"}}),
      "\"component\":\"test\",\"msg\":\"a sentence\",\"server\":\"pg-1\""
  );
}

TEST_F(LogLine, ValuesAreInQuotesWhereLogfmtNeedsThem) {
  EXPECT_EQ(logfmt("10.0.0.1:5432"), "10.0.0.1:5432");
  EXPECT_EQ(logfmt(""), "\"\"");
  EXPECT_EQ(logfmt("a b"), "\"a b\"");
  EXPECT_EQ(logfmt("a=b"), "\"a=b\"");
  EXPECT_EQ(logfmt("say \"a\""), R"("say \"a\"")");
  EXPECT_EQ(logfmt("C:\\"), R"("C:\\")");
  EXPECT_EQ(logfmt("grün"), "\"grün\"");
}

// A message of a server must neither forge a line nor steer a terminal.
TEST_F(LogLine, ControlCharactersAreEscaped) {
  EXPECT_EQ(logfmt("a\nlevel=error"), R"("a\nlevel=error")");
  EXPECT_EQ(logfmt("\x1b[31mred"), R"("\u001b[31mred")");
  EXPECT_EQ(logfmt("bell\a"), R"("bell\u0007")");
  EXPECT_EQ(logfmt("del\x7f"), R"("del\u007f")");
  EXPECT_EQ(
      logfmt("csi\xc2\x9b"
             "31m"),
      R"("csi\u009b31m")"
  );
  EXPECT_EQ(logfmt("pad\xc2\x80"), R"("pad\u0080")");
  EXPECT_EQ(logfmt("\xc2\xa9"), "\"\xc2\xa9\"") << "no control character";
  EXPECT_EQ(
      written(Format::Json, "m", {{"key", "\x1b\x7f\xc2\x85"}}),
      R"("component":"test","msg":"m","key":"\u001b\u007f\u0085")"
  );
}

TEST_F(LogLine, WhatIsNoUtf8IsReplaced) {
  EXPECT_EQ(
      logfmt("a\xff"
             "b"),
      "\"a\xef\xbf\xbd"
      "b\""
  );
  EXPECT_EQ(logfmt("cut\xc2"), "\"cut\xef\xbf\xbd\"");
}

TEST_F(LogLine, LinesBelowTheLevelAreNotWritten) {
  configure(Level::Warning, Format::Logfmt);
  const auto logger = spdlog::default_logger();
  EXPECT_FALSE(logger->should_log(spdlog::level::info));
  EXPECT_TRUE(logger->should_log(spdlog::level::warn));
  configure(Level::Debug, Format::Logfmt);
  EXPECT_TRUE(spdlog::default_logger()->should_log(spdlog::level::debug));
}

TEST(LogLevel, HasTheNamesThatUsersWrite) {
  EXPECT_EQ(parse_level("debug"), Level::Debug);
  EXPECT_EQ(parse_level("info"), Level::Info);
  EXPECT_EQ(parse_level("warn"), Level::Warning);
  EXPECT_EQ(parse_level("warning"), Level::Warning);
  EXPECT_EQ(parse_level("error"), Level::Error);
  EXPECT_EQ(parse_level("Info"), std::nullopt);
  EXPECT_EQ(parse_level(""), std::nullopt);
}

}  // namespace
}  // namespace pgrepl::log
