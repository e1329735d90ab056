// The exporter under everything at once, for as long as it is told: memory, descriptors and threads
// stay what they were after the warm-up, and at the end it is as well as at the beginning.
#include "integration/fault_stage.h"
#include "support/tcp_socket.h"
#include "support/wait_until.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <thread>

#include <sys/socket.h>

namespace pgrepl::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Usage {
  std::size_t resident = 0;
  std::size_t descriptors = 0;
  std::size_t threads = 0;
};

std::size_t entries(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{folder}, {}));
}

Usage usage(const Exporter& exporter) {
  const auto process = std::filesystem::path{"/proc"} / std::to_string(exporter.pid());
  return {
      .resident = exporter.resident_bytes(),
      .descriptors = entries(process / "fd"),
      .threads = entries(process / "task"),
  };
}

// The clients of the exporter, each on a thread of its own.
class Clients {
 public:
  explicit Clients(std::uint16_t port) {
    for (int i = 0; i < 8; ++i) {
      threads_.emplace_back([this, port, i] { scrape(port, i); });
    }
    threads_.emplace_back([this, port] { dawdle(port); });
  }

  ~Clients() { stop(); }

  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  void stop() {
    stop_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) {
        thread.join();
      }
    }
  }

  [[nodiscard]] int pages() const { return pages_; }

  [[nodiscard]] int failures() const { return failures_; }

 private:
  void scrape(std::uint16_t port, int number) {
    constexpr std::array kPaths{
        "/metrics",
        "/",
        "/api/v1/clusters",
        "/probe?target=pg-2",
        "/metrics",
        "/sd",
        "/api/v1/events",
        "/servers/pg-2/replica"};
    while (!stop_) {
      try {
        const int status = http_get(port, kPaths.at(static_cast<std::size_t>(number))).status;
        pages_ += 1;
        failures_ += status == 200 || status == 503 ? 0 : 1;
      } catch (const HttpFailure&) {
        failures_ += 1;
      }
    }
  }

  // Half a request, and gone when the next one begins.
  void dawdle(std::uint16_t port) {
    while (!stop_) {
      const Socket socket = connect_to(port);
      (void)send(socket.fd(), "GET / HT", 8, MSG_NOSIGNAL);
      std::this_thread::sleep_for(200ms);
    }
  }

  std::atomic<bool> stop_ = false;
  std::atomic<int> pages_ = 0;
  std::atomic<int> failures_ = 0;
  std::vector<std::thread> threads_;
};

// One turn of what befalls the standby; returns how many connections it cost.
int torment(FaultStage& stage, int turn) {
  switch (turn % 8) {
    case 0:
      stage.gate.refuse();
      break;
    case 2:
      stage.gate.close_midway(200);
      break;
    case 4:
      stage.gate.drop();
      break;
    case 6:
      stage.standby.freeze();
      break;
    default:
      stage.standby.thaw();
      stage.gate.pass();
  }
  const int ended = monitor_connections(stage.primary);
  terminate_monitor(stage.primary);
  std::this_thread::sleep_for(100ms);
  return ended;
}

bool grew(const char* what, std::size_t before, std::size_t after, std::size_t allowed) {
  std::printf("%-12s %10zu after the warm-up, %10zu at the end\n", what, before, after);
  return after > before + allowed;
}

int soak(std::chrono::seconds time) {
  FaultStage stage;
  FaultWatch watch{stage};
  Clients clients{watch.exporter().port()};
  const auto began = Clock::now();
  Usage warm;
  int turn = 0;
  int ended = 0;
  // Each figure is taken between faults, so that like is compared with like.
  for (; Clock::now() - began < time || turn % 8 != 0; ++turn) {
    if (turn % 8 == 0 && Clock::now() - began < time / 5) {
      warm = usage(watch.exporter());
    }
    ended += torment(stage, turn);
  }
  const Usage last = usage(watch.exporter());
  clients.stop();
  std::printf("%d turns, %d connections ended, %d pages\n", turn, ended, clients.pages());
  // The event log and the histories fill up to their bounds in the first minutes.
  bool failed = grew("memory", warm.resident, last.resident, std::size_t{4} << 20U);
  failed = grew("descriptors", warm.descriptors, last.descriptors, 20) || failed;
  failed = grew("threads", warm.threads, last.threads, 1) || failed;
  const bool well = wait_until([&] { return watch.is_up("pg-1") && watch.is_up("pg-2"); }, 10s);
  const int connections = monitor_connections(stage.primary);
  std::printf("%d failed requests, %d connections at the end\n", clients.failures(), connections);
  return failed || !well || connections > 2 || clients.failures() > 0 ? 1 : 0;
}

}  // namespace
}  // namespace pgrepl::testing

int main(int argc, char** argv) {
  try {
    const int seconds = argc > 1 ? std::atoi(argv[1]) : 60;
    return pgrepl::testing::soak(std::chrono::seconds{std::max(seconds, 5)});
  } catch (const std::exception& e) {
    std::fprintf(stderr, "soak: %s\n", e.what());
    return 1;
  }
}
