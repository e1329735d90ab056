// What befalls the exporter itself and the machine it runs on.
#include "integration/fault_stage.h"
#include "support/dns_server.h"
#include "support/wait_until.h"

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pgrepl::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr const char* kFakeTime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

bool is_required() {
  const char* required = std::getenv("REQUIRE_PG");
  return required != nullptr && std::string{required} == "1";
}

class ExporterFault : public FaultTest {};

// Stops one thread of a process and no other, as a debugger does.
class StoppedThread {
 public:
  explicit StoppedThread(pid_t thread) : thread_(thread) {
    if (ptrace(PTRACE_SEIZE, thread_, nullptr, nullptr) != 0) {
      throw std::runtime_error("cannot trace the exporter");
    }
    ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr);
    int status = 0;
    waitpid(thread_, &status, __WALL);
  }

  ~StoppedThread() { ptrace(PTRACE_DETACH, thread_, nullptr, nullptr); }

  StoppedThread(const StoppedThread&) = delete;
  StoppedThread& operator=(const StoppedThread&) = delete;

 private:
  pid_t thread_;
};

TEST_F(ExporterFault, BlockedLoopIsUnhealthyWithinTenSecondsAndCounted) {
  FaultWatch watch{stage()};
  watch.expect_well();
  Exporter& exporter = watch.exporter();
  const auto stalls = [&] { return exporter.value("pg_exporter_loop_stalls_total").value_or(-1); };
  EXPECT_EQ(stalls(), 0);
  EXPECT_EQ(exporter.get("/-/healthy").status, 200);
  {
    const StoppedThread loop{exporter.pid()};  // the loop is on the main thread
    const auto began = Clock::now();
    EXPECT_TRUE(wait_until([&] { return exporter.get("/-/healthy").status == 503; }, 10s));
    EXPECT_LT(Clock::now() - began, 10s);
    EXPECT_EQ(exporter.get("/metrics").status, 503) << "nothing stale is served";
  }
  EXPECT_TRUE(wait_until([&] { return exporter.get("/-/healthy").status == 200; }, 5s));
  EXPECT_TRUE(wait_until([&] { return stalls() == 1; }, 5s));
  EXPECT_GT(exporter.value("pg_exporter_loop_delay_seconds").value_or(0), 4);
  watch.expect_well();
}

TEST_F(ExporterFault, ClockThatJumpsChangesNoLag) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer lets nothing be loaded before it";
#endif
  if (!std::filesystem::exists(kFakeTime)) {
    ASSERT_FALSE(is_required()) << "libfaketime is missing";
    GTEST_SKIP() << "libfaketime is missing";
  }
  const auto offset = stage().write("offset", "+0\n");
  FaultWatch watch{
      stage(),
      kPatient,
      {.environment = {
           {"LD_PRELOAD", kFakeTime},
           {"FAKETIME_TIMESTAMP_FILE", offset},
           {"FAKETIME_NO_CACHE", "1"},
           {"FAKETIME_DONT_FAKE_MONOTONIC", "1"}}}};
  watch.expect_well();
  const Labels standby{{"server", "pg-2"}};
  for (const auto& [jump, server_minus_us] :
       {std::pair{"+2h\n", -7200.0}, std::pair{"-2h\n", 7200.0}, std::pair{"+0\n", 0.0}}) {
    (void)stage().write("offset", jump);
    ASSERT_TRUE(wait_until([&] {
      const auto seen = watch.exporter().value("pg_server_clock_offset_seconds", standby);
      return seen && std::abs(*seen - server_minus_us) < 60;
    })) << jump;
    const auto page = watch.exporter().scrape();
    EXPECT_EQ(find_value(page, "pg_up", standby), 1) << jump;
    EXPECT_LT(find_value(page, "pg_standby_lag_seconds", standby).value_or(99), 2) << jump;
    EXPECT_EQ(watch.exporter().get("/-/healthy").status, 200) << jump;
  }
  EXPECT_EQ(watch.lines("pg-2", "does not answer"), 0U) << watch.exporter().output();
}

TEST_F(ExporterFault, NameServerThatFailsIsDnsUntilItAnswers) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "a name server of our own needs root";
  }
  DnsServer dns;
  dns.set("pg-2.example", {"127.0.0.1"});
  const std::string pg_2 =
      "host=pg-2.example user=monitor dbname=postgres port=" + std::to_string(stage().gate.port());
  Exporter exporter{
      {.environment = {{"DATA_SOURCE_NAME", stage().primary.conninfo("monitor") + "," + pg_2}},
       .launcher = dns.launcher()}};
  const std::string name = "pg-2.example:" + std::to_string(stage().gate.port());
  const auto up = [&] { return exporter.value("pg_up", {{"server", name}}); };
  ASSERT_TRUE(wait_until([&] { return up() == 1; })) << exporter.output();
  dns.fail();
  EXPECT_EQ(up(), 1) << "connections that are open need no names";
  terminate_monitor(stage().standby);
  EXPECT_TRUE(wait_until([&] {
    return exporter.value("pg_up_reason", {{"server", name}, {"reason", "dns"}}) == 1;
  })) << exporter.output();
  EXPECT_EQ(up(), 0);
  EXPECT_EQ(exporter.get("/-/healthy").status, 200);
  dns.set("pg-2.example", {"127.0.0.1"});
  EXPECT_TRUE(wait_until([&] { return up() == 1; })) << exporter.output();
  EXPECT_LE(monitor_connections(stage().standby), 2);
}

TEST_F(ExporterFault, FileSystemNeedNotBeWritable) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "a mount namespace needs root";
  }
  FaultWatch watch{
      stage(),
      {},
      {.launcher = {
           "/usr/bin/unshare",
           "--mount",
           "/bin/sh",
           "-c",
           "mount --bind / /mnt && mount -o remount,bind,ro /mnt && exec chroot /mnt \"$@\"",
           "sh"}}};
  watch.expect_well();
  EXPECT_EQ(watch.exporter().get("/").status, 200);
}

// Without a descriptor no page can be asked for either: the log says why, and it all comes back.
TEST_F(ExporterFault, WithoutFileDescriptorsItSaysSoAndRecovers) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer needs descriptors of its own";
#endif
  FaultWatch watch{stage()};
  watch.expect_well();
  rlimit before{};
  ASSERT_EQ(prlimit(watch.exporter().pid(), RLIMIT_NOFILE, nullptr, &before), 0);
  const rlimit none{.rlim_cur = 3, .rlim_max = before.rlim_max};
  ASSERT_EQ(prlimit(watch.exporter().pid(), RLIMIT_NOFILE, &none, nullptr), 0);
  terminate_monitor(stage().standby);
  EXPECT_TRUE(wait_until([&] { return watch.lines("pg-2", "Too many open files") == 1; }, 10s))
      << watch.exporter().output();
  EXPECT_TRUE(watch.exporter().running());
  ASSERT_EQ(prlimit(watch.exporter().pid(), RLIMIT_NOFILE, &before, nullptr), 0);
  // Who came meanwhile may still be turned away.
  await("it serves again", [&] {
    try {
      return watch.exporter().get("/-/healthy").status == 200;
    } catch (const std::runtime_error&) {
      return false;
    }
  });
  watch.expect_recovery();
  EXPECT_EQ(watch.exporter().value("pg_up", {{"server", "pg-1"}}), 1);
}

// Whoever starts it again is told: nothing hangs half dead.
TEST_F(ExporterFault, WithoutMemoryItServesOrEnds) {
  FaultWatch watch{stage()};
  watch.expect_well();
  const auto used = watch.exporter().value("process_virtual_memory_bytes");
  ASSERT_TRUE(used);
  const rlimit tight{
      .rlim_cur = static_cast<rlim_t>(*used) + (1U << 16U), .rlim_max = RLIM_INFINITY};
  ASSERT_EQ(prlimit(watch.exporter().pid(), RLIMIT_AS, &tight, nullptr), 0);
  int answered = 0;
  for (int i = 0; i < 20 && watch.exporter().running(); ++i) {
    try {
      const int status = watch.exporter().get("/metrics").status;
      EXPECT_TRUE(status == 200 || status == 500 || status == 503) << status;
      answered += 1;
    } catch (const HttpFailure&) {
      EXPECT_TRUE(wait_until([&] { return !watch.exporter().running(); }, 10s)) << "it hangs";
    }
  }
  EXPECT_TRUE(answered == 20 || !watch.exporter().running());
}

TEST_F(ExporterFault, KilledExporterLeavesNothingBehindAndStartsAgain) {
  for (int i = 0; i < 3; ++i) {
    auto watch = std::make_unique<FaultWatch>(stage());
    watch->expect_well();
    EXPECT_EQ(monitor_connections(stage().primary), 2);
    watch.reset();  // SIGKILL
    EXPECT_TRUE(wait_until([&] { return monitor_connections(stage().primary) == 0; }, 5s));
    EXPECT_TRUE(wait_until([&] { return monitor_connections(stage().standby) == 0; }, 5s));
  }
}

TEST_F(ExporterFault, ServerIsToldToNoticeThatWeAreGone) {
  FaultWatch watch{stage(), {.way = Way::Direct}};
  watch.expect_well();
  // Only a session itself can see its settings, but every socket's timer is seen from outside.
  const auto timers = [] {
    return run(
        {.arguments =
             {"/bin/sh",
              "-c",
              "ss -tnoH state established \"( sport = :$1 )\"",
              "sh",
              std::to_string(stage().standby.port())}}
    );
  };
  // For a moment after each answer, a socket shows the timer of what it has just sent.
  await("the timers are shown", [&] {
    return timers().find("timer:(keepalive,") != std::string::npos;
  });
  EXPECT_EQ(timers().find("min"), std::string::npos) << timers();
}

// A scrape waits for a server that hangs; the end of the process does not.
TEST_F(ExporterFault, EndsAtOnceInTheMiddleOfARound) {
  FaultWatch watch{stage(), kPatient};
  watch.expect_well();
  stage().gate.hold();
  std::thread scraper{[&watch] {
    try {
      (void)watch.exporter().get("/metrics");
    } catch (const std::runtime_error&) {
      // It may end without an answer.
    }
  }};
  std::this_thread::sleep_for(300ms);  // the round has begun
  const auto began = Clock::now();
  EXPECT_EQ(watch.exporter().stop(), 0);
  EXPECT_LT(Clock::now() - began, 2s);
  scraper.join();
}

}  // namespace
}  // namespace pgrepl::testing
