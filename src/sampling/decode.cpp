#include "sampling/decode.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace pgrepl::sampling {

namespace {

// One row, read by column name and type. A NULL and an unreadable value are both absent.
class Row {
 public:
  Row(const pg::ResultSet& rows, std::size_t row) : rows_(rows), row_(row) {}

  [[nodiscard]] std::optional<std::string> text(std::string_view column) const {
    const auto value = rows_.at(row_, column);
    return value ? std::optional{std::string{*value}} : std::nullopt;
  }

  [[nodiscard]] std::string text_or_empty(std::string_view column) const {
    return text(column).value_or("");
  }

  // A text of which the empty one says as much as NULL.
  [[nodiscard]] std::optional<std::string> name(std::string_view column) const {
    auto value = text(column);
    return value && value->empty() ? std::nullopt : value;
  }

  template <class Number>
  [[nodiscard]] std::optional<Number> number(std::string_view column) const {
    const auto value = rows_.at(row_, column);
    Number parsed{};
    if (!value) {
      return std::nullopt;
    }
    const char* end = value->data() + value->size();
    const auto [stopped, problem] = std::from_chars(value->data(), end, parsed);
    return problem == std::errc{} && stopped == end ? std::optional{parsed} : std::nullopt;
  }

  [[nodiscard]] std::optional<pg::Lsn> lsn(std::string_view column) const {
    const auto value = rows_.at(row_, column);
    return value ? pg::Lsn::parse(*value) : std::nullopt;
  }

  [[nodiscard]] std::optional<bool> boolean(std::string_view column) const {
    const auto value = rows_.at(row_, column);
    return value == "t" || value == "f" ? std::optional{value == "t"} : std::nullopt;
  }

 private:
  const pg::ResultSet& rows_;
  std::size_t row_;
};

cluster::WalReceiver decode_receiver(const Row& row, std::string status) {
  return {
      .status = std::move(status),
      .sender_host = row.name("receiver_sender_host"),
      .sender_port = row.number<std::uint16_t>("receiver_sender_port"),
      .slot_name = row.name("receiver_slot_name"),
      .application_name = row.name("receiver_application_name"),
      .flushed = row.lsn("receiver_flushed"),
      .latest_end = row.lsn("receiver_latest_end"),
      .last_msg_receipt_time = row.number<double>("receiver_last_msg_receipt_time"),
      .last_msg_send_time = row.number<double>("receiver_last_msg_send_time"),
  };
}

cluster::WalSender decode_sender(const Row& row, std::int64_t pid) {
  return {
      .pid = pid,
      .application_name = row.text_or_empty("sender_application_name"),
      .client_addr = row.name("sender_client_addr"),
      .state = row.text_or_empty("sender_state"),
      .sent = row.lsn("sender_sent"),
      .write = row.lsn("sender_write"),
      .flush = row.lsn("sender_flush"),
      .replay = row.lsn("sender_replay"),
      .sync_state = row.text_or_empty("sender_sync_state"),
      .sync_priority = row.number<int>("sender_sync_priority"),
      .write_lag = row.number<double>("sender_write_lag"),
      .flush_lag = row.number<double>("sender_flush_lag"),
      .replay_lag = row.number<double>("sender_replay_lag"),
      .slot_name = row.name("sender_slot_name"),
      .slot_type = row.name("sender_slot_type"),
  };
}

// "2 0/3000060": a place of the control file. Absent for "0 0/0", which is none.
std::optional<cluster::ControlPoint> decode_place_of(const std::optional<std::string>& text) {
  const auto space = text ? text->find(' ') : std::string::npos;
  if (space == std::string::npos) {
    return std::nullopt;
  }
  std::uint32_t timeline = 0;
  const char* const end = text->data() + space;
  const auto [stopped, problem] = std::from_chars(text->data(), end, timeline);
  const auto position = pg::Lsn::parse(std::string_view{*text}.substr(space + 1));
  if (problem != std::errc{} || stopped != end || timeline == 0 || !position) {
    return std::nullopt;
  }
  return cluster::ControlPoint{pg::TimelineId{timeline}, *position};
}

void decode_senders(const pg::ResultSet& rows, cluster::TickReading& reading) {
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const Row row{rows, i};
    const auto pid = row.number<std::int64_t>("sender_pid");
    if (!pid) {
      continue;
    }
    // The state is never NULL but for a role that may only see that there is a sender.
    if (row.text("sender_state")) {
      reading.senders.push_back(decode_sender(row, *pid));
    } else {
      reading.senders_hidden = true;
    }
  }
}

// "a, b" of a setting that is a list of names.
std::vector<std::string> split_names(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view name = list.substr(0, comma);
    const auto is_edge = [](char c) { return c == ' ' || c == '"'; };
    while (!name.empty() && is_edge(name.front())) {
      name.remove_prefix(1);
    }
    while (!name.empty() && is_edge(name.back())) {
      name.remove_suffix(1);
    }
    if (!name.empty()) {
      names.emplace_back(name);
    }
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return names;
}

// Where a segment begins, by its number in two parts: "0000000A000000FF".
std::optional<pg::Lsn> segment_start(const std::string& number, std::uint64_t segment_bytes) {
  constexpr std::size_t kDigits = 8;
  if (number.size() != 2 * kDigits || segment_bytes == 0) {
    return std::nullopt;
  }
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  const char* text = number.data();
  const bool read =
      std::from_chars(text, text + kDigits, high, 16).ptr == text + kDigits &&
      std::from_chars(text + kDigits, text + 2 * kDigits, low, 16).ptr == text + 2 * kDigits;
  return read ? std::optional{pg::Lsn{(high << 32U) + low * segment_bytes}} : std::nullopt;
}

constexpr const char* kRecoveryLimits[] = {
    "max_connections",
    "max_worker_processes",
    "max_wal_senders",
    "max_prepared_transactions",
    "max_locks_per_transaction",
};

}  // namespace

Expected<cluster::TickReading, std::string> decode_tick(const pg::ResultSet& rows) {
  if (rows.rows() == 0) {
    return Unexpected<std::string>{"the tick returned no row"};
  }
  const Row first{rows, 0};
  const auto in_recovery = first.boolean("in_recovery");
  const auto server_time = first.number<double>("server_time");
  if (!in_recovery || !server_time) {
    return Unexpected<std::string>{"the tick lacks in_recovery or server_time"};
  }
  cluster::TickReading reading{
      .role = *in_recovery ? cluster::Role::Standby : cluster::Role::Primary,
      .server_time = *server_time,
      .postmaster_start_time = first.number<double>("postmaster_start_time").value_or(0),
      .position = first.lsn("position"),
      .received = first.lsn("received"),
      .last_xact_replay_time = first.number<double>("last_xact_replay_time"),
      .replay_paused = first.boolean("replay_paused").value_or(false),
  };
  if (const auto timeline = first.number<std::uint32_t>("timeline"); timeline && *timeline > 0) {
    reading.timeline = pg::TimelineId{*timeline};
  }
  if (auto status = first.name("receiver_status")) {
    reading.receiver = decode_receiver(first, std::move(*status));
  } else {
    reading.receiver = first.text("receiver_pid") ? cluster::Seen<cluster::WalReceiver>::hidden()
                                                  : cluster::Seen<cluster::WalReceiver>::none();
  }
  if (const auto identifier = first.number<std::uint64_t>("system_identifier")) {
    reading.system_identifier = pg::SystemIdentifier{*identifier};
  }
  reading.promoted_at = first.lsn("promoted_at");
  for (const char* column : {"checkpoint_at", "min_recovery_at"}) {
    if (const auto place = decode_place_of(first.text(column))) {
      reading.control_points.push_back(*place);
    }
  }
  decode_senders(rows, reading);
  return reading;
}

cluster::ServerFacts decode_server_facts(const pg::ResultSet& rows, pg::ServerVersion version) {
  cluster::ServerFacts facts{.version = version};
  if (rows.rows() == 0) {
    return facts;
  }
  const Row row{rows, 0};
  if (const auto identifier = row.number<std::uint64_t>("system_identifier")) {
    facts.system_identifier = pg::SystemIdentifier{*identifier};
  }
  facts.cluster_name = row.text_or_empty("cluster_name");
  if (const auto delay = row.number<std::int64_t>("recovery_min_apply_delay")) {
    facts.recovery_min_apply_delay = std::chrono::milliseconds{*delay};
  }
  facts.synchronous_standby_names = row.text_or_empty("synchronous_standby_names");
  facts.address = row.name("address");
  facts.wal_segment_bytes = row.number<std::uint64_t>("wal_segment_size");
  facts.restores_from_archive = row.boolean("restores_from_archive");
  facts.has_recovery_target = row.boolean("has_recovery_target").value_or(false);
  facts.follows_latest_timeline = row.boolean("follows_latest_timeline");
  for (const char* setting : kRecoveryLimits) {
    if (const auto value = row.number<std::int64_t>(setting)) {
      facts.recovery_limits[setting] = *value;
    }
  }
  facts.synchronized_standby_slots = split_names(row.text_or_empty("synchronized_standby_slots"));
  facts.login = row.text_or_empty("login");
  facts.has_monitor_rights = row.boolean("has_monitor_rights");
  facts.is_monitor_member = row.boolean("is_monitor_member");
  facts.reads_all_settings = row.boolean("reads_all_settings");
  return facts;
}

cluster::Archiver decode_archiver(const pg::ResultSet& rows) {
  if (rows.rows() == 0) {
    return {};
  }
  const Row row{rows, 0};
  return {
      .enabled = row.text_or_empty("archive_mode") != "off",
      .last_archived_wal = row.name("last_archived_wal"),
      .is_failing = row.boolean("is_failing").value_or(false),
  };
}

cluster::DatabaseTotals decode_database_totals(
    const pg::ResultSet& rows, cluster::Instant read_at
) {
  cluster::DatabaseTotals totals{.read_at = read_at};
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const Row row{rows, i};
    totals.transactions += row.number<double>("xact_commit").value_or(0) +
                           row.number<double>("xact_rollback").value_or(0);
    totals.blocks_hit += row.number<double>("blks_hit").value_or(0);
    totals.blocks_read += row.number<double>("blks_read").value_or(0);
  }
  return totals;
}

cluster::SessionCounts decode_sessions(const pg::ResultSet& rows) {
  cluster::SessionCounts sessions;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const Row row{rows, i};
    sessions[row.text_or_empty("state")] += row.number<double>("count").value_or(0);
  }
  return sessions;
}

std::optional<cluster::WalFiles> decode_wal_files(const pg::ResultSet& rows) {
  if (rows.rows() == 0) {
    return std::nullopt;
  }
  const Row row{rows, 0};
  cluster::WalFiles files{.oldest = std::nullopt, .timeline_at_replay = {}, .replay = {}};
  files.replay = row.lsn("replay");
  files.oldest = segment_start(
      row.text_or_empty("oldest_segment"), row.number<std::uint64_t>("segment_bytes").value_or(0)
  );
  const std::string timeline = row.text_or_empty("timeline_at_replay");
  std::uint32_t number = 0;
  const char* end = timeline.data() + timeline.size();
  if (std::from_chars(timeline.data(), end, number, 16).ptr == end && number > 0) {
    files.timeline_at_replay = pg::TimelineId{number};
  }
  return files;
}

cluster::Seen<cluster::SyncWaits> decode_sync_waits(
    const pg::ResultSet& rows, cluster::Instant read_at
) {
  cluster::SyncWaits waits{.sessions = {}, .read_at = read_at};
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const Row row{rows, i};
    if (!row.boolean("may_see").value_or(false)) {
      return cluster::Seen<cluster::SyncWaits>::hidden();
    }
    if (const auto pid = row.number<std::int64_t>("pid")) {
      waits.sessions.push_back({*pid, row.number<double>("query_start")});
    }
  }
  return waits;
}

std::vector<cluster::ReplicationSlot> decode_replication_slots(const pg::ResultSet& rows) {
  std::vector<cluster::ReplicationSlot> slots;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const Row row{rows, i};
    slots.push_back(
        {.name = row.text_or_empty("slot_name"),
         .type = row.text_or_empty("slot_type"),
         .database = row.text_or_empty("database"),
         .active = row.boolean("active").value_or(false),
         .active_pid = row.number<std::int64_t>("active_pid"),
         .restart = row.lsn("restart_lsn"),
         .confirmed_flush = row.lsn("confirmed_flush_lsn"),
         .wal_status = row.name("wal_status"),
         .safe_wal_bytes = row.number<std::int64_t>("safe_wal_size"),
         .inactive_since = row.number<double>("inactive_since"),
         .temporary = row.boolean("temporary").value_or(false),
         .two_phase = row.boolean("two_phase").value_or(false),
         .conflicting = row.boolean("conflicting"),
         .failover = row.boolean("failover").value_or(false),
         .synced = row.boolean("synced").value_or(false),
         .invalidation_reason = row.name("invalidation_reason")}
    );
  }
  return slots;
}

std::optional<int> decode_place(const pg::ResultSet& rows) {
  return rows.rows() == 0 ? std::nullopt : Row{rows, 0}.number<int>("place");
}

std::optional<cluster::ServerTime> decode_start_time(const pg::ResultSet& rows) {
  return rows.rows() == 0 ? std::nullopt : Row{rows, 0}.number<double>("postmaster_start_time");
}

Expected<cluster::EndpointReading, std::string> decode_endpoint(const pg::ResultSet& rows) {
  if (rows.rows() != 1) {
    return Unexpected{std::string{"the endpoint does not answer with one row"}};
  }
  const Row row{rows, 0};
  const auto in_recovery = row.boolean("in_recovery");
  const auto read_only = row.text("transaction_read_only");
  const auto started = row.number<double>("postmaster_start_time");
  if (!in_recovery || !read_only || !started) {
    return Unexpected{std::string{"the endpoint's answer lacks a column"}};
  }
  cluster::EndpointReading reading{
      .role = *in_recovery ? cluster::Role::Standby : cluster::Role::Primary,
      .read_only = *read_only == "on",
      .postmaster_start_time = *started,
  };
  if (const auto identifier = row.number<std::uint64_t>("system_identifier")) {
    reading.system_identifier = pg::SystemIdentifier{*identifier};
  }
  return reading;
}

}  // namespace pgrepl::sampling
