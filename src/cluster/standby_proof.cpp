#include "cluster/standby_proof.h"

#include <array>
#include <cstdio>

namespace pgrepl::cluster {

namespace {

std::string position_of(const StandbyView& view) {
  const auto& known = view.memory.servers.at(view.samples[view.standby].name);
  return known.position ? to_string(*known.position) : std::string{"a position not known"};
}

std::string receiver_of(const StandbyView& view) {
  const auto& tick = view.samples[view.standby].tick;
  if (!tick) {
    return "it does not answer";
  }
  if (tick->reading.receiver.is_hidden()) {
    return "our role may not see its WAL receiver";
  }
  if (!tick->reading.receiver) {
    return "it has no WAL receiver";
  }
  return "its WAL receiver is " + tick->reading.receiver->status;
}

std::string chain_of(const StandbyView& view) {
  const std::string& top = view.samples[view.chain.top].name;
  if (view.chain.chain == Chain::Loop) {
    return "the servers it receives from receive from each other, " + top + " among them";
  }
  return "its WAL comes from " + top + ", which receives none itself";
}

std::string prove_ahead(const StandbyView& view) {
  std::string text = "it has replayed up to " + position_of(view);
  if (const auto& primary = view.memory.primary) {
    text +=
        "; the primary " + primary->server + " stands at " + to_string(primary->reading.position);
  }
  if (const auto& rewind = view.memory.rewind) {
    text += " and went back from " + to_string(rewind->from) + " to " + to_string(rewind->to);
  }
  return text;
}

std::string prove_pause(const Standby& standby, const std::string& position) {
  std::string text = "replay stands at " + position;
  if (standby.replays_first) {
    text += ", and it has no WAL receiver";
  }
  for (const LowSetting& low : standby.low_settings) {
    text += "; " + low.name + " is " + std::to_string(low.here) + " here and " +
            std::to_string(low.primary) + " on the primary";
  }
  if (standby.pause_cause == PauseCause::RecoveryTarget) {
    text += "; a recovery target is set";
  }
  return text;
}

std::string prove_missing(const StandbyView& view, const MissingWal& missing) {
  const auto& facts = view.samples[view.standby].facts;
  const std::uint64_t bytes =
      facts ? facts->wal_segment_bytes.value_or(16U << 20U) : std::uint64_t{16U << 20U};
  return "it needs the WAL segment " + segment_name(missing.needed, bytes) + "; the oldest that " +
         missing.upstream + " has is " + segment_name(missing.oldest, bytes);
}

// What it holds and has not replayed, or the timeline that it stays on, says why it does not ask.
std::string prove_disconnected(const StandbyView& view, const Standby& standby) {
  if (standby.missing_wal) {
    return prove_missing(view, *standby.missing_wal);
  }
  std::string text = receiver_of(view) + ", and it is at " + position_of(view);
  if (standby.kept_timeline) {
    text += "; recovery_target_timeline is not latest, and the primary is on timeline " +
            std::to_string(static_cast<std::uint32_t>(view.memory.primary->timeline));
  } else if (standby.replays_first) {
    text += "; it holds WAL up to " + to_string(*view.samples[view.standby].tick->reading.received);
  }
  return text;
}

}  // namespace

std::string segment_name(pg::Lsn position, std::uint64_t segment_bytes) {
  const std::uint64_t number = position.bytes() / segment_bytes;
  const std::uint64_t per_file = 0x100000000U / segment_bytes;
  std::array<char, 20> text{};
  (void)std::snprintf(
      text.data(),
      text.size(),
      "%08X%08X",
      static_cast<unsigned>(number / per_file),
      static_cast<unsigned>(number % per_file)
  );
  return text.data();
}

std::string prove_state(
    const StandbyView& view, const Standby& standby, const std::string& branch_proof
) {
  switch (standby.state) {
    case StandbyState::Diverged:
      return branch_proof;
    case StandbyState::Ahead:
      return prove_ahead(view);
    case StandbyState::Detached:
      return chain_of(view);
    case StandbyState::Paused:
      return prove_pause(standby, position_of(view));
    case StandbyState::Disconnected:
    case StandbyState::UpstreamDown:
      return prove_disconnected(view, standby);
    case StandbyState::Warm:
      return "it takes no connections (hot_standby is off), and its upstream sees it";
    case StandbyState::ArchiveRecovery:
      return receiver_of(view) + " and a restore_command; it is at " + position_of(view);
    case StandbyState::Streaming:
    case StandbyState::Catchup:
    case StandbyState::Delayed:
    case StandbyState::Connecting:
    case StandbyState::Unreachable:
    case StandbyState::NeverSeen:
    case StandbyState::Foreign:
    case StandbyState::Unknown:
      return receiver_of(view) + ", and it is at " + position_of(view);
  }
  return "";
}

}  // namespace pgrepl::cluster
