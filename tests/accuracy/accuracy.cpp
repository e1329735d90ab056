// The exported lag against the truth of a heartbeat, in every situation that has misled others, on
// real servers; beside it the two usual formulas, read by plain SQL in the same run.
//   accuracy [--major N] [--seconds N] [SCENARIO …]
#include "accuracy/measurement.h"
#include "accuracy/stage.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace pgrepl::accuracy {
namespace {

using namespace std::chrono_literals;

// After a pause, seconds of WAL are replayed within milliseconds: between the reading of the value
// and that of the truth, which no monitor can see.
constexpr auto kCatchUp = 300ms;

// A server that was gone is tried again within two ticks.
constexpr auto kReturn = 2s;

struct Scenario {
  std::string name;
  StageOptions options;
  std::function<void(Stage&, double)> play;  // over about that many seconds
  double allowed_mean = 0.1;                 // 0.3 where the standby cannot be asked
};

void idle_after_burst(Stage& stage, double seconds) {
  stage.run(seconds / 4);
  stage.writer().pause();
  stage.run(seconds * 3 / 4);
}

void paused_replay(Stage& stage, double seconds) {
  stage.run(3);
  stage.standby().pause_replay();
  stage.run(seconds);
  stage.standby().resume_replay();
  std::this_thread::sleep_for(kCatchUp);
  stage.run(4);
}

void frozen(Stage& stage, double seconds) {
  stage.run(3);
  stage.expect_silence();
  stage.standby().freeze();
  stage.run(seconds);
  stage.standby().thaw();
  stage.expect_answers();
  std::this_thread::sleep_for(kReturn);
  stage.run(4);
}

void stopped(Stage& stage, double seconds) {
  stage.run(3);
  stage.expect_silence();
  stage.standby().stop();
  stage.run(seconds);
  stage.standby().start();
  stage.expect_answers();
  std::this_thread::sleep_for(kReturn);
  stage.run(4);
}

void network_cut(Stage& stage, double seconds, bool refuse) {
  stage.run(3);
  for (TcpGate* gate : {&stage.replication(), &stage.monitoring()}) {
    refuse ? gate->refuse() : gate->drop();
  }
  stage.run(seconds);
  stage.replication().pass();
  stage.monitoring().pass();
}

void network_dropped(Stage& stage, double seconds) {
  network_cut(stage, seconds, false);
}

void network_refused(Stage& stage, double seconds) {
  network_cut(stage, seconds, true);
}

void receiver_cut(Stage& stage, double seconds) {
  stage.run(3);
  stage.replication().refuse();
  stage.run(seconds);
  stage.replication().pass();
  std::this_thread::sleep_for(6s);  // wal_retrieve_retry_interval
  stage.run(4);
}

void steady(Stage& stage, double seconds) {
  stage.run(seconds);
}

void delayed(Stage& stage, double seconds) {
  std::this_thread::sleep_for(6s);
  stage.run(seconds);
}

void exporter_restart(Stage& stage, double seconds) {
  stage.run(2);
  stage.standby().pause_replay();
  stage.stop_exporter();
  std::this_thread::sleep_for(std::chrono::milliseconds{static_cast<long>(seconds * 600)});
  stage.restart_exporter();
  stage.run(seconds * 0.4);
  stage.standby().resume_replay();
  std::this_thread::sleep_for(kCatchUp);
  stage.run(4);
}

void bulk_load(Stage& stage, double seconds) {
  stage.run(2);
  std::thread load{[&stage] {
    stage.primary().execute(
        "CREATE TABLE bulk AS SELECT i, repeat('x', 200) AS t FROM generate_series(1, 1000000) i"
    );
  }};
  stage.run(seconds);
  load.join();
  stage.run(4);
}

void segment_switches(Stage& stage, double seconds) {
  stage.writer().pause();
  for (int i = 0; i < 5; ++i) {
    stage.primary().execute("SELECT pg_switch_wal()");
    stage.run(seconds / 5);
    stage.primary().execute("CREATE TABLE IF NOT EXISTS s(i int); INSERT INTO s VALUES (1)");
  }
}

void long_transaction(Stage& stage, double seconds) {
  stage.writer().pause();
  stage.run(1);
  const std::string steps = std::to_string(static_cast<int>(seconds * 10));
  std::thread writing{[&stage, &steps] {
    stage.primary().execute(
        "CREATE TABLE big(i int); DO $$ BEGIN FOR i IN 1.." + steps +
        " LOOP INSERT INTO big SELECT generate_series(1, 1000); PERFORM pg_sleep(0.1); "
        "END LOOP; END $$"
    );
  }};
  stage.run(seconds);
  writing.join();
}

// The primary dies, the standby between is promoted, the watched one follows it.
void promotion(Stage& stage, double seconds) {
  stage.run(seconds / 3);
  stage.writer().pause();
  std::this_thread::sleep_for(kCatchUp);
  stage.primary().kill();
  stage.run(seconds / 6);
  stage.middle().promote();
  stage.writer().move_to(stage.middle().conninfo("postgres"));
  stage.writer().resume();
  stage.run(seconds / 2);
}

// A segment every second, for as long as `stage` runs: what the archive has is that old at most.
void run_archiving(Stage& stage, const PgServer& from, double seconds) {
  for (double second = 0; second < seconds; ++second) {
    from.execute("SELECT pg_switch_wal()");
    stage.run(1);
  }
}

void archive_only(Stage& stage, double seconds) {
  run_archiving(stage, stage.primary(), seconds);
}

// The primary dies, another standby is promoted. The watched one still asks the dead primary for
// WAL and gets that of the new timeline from the archive.
void follow_by_archive(Stage& stage, double seconds) {
  stage.run(seconds / 4);
  stage.writer().pause();
  std::this_thread::sleep_for(kCatchUp);
  stage.primary().kill();
  stage.middle().promote();
  stage.writer().move_to(stage.middle().conninfo("postgres"));
  stage.writer().resume();
  run_archiving(stage, stage.middle(), seconds);
}

std::vector<Scenario> all_scenarios() {
  return {
      {"steady writes", {}, steady},
      {"idle primary after a burst", {}, idle_after_burst},
      {"apply delay of 5 s", {.apply_delay = 5s}, delayed},
      {"replay paused", {}, paused_replay},
      {"standby stopped", {}, stopped, 0.3},
      {"standby frozen", {}, frozen, 0.3},
      {"its network drops everything", {}, network_dropped, 0.3},
      {"its network refuses", {}, network_refused, 0.3},
      {"receiver cut off", {}, receiver_cut},
      {"cascade", {.cascade = true}, steady},
      {"cascade, cut off from its upstream", {.cascade = true}, receiver_cut},
      {"primary killed, upstream promoted", {.cascade = true}, promotion},
      {"exporter restarted while it is behind", {}, exporter_restart},
      {"bulk load", {}, bulk_load},
      {"forced segment switches", {}, segment_switches},
      {"one long transaction", {}, long_transaction},
      {"one standby alone", {.without_primary = true}, steady},
      {"one standby alone, replay paused", {.without_primary = true}, paused_replay},
      {"one standby alone, receiver cut off", {.without_primary = true}, receiver_cut},
      {"site without its primary", {.cascade = true, .without_primary = true}, paused_replay},
      {"archive alone", {.archive_only = true}, archive_only},
      {"follows through the archive", {.archive = true, .promotable = true}, follow_by_archive},
      {"slow rounds on the primary", {.slow_where = "NOT pg_is_in_recovery()"}, paused_replay},
      {"slow rounds on the standby", {.slow_where = "pg_is_in_recovery()"}, paused_replay},
  };
}

// What section 5 of the definition of lag asks for.
bool is_good(const Scenario& scenario, const std::vector<Sample>& samples) {
  const Verdict verdict = judge(samples, &Sample::value);
  return verdict.mean_error <= scenario.allowed_mean && verdict.max_error <= 1 &&
         verdict.false_alarm == 0 && verdict.missed_alarm <= 2 && verdict.inside >= 0.99 &&
         verdict.absent == 0 && verdict.least_only * 8 <= samples.size();
}

struct Arguments {
  int major = 0;
  double seconds = 20;
  bool verbose = false;
  std::vector<std::string> wanted;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--major" && i + 1 < argc) {
      arguments.major = std::stoi(argv[++i]);
    } else if (word == "--seconds" && i + 1 < argc) {
      arguments.seconds = std::stod(argv[++i]);
    } else if (word == "--verbose") {
      arguments.verbose = true;
    } else {
      arguments.wanted.push_back(word);
    }
  }
  return arguments;
}

bool play(const Scenario& scenario, const Arguments& arguments) {
  StageOptions options = scenario.options;
  options.major = arguments.major;
  Stage stage{options};
  stage.run(1);
  scenario.play(stage, arguments.seconds);
  const bool good = is_good(scenario, stage.samples());
  std::printf(
      "%s%s\n", table_row(scenario.name, stage.samples()).c_str(), good ? "" : " <- not good enough"
  );
  for (const Sample& s : stage.samples()) {
    if (arguments.verbose) {
      std::printf(
          "    at %6.2f truth %7.3f value %7.3f uncertainty %6.3f\n",
          s.at,
          s.truth,
          s.value.value_or(-1),
          s.uncertainty.value_or(-1)
      );
    }
  }
  std::fflush(stdout);
  return good;
}

int run(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  std::printf("%s", table_head().c_str());
  int passed = 0;
  int failed = 0;
  for (const Scenario& scenario : all_scenarios()) {
    const auto& wanted = arguments.wanted;
    if (wanted.empty() || std::ranges::find(wanted, scenario.name) != wanted.end()) {
      (play(scenario, arguments) ? passed : failed) += 1;
    }
  }
  std::printf("\n%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace
}  // namespace pgrepl::accuracy

int main(int argc, char** argv) {
  try {
    return pgrepl::accuracy::run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "accuracy: %s\n", e.what());
    return 70;
  }
}
