// The exporter as a process, with a real loop, its threads, and no server to watch.
#include "watch/monitor.h"

#include "support/captured_log.h"
#include "support/http_get.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

namespace pgrepl::watch {
namespace {

using namespace std::chrono_literals;

pgrepl::Setup nothing_to_watch() {
  pgrepl::Setup setup;
  setup.config.web.listen_addresses = {"127.0.0.1:0"};
  return setup;
}

// What the reader of the configuration does, and when.
class Reader {
 public:
  Expected<pgrepl::Setup, Errors> read() {
    std::unique_lock lock{mutex_};
    reads_ += 1;
    changed_.notify_all();
    changed_.wait(lock, [this] { return permits_ != 0; });
    permits_ -= permits_ > 0 ? 1 : 0;
    if (throws_) {
      throw std::runtime_error{"the disk is on fire"};
    }
    if (refuses_) {
      return Unexpected<Errors>{
          Errors{{.where = {"exporter.yaml", 3, 1}, .message = "tick: is no duration"}}};
    }
    return nothing_to_watch();
  }

  void let(bool throws, bool refuses, int permits = -1) {
    const std::lock_guard lock{mutex_};
    throws_ = throws;
    refuses_ = refuses;
    permits_ = permits;
    changed_.notify_all();
  }

  void hold() {
    const std::lock_guard lock{mutex_};
    permits_ = 0;
  }

  void await_reads(int reads) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return reads_ >= reads; });
  }

  [[nodiscard]] int reads() {
    const std::lock_guard lock{mutex_};
    return reads_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int reads_ = 0;
  int permits_ = -1;  // reads that may end; without end when negative
  bool throws_ = false;
  bool refuses_ = false;
};

// One for all tests: the HTTP server takes seconds to stop.
struct RunningMonitor {
  RunningMonitor() {
    thread = std::thread{[this] {
      const auto ended = monitor.run([this] { return reader.read(); });
      EXPECT_TRUE(ended) << ended.error();
    }};
    // Only a loop that turns answers.
    while (!monitor.fresh(10s, {})) {
      std::this_thread::yield();
    }
  }

  RunningMonitor(const RunningMonitor&) = delete;
  RunningMonitor& operator=(const RunningMonitor&) = delete;

  ~RunningMonitor() {
    reader.let(false, false);
    monitor.stop_watching();
    thread.join();
  }

  testing::CapturedLog log{};
  Reader reader{};
  Monitor monitor{nothing_to_watch(), "1"};
  std::thread thread{};
};

class MonitorTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { running = std::make_unique<RunningMonitor>(); }

  static void TearDownTestSuite() { running.reset(); }

  void SetUp() override {
    reader.let(false, false);
    EXPECT_TRUE(monitor.reload()) << "as it was before the first test";
    reads_before = reader.reads();
  }

  // Since the test began.
  [[nodiscard]] int reads() { return reader.reads() - reads_before; }

  [[nodiscard]] std::string page() {
    const auto snapshot = monitor.fresh(10s, {});
    return snapshot ? snapshot->page : "";
  }

  [[nodiscard]] bool reload_has_worked() {
    return page().find("pg_exporter_config_last_reload_successful 1\n") != std::string::npos;
  }

  static inline std::unique_ptr<RunningMonitor> running;
  testing::CapturedLog& log = running->log;
  Reader& reader = running->reader;
  Monitor& monitor = running->monitor;
  int reads_before = 0;
};

TEST_F(MonitorTest, ReloadTakesWhatTheReaderGives) {
  EXPECT_TRUE(monitor.reload());
  EXPECT_EQ(reads(), 1);
  EXPECT_TRUE(reload_has_worked());
  EXPECT_TRUE(log.contains("configuration reloaded"));
}

TEST_F(MonitorTest, RefusedConfigurationNamesThePlaceAndTheOneBeforeGoesOn) {
  reader.let(false, true);
  const auto refused = monitor.reload();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().find("exporter.yaml:3"), std::string::npos) << refused.error();
  EXPECT_FALSE(reload_has_worked());
  EXPECT_TRUE(log.contains("configuration refused, the one before goes on"));
  reader.let(false, false);
  EXPECT_TRUE(monitor.reload());
  EXPECT_TRUE(reload_has_worked());
}

TEST_F(MonitorTest, ReaderThatThrowsCostsThatReloadAlone) {
  reader.let(true, false);
  const auto failed = monitor.reload();
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().find("see the log"), std::string::npos) << failed.error();
  EXPECT_TRUE(log.contains("the disk is on fire"));
  EXPECT_FALSE(reload_has_worked());
  EXPECT_NE(page().find("pg_exporter_task_failures_total{task=\"reload\"} 1"), std::string::npos);
  reader.let(false, false);
  EXPECT_TRUE(monitor.reload()) << "the next one is served";
  EXPECT_TRUE(reload_has_worked());
}

TEST_F(MonitorTest, PagesComeWhileTheReaderHangs) {
  reader.hold();
  std::thread asker{[this] { EXPECT_TRUE(monitor.reload()); }};
  reader.await_reads(reads_before + 1);
  EXPECT_FALSE(page().empty());
  EXPECT_TRUE(monitor.is_responsive());
  reader.let(false, false);
  asker.join();
}

TEST_F(MonitorTest, ThoseWhoAskWhileAReadRunsShareOneMore) {
  reader.hold();
  std::vector<std::thread> askers;
  askers.emplace_back([this] { EXPECT_TRUE(monitor.reload()); });
  reader.await_reads(reads_before + 1);
  for (int i = 0; i < 20; ++i) {
    askers.emplace_back([this] { EXPECT_TRUE(monitor.reload()); });
  }
  // All of them have reached the loop once somebody who came after them is answered. A thread that
  // starts late asks for a read of its own, which is right too.
  std::this_thread::sleep_for(100ms);
  reader.let(false, false);
  for (std::thread& asker : askers) {
    asker.join();
  }
  EXPECT_GE(reads(), 2);
  EXPECT_LE(reads(), 21);
}

TEST_F(MonitorTest, ProbeOfWhatIsNotAllowedIsRefused) {
  const auto answer =
      monitor.probe({.target = "10.0.0.9:5432", .cluster = {}, .auth_module = {}}, 10s);
  EXPECT_NE(answer.status, 200);
  EXPECT_FALSE(answer.text.empty());
}

TEST_F(MonitorTest, WatchesNobodyAndSaysSo) {
  EXPECT_TRUE(monitor.servers().empty());
  EXPECT_EQ(monitor.events(), nullptr);
  EXPECT_TRUE(monitor.last_round());
}

TEST(MonitorEnds, NobodyIsAnsweredAfterTheEnd) {
  const testing::CapturedLog log;
  Monitor monitor{nothing_to_watch(), "1"};
  std::thread thread{[&monitor] { monitor.watch(); }};
  while (!monitor.fresh(10s, {})) {
    std::this_thread::yield();
  }
  monitor.stop_watching();
  thread.join();
  EXPECT_EQ(monitor.fresh(10s, {}), nullptr);
  EXPECT_TRUE(monitor.servers().empty());
  EXPECT_FALSE(monitor.reload());
  EXPECT_EQ(monitor.probe({.target = "pg-1", .cluster = {}, .auth_module = {}}, 10s).status, 503);
}

TEST(MonitorEnds, AddressThatIsTakenIsToldAndNothingRuns) {
  const testing::CapturedLog log;
  pgrepl::Setup setup = nothing_to_watch();
  setup.config.web.listen_addresses = {"no such address"};
  Monitor monitor{std::move(setup), "1"};
  const auto ended = monitor.run([] { return nothing_to_watch(); });
  ASSERT_FALSE(ended);
  EXPECT_NE(ended.error().find("no such address"), std::string::npos) << ended.error();
}

}  // namespace
}  // namespace pgrepl::watch
