// How far a standby is behind its cluster's primary, in bytes and in seconds, how sure that is,
// and where on its way the WAL waits. Pure: every instant is an argument.
#pragma once

#include "cluster/sample.h"
#include "cluster/wal_history.h"

#include <array>
#include <optional>
#include <string_view>

namespace pgrepl::cluster {

// How a value of lag was found.
enum class LagBasis : std::uint8_t {
  WalHistory,       // the standby's position lies in the history of the primary's
  ReplayTimestamp,  // it is older than the history: from the last replayed commit
  UpstreamView,     // the standby does not answer; its upstream says where it is
  StandbyView,      // the primary does not answer; the standby says what it was told
  LastKnown,        // neither says anything new: the last position, which only ages
  Unknown,          // never seen, diverged, or no unambiguous primary
};

[[nodiscard]] std::string_view to_string(LagBasis basis);
inline constexpr std::array kLagBases{
    LagBasis::WalHistory,
    LagBasis::ReplayTimestamp,
    LagBasis::UpstreamView,
    LagBasis::StandbyView,
    LagBasis::LastKnown,
    LagBasis::Unknown,
};

// Absent means unknown, never zero.
struct ReplicationLag {
  std::optional<std::uint64_t> bytes;
  std::optional<Seconds> time;  // how old the primary's state is that the standby shows
  // The truth lies within time ± uncertainty. Absent beside a time that is only the least it can
  // be.
  std::optional<Seconds> uncertainty;
  LagBasis basis = LagBasis::Unknown;

  friend bool operator==(const ReplicationLag&, const ReplicationLag&) = default;
};

// A replay position with the circumstances of its reading.
struct ReplayReading {
  pg::Lsn position;
  Instant read_at;     // the middle of the exchange; now, for a position that can only age
  Seconds read_error;  // half the round trip
  // The commit time of the last replayed transaction, on the exporter's clock: T(R) cannot be
  // earlier. Absent when the standby or the primary's clock is not known.
  std::optional<Instant> last_commit;
  LagBasis basis = LagBasis::WalHistory;  // how the position was learnt
  // A standby that fell silent may have replayed more than it reported, up to this instant. Its
  // position stays what it reported; the interval of the time reaches to here.
  std::optional<Instant> may_have_followed_until{};
};

// What the primary says, or said last.
struct PrimaryReading {
  pg::Lsn position;
  Instant read_at;
  Seconds read_error;
};

// The lag of a standby whose replay position was read, against a primary that answers. 0 when the
// standby has replayed all the primary had written, whatever any timestamp says. A position older
// than the history gives basis ReplayTimestamp: the age of the last commit, at least the age of
// the history. If no commit is known it is the latter, without an uncertainty; with an empty
// history the seconds are absent.
[[nodiscard]] ReplicationLag measure_lag(
    const ReplayReading& standby, const PrimaryReading& primary, const WalHistory& history
);

// How far the WAL goes while no primary answers.
struct FarReading {
  pg::Lsn end;       // the farthest anybody knows of
  Instant known_at;  // when that was heard last
  // The primary is elsewhere and most likely writes on: what was heard only ages. Else the primary
  // is one of ours and does not answer; a dead primary writes nothing.
  bool writes_on = false;
  // Whether WAL still streams from there. Without a connection nothing is on its way.
  bool connected = true;
};

// The lag of a standby whose primary does not answer us, against what was heard of its WAL last.
// While `writes_on`, a standby that has all of that is at most as old as the news: the value is
// that age, and the uncertainty says that it may be nothing. Without a connection, a commit that
// the standby replayed after the news is newer news.
[[nodiscard]] ReplicationLag measure_lag_without_primary(
    const ReplayReading& standby, const FarReading& far, const WalHistory& history
);

enum class Stage : std::uint8_t { Send, Write, Flush, Replay };

[[nodiscard]] std::string_view to_string(Stage stage);
inline constexpr std::array kStages{Stage::Send, Stage::Write, Stage::Flush, Stage::Replay};

struct StageLag {
  std::optional<std::uint64_t> bytes;
  std::optional<Seconds> time;

  friend bool operator==(const StageLag&, const StageLag&) = default;
};

// The way of the WAL from the primary to a standby's data, in the order of Stage. `sender` is the
// row of its upstream; absent positions leave their stages absent.
[[nodiscard]] std::array<StageLag, 4> measure_stages(
    const WalSender& sender, const PrimaryReading& primary, const WalHistory& history
);

// The stage that holds most of the lag by seconds; absent when there is none to speak of (less
// than 10 ms) or it is unknown.
[[nodiscard]] std::optional<Stage> bottleneck(const std::array<StageLag, 4>& stages);

}  // namespace pgrepl::cluster
