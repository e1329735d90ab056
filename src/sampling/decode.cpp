#include "sampling/decode.h"

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
    return value ? std::optional{*value == "t"} : std::nullopt;
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
      .slot_name = row.name("sender_slot_name"),
      .slot_type = row.name("sender_slot_type"),
  };
}

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
  }
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const Row row{rows, i};
    if (const auto pid = row.number<std::int64_t>("sender_pid")) {
      reading.senders.push_back(decode_sender(row, *pid));
    }
  }
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
         .inactive_since = row.number<double>("inactive_since")}
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
