#include "cluster/standby_settings.h"

#include <algorithm>

namespace pgrepl::cluster {

namespace {

// Of the primary, or of the server that was it last.
const ServerFacts* primary_facts(const StandbyView& view) {
  if (view.primary) {
    const auto& facts = view.samples[*view.primary].facts;
    return facts ? &*facts : nullptr;
  }
  if (!view.memory.primary) {
    return nullptr;
  }
  const auto last =
      std::ranges::find(view.samples, view.memory.primary->server, &ServerSample::name);
  return last != view.samples.end() && last->facts ? &*last->facts : nullptr;
}

// A primary that has fallen silent may have come back with higher settings since: what it said
// explains a pause only if it answered while that pause was on.
bool answered_during_pause(const StandbyView& view) {
  if (view.primary) {
    return true;
  }
  const auto known = view.memory.servers.find(view.samples[view.standby].name);
  return view.memory.primary && known != view.memory.servers.end() &&
         known->second.state == StandbyState::Paused &&
         known->second.state_since <= view.memory.primary->reading.read_at;
}

}  // namespace

std::vector<LowSetting> find_low_settings(const StandbyView& view) {
  std::vector<LowSetting> low;
  const auto& own = view.samples[view.standby].facts;
  const ServerFacts* primary = primary_facts(view);
  if (primary == nullptr || !own) {
    return low;
  }
  for (const auto& [name, value] : primary->recovery_limits) {
    const auto here = own->recovery_limits.find(name);
    if (here != own->recovery_limits.end() && here->second < value) {
      low.push_back({name, here->second, value});
    }
  }
  return low;
}

PauseCause find_pause_cause(const StandbyView& view, const std::vector<LowSetting>& low) {
  const auto& facts = view.samples[view.standby].facts;
  if (!facts) {
    return PauseCause::Unknown;
  }
  if (facts->has_recovery_target) {
    return PauseCause::RecoveryTarget;
  }
  if (!low.empty()) {
    return PauseCause::Settings;
  }
  // Before PostgreSQL 14 a standby with too low a setting ends instead of pausing.
  const ServerFacts* primary = primary_facts(view);
  const bool compared = primary != nullptr && !primary->recovery_limits.empty() &&
                        !facts->recovery_limits.empty() && answered_during_pause(view);
  const bool pauses_itself = facts->version.number >= 140000;
  return compared || !pauses_itself ? PauseCause::Requested : PauseCause::Unknown;
}

std::optional<pg::TimelineId> find_kept_timeline(const StandbyView& view) {
  const ServerSample& sample = view.samples[view.standby];
  const auto known = view.memory.servers.find(sample.name);
  if (!sample.facts || sample.facts->follows_latest_timeline.value_or(true) ||
      !view.memory.primary || known == view.memory.servers.end() || !known->second.timeline ||
      *known->second.timeline >= view.memory.primary->timeline) {
    return std::nullopt;
  }
  return known->second.timeline;
}

bool replays_before_it_receives(const ServerSample& sample) {
  if (!sample.tick || sample.tick->reading.role != Role::Standby) {
    return false;
  }
  const TickReading& reading = sample.tick->reading;
  const bool is_delayed = sample.facts && sample.facts->recovery_min_apply_delay &&
                          sample.facts->recovery_min_apply_delay->count() > 0;
  const bool has_receiver = reading.receiver || reading.receiver.is_hidden();
  return !has_receiver && (reading.replay_paused || is_delayed) && reading.received &&
         reading.received > reading.position;
}

}  // namespace pgrepl::cluster
