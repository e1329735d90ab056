// What was learnt of one server in one exchange. Values only; decoding is sampling's business.
#pragma once

#include "cluster/seen.h"
#include "pg/conninfo.h"
#include "pg/lsn.h"
#include "pg/server_version.h"
#include "pg/sql_state.h"
#include "pg/timeline.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgrepl::cluster {

// A time on the exporter's monotonic clock. Passed in, never read here.
using Instant = std::chrono::steady_clock::time_point;
using Seconds = std::chrono::duration<double>;

enum class Role : std::uint8_t { Primary, Standby };

// Times of the server's own clock, in seconds since the epoch.
using ServerTime = double;

// One row of pg_stat_replication (13-18), joined with the slot it holds.
struct WalSender {
  std::int64_t pid = 0;
  std::string application_name;
  std::optional<std::string> client_addr;  // absent for Unix sockets
  std::string state;                       // startup, catchup, streaming, backup, stopping
  std::optional<pg::Lsn> sent;
  std::optional<pg::Lsn> write;
  std::optional<pg::Lsn> flush;
  std::optional<pg::Lsn> replay;  // absent for consumers that do not replay (pg_receivewal)
  std::string sync_state;         // async, potential, sync, quorum
  std::optional<int> sync_priority;
  // As the sender measures them; NULL, and absent, while nothing is written.
  std::optional<double> write_lag{};
  std::optional<double> flush_lag{};
  std::optional<double> replay_lag{};
  std::optional<std::string> slot_name;
  std::optional<std::string> slot_type;  // physical, logical
};

// pg_stat_wal_receiver of a standby.
struct WalReceiver {
  std::string status;  // starting, streaming, waiting, …
  std::optional<std::string> sender_host;
  std::optional<std::uint16_t> sender_port;
  std::optional<std::string> slot_name;
  std::optional<std::string> application_name;  // of its conninfo
  std::optional<pg::Lsn> flushed;
  std::optional<pg::Lsn> latest_end;                // where its upstream said its WAL ended
  std::optional<ServerTime> last_msg_receipt_time;  // by the standby's clock
  std::optional<ServerTime> last_msg_send_time;     // by its upstream's clock
};

// An LSN at which a server was certainly on a timeline, as its control file tells. The file is
// written at (restart)points only, so it may be old, but it is never wrong.
struct ControlPoint {
  pg::TimelineId timeline{};
  pg::Lsn position;

  friend bool operator==(const ControlPoint&, const ControlPoint&) = default;
};

// What one tick reads, in one statement.
struct TickReading {
  Role role = Role::Primary;
  ServerTime server_time = 0;
  ServerTime postmaster_start_time = 0;
  std::optional<pg::Lsn> position;  // write position of a primary, replay position of a standby
  std::optional<pg::Lsn> received;  // pg_last_wal_receive_lsn(); a standby's
  // Of a primary, or of a standby with a receiver: where it is now. Of a standby without one it is
  // that of its last restartpoint, or of its last start: late, and at least that high.
  std::optional<pg::TimelineId> timeline;
  std::optional<ServerTime> last_xact_replay_time;
  bool replay_paused = false;
  Seen<WalReceiver> receiver;
  std::vector<WalSender> senders;
  bool senders_hidden = false;  // it has some, and our role may not see which
  std::optional<pg::SystemIdentifier> system_identifier;
  // Of a primary that was promoted while this postmaster ran: where its timeline began
  // (pg_last_wal_replay_lsn() keeps it until the next start).
  std::optional<pg::Lsn> promoted_at;
  std::vector<ControlPoint> control_points;  // of a standby without a receiver
};

// What changes seldom; read when a connection opens and in rounds.
struct ServerFacts {
  pg::ServerVersion version;
  std::optional<pg::SystemIdentifier> system_identifier;
  std::string cluster_name;
  std::optional<std::chrono::milliseconds> recovery_min_apply_delay;
  std::string synchronous_standby_names;
  std::optional<std::string> address;  // inet_server_addr()
  std::optional<std::uint64_t> wal_segment_bytes;
  std::optional<bool> restores_from_archive;  // restore_command is set
  bool has_recovery_target = false;           // one of recovery_target_* is set
  // recovery_target_timeline is latest: it goes over to the timeline of a server that was promoted.
  std::optional<bool> follows_latest_timeline{};
  // max_connections and the other settings that a standby must have at least as high as its
  // primary (manual, "Administrator's Overview" of hot standby).
  std::map<std::string, std::int64_t> recovery_limits{};
  std::vector<std::string> synchronized_standby_slots{};  // 17+
  std::string login{};                                    // our role
  // Whether our role has the rights of pg_monitor, and whether it is a member at all: a role with
  // NOINHERIT is one without having them. Absent when not asked.
  std::optional<bool> has_monitor_rights{};
  std::optional<bool> is_monitor_member{};
  std::optional<bool> reads_all_settings{};  // it has the rights of pg_read_all_settings
};

// What lies in pg_wal.
struct WalFiles {
  std::optional<pg::Lsn> oldest;  // where its oldest segment begins
  // The highest timeline of which the segment with the replay position is there: the one the
  // server has replayed, and not merely requested.
  std::optional<pg::TimelineId> timeline_at_replay;
  std::optional<pg::Lsn> replay;  // the replay position of that moment
};

// A session that waits for synchronous replication (wait_event SyncRep).
struct SyncWait {
  std::int64_t pid = 0;
  std::optional<ServerTime> query_start;
};

struct SyncWaits {
  std::vector<SyncWait> sessions;
  Instant read_at{};
};

// pg_stat_archiver, as far as the model needs it.
struct Archiver {
  bool enabled = false;  // archive_mode is on or always
  std::optional<std::string> last_archived_wal;
  bool is_failing = false;  // its last attempt failed, and none has succeeded since
};

// pg_stat_database, summed over the databases: counters since the statistics were reset.
struct DatabaseTotals {
  double transactions = 0;  // committed and rolled back
  double blocks_hit = 0;
  double blocks_read = 0;
  Instant read_at{};
};

// Client sessions in all databases by pg_stat_activity.state.
using SessionCounts = std::map<std::string, double>;

struct ReplicationSlot {
  std::string name;
  std::string type;  // physical, logical
  std::string database;
  bool active = false;
  std::optional<std::int64_t> active_pid;
  std::optional<pg::Lsn> restart;
  std::optional<pg::Lsn> confirmed_flush;
  std::optional<std::string> wal_status;       // reserved, extended, unreserved, lost
  std::optional<std::int64_t> safe_wal_bytes;  // absent: no limit is set
  std::optional<ServerTime> inactive_since;    // 17+
  bool temporary = false;
  bool two_phase = false;                            // 14+
  std::optional<bool> conflicting{};                 // 16+; logical
  bool failover = false;                             // 17+
  bool synced = false;                               // 17+: a copy of the primary's, on a standby
  std::optional<std::string> invalidation_reason{};  // 17+
};

// An answer with the time in which it was given: the server read it between the two instants.
struct Tick {
  Instant sent;
  Instant received;
  TickReading reading;
};

struct Failure {
  pg::FailureReason reason = pg::FailureReason::Other;
  std::string message{};
  Instant at{};  // when that was found
};

// All that is known of one server now. What could not be read is absent.
struct ServerSample {
  std::string name;
  pg::Endpoint endpoint;                 // as configured
  std::vector<std::string> addresses;    // what its host name last resolved to
  std::optional<Tick> tick;              // fresh: absent while the server does not answer
  std::optional<ServerFacts> facts;      // of the present or the last connection
  std::vector<ReplicationSlot> slots;    // of the last round; empty when down
  std::optional<Instant> slots_read_at;  // likewise
  std::optional<Archiver> archiver;      // likewise
  std::optional<DatabaseTotals> totals;  // likewise
  SessionCounts sessions;                // likewise; empty when down
  std::optional<WalFiles> wal_files;     // likewise; absent when our role may not see them
  Seen<SyncWaits> sync_waits;            // likewise; of a primary
  std::optional<Failure> failure;        // why it does not answer; absent while it does
  // It answers our logins, and other exporters read it: nothing but this is known of it.
  bool left_to_others = false;
  std::optional<ServerTime> seen_postmaster_start_time{};  // at such a login
  // Configured: it follows an archive. Counts where restore_command is not known.
  bool fed_by_archive = false;
  bool pooled = false;  // its address leads through a pooler
  // Whether it answers us each capability ("control", "slots"); absent while that was not asked.
  std::map<std::string, bool> capabilities{};
};

// Whether it answers, to ticks or to mere logins.
[[nodiscard]] inline bool is_up(const ServerSample& sample) {
  return (sample.tick || sample.left_to_others) && !sample.failure;
}

// Whether its last answer is still what it would say: nothing has failed since.
[[nodiscard]] inline bool is_current(const ServerSample& sample) {
  return sample.tick && !(sample.failure && sample.tick->sent < sample.failure->at);
}

// Whether the timeline of this reading is the one the server is on, and not merely at least that.
// A receiver tells the timeline of what it received; what the archive brought beyond may be
// another.
[[nodiscard]] inline bool has_certain_timeline(const TickReading& reading) {
  const bool received_all = !reading.received || reading.received >= reading.position;
  return reading.timeline && (reading.role == Role::Primary || (reading.receiver && received_all));
}

// Whether it gets WAL from an archive by its restore_command; by the configuration's word where our
// role may not see that. Absent when neither says so.
[[nodiscard]] inline std::optional<bool> restores_from_archive(const ServerSample& sample) {
  const auto seen = sample.facts ? sample.facts->restores_from_archive : std::nullopt;
  return !seen && sample.fed_by_archive ? std::optional{true} : seen;
}

// Who answers, by birth: of the tick if it says so, else of the facts.
[[nodiscard]] inline std::optional<pg::SystemIdentifier> birth_of(const ServerSample& sample) {
  if (sample.tick && sample.tick->reading.system_identifier) {
    return sample.tick->reading.system_identifier;
  }
  return sample.facts ? sample.facts->system_identifier : std::nullopt;
}

}  // namespace pgrepl::cluster
