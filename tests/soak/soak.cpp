// The exporter under everything at once, for as long as it is told. Memory, descriptors and threads
// do not grow once all that has a bound is full, and at the end it is as well as at the beginning.
#include "integration/fault_stage.h"
#include "soak/clients.h"
#include "soak/figures.h"
#include "soak/reloads.h"
#include "support/wait_until.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include <nlohmann/json.hpp>

namespace pgrepl::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int kFaults = 8;
// As many as the exporter keeps.
constexpr std::size_t kAllEvents = 1000;

struct Done {
  int turns = 0;
  int ended = 0;
  int failovers = 0;
  int missed = 0;  // what the exporter should have seen or done, and did not
};

class Soak {
 public:
  explicit Soak(std::chrono::seconds time) : time_(time) {}

  [[nodiscard]] bool run();

 private:
  [[nodiscard]] Seconds age() const { return Clock::now() - began_; }

  void torment();
  void expect(bool well, const char* what);
  // pg-2 becomes a primary beside pg-1, and is made a standby again.
  void fail_over();
  [[nodiscard]] std::size_t events() const;
  void take_at_rest();
  void end_row();
  [[nodiscard]] bool is_up(const std::string& server) const;
  [[nodiscard]] bool ends_well();

  std::chrono::seconds time_;
  FaultStage stage_;
  Exporter exporter_{
      {.arguments = {
           "--web.enable-lifecycle",
           "--config.file=" + stage_.write("exporter.yml", stage_.configuration({}))}}};
  Reloads reloads_{stage_, exporter_};
  Clients clients_{exporter_.port()};
  Clock::time_point began_ = Clock::now();
  FigureTable table_;
  Seconds next_row_{};
  Seconds next_failover_{5};
  Done done_;
};

// The page is asked anew while the loop is late.
bool Soak::is_up(const std::string& server) const {
  const auto answer = exporter_.get("/metrics");
  return answer.status == 200 &&
         find_value(parse_exposition(answer.body), "pg_up", {{"server", server}}) == 1;
}

void Soak::expect(bool well, const char* what) {
  if (!well) {
    done_.missed += 1;
    std::printf("MISSED   after %.0f s: %s\n", age().count(), what);
  }
}

// One turn of what befalls the standby, and the connections of the primary.
void Soak::torment() {
  switch (done_.turns % kFaults) {
    case 0:
      stage_.gate.refuse();
      break;
    case 2:
      stage_.gate.close_midway(200);
      break;
    case 4:
      stage_.gate.drop();
      break;
    case 6:
      stage_.standby.freeze();
      break;
    default:
      stage_.standby.thaw();
      stage_.gate.pass();
  }
  if (done_.turns % 4 == 1) {
    expect(reloads_.next(), "a reload was not answered as it should");
  }
  done_.ended += monitor_connections(stage_.primary);
  terminate_monitor(stage_.primary);
  stage_.primary.execute("SELECT pg_logical_emit_message(true, 'soak', repeat('x', 500))");
  std::this_thread::sleep_for(100ms);
  done_.turns += 1;
}

void Soak::fail_over() {
  const auto is_primary = [this] {
    const auto answer = exporter_.get("/metrics");
    const Labels labels{{"server", "pg-2"}, {"role", "primary"}};
    return answer.status == 200 &&
           find_value(parse_exposition(answer.body), "pg_server_role", labels) == 1;
  };
  expect(wait_until([&] { return is_up("pg-2"); }), "pg-2 does not come back before a failover");
  stage_.standby.promote();
  expect(wait_until(is_primary), "pg-2 was promoted, and is not seen as a primary");
  stage_.cluster.rebuild(stage_.standby, {.slot = "pg_2"});
  expect(wait_until([&] { return is_up("pg-2"); }), "pg-2 does not come back after a failover");
  done_.failovers += 1;
  next_failover_ = age() + 60s;
}

std::size_t Soak::events() const {
  const auto text = exporter_.get("/api/v1/events?limit=100000").body;
  return nlohmann::json::parse(text).at("events").size();
}

// What it uses at rest: nobody asks, the servers are as at the beginning, a page has just been
// written and what that took is given back.
void Soak::take_at_rest() {
  clients_.pause();
  expect(reloads_.settle(), "the first configuration is refused");
  expect(wait_until([&] { return is_up("pg-1") && is_up("pg-2"); }), "the servers are not up");
  std::this_thread::sleep_for(1s);
  (void)is_up("pg-1");
  for (int i = 0; i < 10; ++i) {
    table_.take(figures_of(exporter_.pid()));
    std::this_thread::sleep_for(50ms);
  }
  clients_.go_on();
}

void Soak::end_row() {
  take_at_rest();
  const std::size_t kept = events();
  table_.end_row(age(), kept);
  next_row_ = age() + std::clamp<Seconds>(Seconds{time_} / 60, 5s, 60s);
  if (kept >= kAllEvents) {
    table_.warm_up_ends();
  }
}

bool Soak::run() {
  while (age() < time_) {
    // Between faults, so that like is compared with like.
    table_.take(figures_of(exporter_.pid()));
    if (age() >= next_row_) {
      end_row();
    }
    if (age() >= next_failover_) {
      fail_over();
    }
    for (int turn = 0; turn < kFaults; ++turn) {
      torment();
    }
  }
  table_.take(figures_of(exporter_.pid()));
  end_row();
  return ends_well();
}

bool Soak::ends_well() {
  clients_.stop();
  expect(wait_until([&] { return is_up("pg-1") && is_up("pg-2"); }), "the servers are not up");
  expect(
      wait_until([&] { return monitor_connections(stage_.primary) <= 2; }, 10s),
      "more than two connections at the end"
  );
  std::printf(
      "%d turns, %d failovers, %d connections ended, %zu reloads taken, %zu refused\n"
      "%d requests, %d failed: %s\n",
      done_.turns,
      done_.failovers,
      done_.ended,
      reloads_.taken(),
      reloads_.refused(),
      clients_.pages(),
      clients_.failures(),
      clients_.first_failure().c_str()
  );
  const bool well = table_.is_well() && done_.missed == 0 && clients_.failures() == 0;
  std::printf("%s\n", well ? "WELL" : "NOT WELL");
  return well;
}

}  // namespace
}  // namespace pgrepl::testing

int main(int argc, char** argv) {
  try {
    const int seconds = argc > 1 ? std::atoi(argv[1]) : 60;
    pgrepl::testing::Soak soak{std::chrono::seconds{std::max(seconds, 5)}};
    return soak.run() ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "soak: %s\n", e.what());
    return 1;
  }
}
