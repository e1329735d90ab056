#include "cluster/lag.h"

#include <algorithm>

namespace pgrepl::cluster {

namespace {

// Narrows the interval by the last replayed commit. A commit outside of it says nothing (an old
// one) or is wrong (a skewed clock).
PassedAt sharpened(PassedAt passed, const std::optional<Instant>& last_commit) {
  if (last_commit && passed.earliest <= *last_commit && *last_commit <= passed.latest) {
    passed.earliest = *last_commit;
    passed.estimate = *last_commit;
  }
  return passed;
}

// What a silent standby may have replayed beyond its last word moves the end of the interval, and
// the guess to its middle; unless that would mean that it has all there is, which nobody said.
PassedAt widened(PassedAt passed, const ReplayReading& standby, const WalHistory& history) {
  const auto& until = standby.may_have_followed_until;
  if (!until || *until <= passed.estimate) {
    return passed;
  }
  Instant likely = passed.estimate + (*until - passed.estimate) / 2;
  const auto then = history.position_at(likely);
  const auto newest = history.newest();
  if (!then || (newest && *then >= static_cast<double>(newest->position.bytes()))) {
    likely = std::min(likely, passed.latest);
  }
  passed.latest = std::max(passed.latest, *until);
  passed.estimate = likely;
  return passed;
}

Seconds at_least_zero(Seconds time) {
  return std::max(time, Seconds::zero());
}

ReplicationLag behind_the_history(const ReplayReading& standby, const WalHistory& history) {
  ReplicationLag lag{.basis = LagBasis::ReplayTimestamp};
  const auto oldest = history.oldest();
  if (!oldest) {
    return lag;
  }
  const Seconds at_least = at_least_zero(standby.read_at - oldest->at);
  lag.time = at_least;
  // The history is a point the true value cannot go below, a commit one it cannot exceed. Without a
  // commit nothing says how far above it is.
  if (standby.last_commit) {
    lag.time = std::max(at_least, Seconds{standby.read_at - *standby.last_commit});
    lag.uncertainty = *lag.time - at_least + standby.read_error;
  }
  return lag;
}

ReplicationLag from_history(const ReplayReading& standby, const WalHistory& history) {
  const auto found = history.passed_at(standby.position);
  if (!found) {
    return behind_the_history(standby, history);
  }
  const PassedAt passed = widened(sharpened(*found, standby.last_commit), standby, history);
  return {
      .bytes = std::nullopt,
      .time = at_least_zero(standby.read_at - passed.estimate),
      .uncertainty = Seconds{passed.latest - passed.earliest} + standby.read_error,
      .basis = standby.basis,
  };
}

Seconds age(pg::Lsn position, const PrimaryReading& primary, const WalHistory& history) {
  if (position >= primary.position) {
    return Seconds::zero();
  }
  const auto passed = history.passed_at(position);
  const auto oldest = history.oldest();
  if (!passed) {
    return oldest ? at_least_zero(primary.read_at - oldest->at) : Seconds::zero();
  }
  return at_least_zero(primary.read_at - passed->estimate);
}

// Of a standby that has all that is known of a primary elsewhere.
Seconds age_without_contact(const ReplayReading& standby, const FarReading& far) {
  const Seconds age = at_least_zero(standby.read_at - far.known_at);
  if (far.connected) {
    // A message on its way is no news of a cut.
    constexpr Seconds kInContact{2};
    return age > kInContact ? age : Seconds::zero();
  }
  const auto& commit = standby.last_commit;
  const bool is_newer = commit && far.known_at < *commit && *commit <= standby.read_at;
  return is_newer ? Seconds{standby.read_at - *commit} : age;
}

}  // namespace

ReplicationLag measure_lag(
    const ReplayReading& standby, const PrimaryReading& primary, const WalHistory& history
) {
  ReplicationLag lag;
  if (standby.position >= primary.position) {
    lag.time = Seconds::zero();
    // What the primary wrote after it was asked and before the standby was is not known.
    lag.uncertainty =
        at_least_zero(standby.read_at - primary.read_at) + standby.read_error + primary.read_error;
    lag.basis = standby.basis;
  } else {
    lag = from_history(standby, history);
    if (lag.uncertainty) {
      *lag.uncertainty += primary.read_error;
    }
  }
  lag.bytes = pg::bytes_between(standby.position, primary.position);
  return lag;
}

ReplicationLag measure_lag_without_primary(
    const ReplayReading& standby, const FarReading& far, const WalHistory& history
) {
  ReplicationLag lag{.basis = LagBasis::StandbyView};
  lag.bytes = pg::bytes_between(standby.position, far.end);
  const Seconds age = at_least_zero(standby.read_at - far.known_at);
  if (standby.position >= far.end) {
    lag.time = far.writes_on ? age_without_contact(standby, far) : Seconds::zero();
    lag.uncertainty = age + standby.read_error;
    return lag;
  }
  const ReplicationLag bound = from_history(standby, history);
  lag.time = bound.time;
  lag.uncertainty = bound.uncertainty;
  if (bound.basis == LagBasis::ReplayTimestamp) {
    lag.basis = bound.basis;
  }
  return lag;
}

std::array<StageLag, 4> measure_stages(
    const WalSender& sender, const PrimaryReading& primary, const WalHistory& history
) {
  const std::array<std::optional<pg::Lsn>, 5> way{
      primary.position, sender.sent, sender.write, sender.flush, sender.replay};
  std::array<StageLag, 4> stages;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const auto& from = way.at(i);
    const auto& to = way.at(i + 1);
    if (from && to) {
      stages.at(i).bytes = pg::bytes_between(*to, *from);
      stages.at(i).time = at_least_zero(age(*to, primary, history) - age(*from, primary, history));
    }
  }
  return stages;
}

std::optional<Stage> bottleneck(const std::array<StageLag, 4>& stages) {
  constexpr Seconds kNotWorthNaming{0.01};
  std::optional<Stage> worst;
  Seconds most = kNotWorthNaming;
  for (const Stage stage : kStages) {
    const auto& time = stages.at(static_cast<std::size_t>(stage)).time;
    if (time && *time > most) {
      most = *time;
      worst = stage;
    }
  }
  return worst;
}

std::string_view to_string(LagBasis basis) {
  switch (basis) {
    case LagBasis::WalHistory:
      return "wal_history";
    case LagBasis::ReplayTimestamp:
      return "replay_timestamp";
    case LagBasis::UpstreamView:
      return "upstream_view";
    case LagBasis::StandbyView:
      return "standby_view";
    case LagBasis::LastKnown:
      return "last_known";
    case LagBasis::Unknown:
      return "unknown";
  }
  return "unknown";
}

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::Send:
      return "send";
    case Stage::Write:
      return "write";
    case Stage::Flush:
      return "flush";
    case Stage::Replay:
      return "replay";
  }
  return "";
}

}  // namespace pgrepl::cluster
