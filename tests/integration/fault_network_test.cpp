// What a network or a server does to its connections, one fault after the other on real servers.
#include "integration/fault_stage.h"
#include "support/wait_until.h"

#include <ostream>
#include <utility>

namespace pgrepl::testing {
namespace {

using namespace std::chrono_literals;

struct Fault {
  std::string name;
  std::string reason;  // what pg_up_reason says
  std::function<void(FaultStage&)> begin;
  std::function<void(FaultStage&)> end;
  Way way = Way::ThroughGate;
};

void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.name;
}

void pass(FaultStage& stage) {
  stage.gate.pass();
}

const std::vector<Fault> kFaults{
    {"Refused", "refused", [](FaultStage& stage) { stage.gate.refuse(); }, pass},
    {"Dropped", "timeout", [](FaultStage& stage) { stage.gate.drop(); }, pass},
    {"Held", "timeout", [](FaultStage& stage) { stage.gate.hold(); }, pass},
    {"TooSlow", "timeout", [](FaultStage& stage) { stage.gate.delay(1500ms); }, pass},
    {"HalfAMessage", "refused", [](FaultStage& stage) { stage.gate.close_midway(30); }, pass},
    {"Frozen",
     "timeout",
     [](FaultStage& stage) { stage.standby.freeze(); },
     [](FaultStage& stage) { stage.standby.thaw(); }},
    {"Killed",
     "refused",
     [](FaultStage& stage) { stage.standby.kill(); },
     [](FaultStage& stage) { stage.standby.start(); },
     Way::Direct},
    {"Stopped",
     "refused",
     [](FaultStage& stage) { stage.standby.stop(); },
     [](FaultStage& stage) { stage.standby.start(); },
     Way::Direct},
};

class NetworkFault : public FaultTest, public ::testing::WithParamInterface<Fault> {};

TEST_P(NetworkFault, CostsItsServerOnlyAndEndsWithIt) {
  const Fault& fault = GetParam();
  FaultWatch watch{stage(), {.way = fault.way}};
  watch.expect_well();
  fault.begin(stage());
  watch.expect_down(fault.reason);
  fault.end(stage());
  watch.expect_recovery();
}

INSTANTIATE_TEST_SUITE_P(Matrix, NetworkFault, ::testing::ValuesIn(kFaults), [](const auto& made) {
  return made.param.name;
});

class SlowNetwork : public FaultTest {};

TEST_F(SlowNetwork, WithinTheTimeoutIsNoFault) {
  stage().gate.delay(50ms);
  {
    FaultWatch watch{stage(), kPatient};
    watch.expect_well();
    for (int i = 0; i < 5; ++i) {
      EXPECT_TRUE(watch.is_up());
    }
    EXPECT_EQ(watch.lines("pg-2", "does not answer"), 0U) << watch.exporter().output();
  }
  stage().gate.pass();
}

TEST_F(SlowNetwork, TerminatedBackendsAreReplacedWithinTwoTicks) {
  FaultWatch watch{stage()};
  watch.expect_well();
  for (int i = 0; i < 3; ++i) {
    terminate_monitor(stage().standby);
    watch.expect_recovery();
  }
  EXPECT_EQ(watch.exporter().value("pg_up", {{"server", "pg-1"}}), 1);
}

}  // namespace
}  // namespace pgrepl::testing
