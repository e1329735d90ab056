// Samples of servers in the words of the tests: primary("pg-1").at("0/3000060").
#pragma once

#include "cluster/sample.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgrepl::testing {

using cluster::Instant;
using cluster::Seconds;

// The instant `seconds` after the beginning of a test's time.
inline Instant instant(double seconds) {
  return Instant{} + std::chrono::hours{1000} +
         std::chrono::duration_cast<Instant::duration>(Seconds{seconds});
}

inline pg::Lsn lsn(const std::string& text) {
  return pg::Lsn::parse(text).value();
}

// One row of pg_stat_replication.
class SenderBuilder {
 public:
  explicit SenderBuilder(std::string application_name) {
    row_.application_name = std::move(application_name);
    row_.state = "streaming";
    row_.sync_state = "async";
  }

  SenderBuilder& slot(std::string name, std::string type = "physical") {
    row_.slot_name = std::move(name);
    row_.slot_type = std::move(type);
    return *this;
  }

  SenderBuilder& from(std::string address) {
    row_.client_addr = std::move(address);
    return *this;
  }

  SenderBuilder& state(std::string state) {
    row_.state = std::move(state);
    return *this;
  }

  SenderBuilder& replayed(const std::string& position) {
    row_.sent = row_.write = row_.flush = row_.replay = lsn(position);
    return *this;
  }

  SenderBuilder& positions(
      const std::string& sent,
      const std::string& write,
      const std::string& flush,
      const std::string& replay
  ) {
    row_.sent = lsn(sent);
    row_.write = lsn(write);
    row_.flush = lsn(flush);
    row_.replay = lsn(replay);
    return *this;
  }

  operator cluster::WalSender() const { return row_; }  // NOLINT: a builder is what it builds

 private:
  cluster::WalSender row_;
};

inline SenderBuilder sender(std::string application_name = "walreceiver") {
  return SenderBuilder{std::move(application_name)};
}

class SampleBuilder {
 public:
  SampleBuilder(std::string name, cluster::Role role) {
    sample_.name = name;
    sample_.endpoint = {.host = std::move(name), .port = 5432};
    sample_.tick.emplace();
    sample_.tick->reading.role = role;
    sample_.tick->reading.timeline = pg::TimelineId{1};
    asked_at(0);
    facts().system_identifier = pg::SystemIdentifier{7};
  }

  SampleBuilder& at(const std::string& position) {
    reading().position = lsn(position);
    return *this;
  }

  SampleBuilder& replayed(const std::string& position) { return at(position); }

  SampleBuilder& received(const std::string& position) {
    reading().received = lsn(position);
    return *this;
  }

  // Asked and answered at once, at `seconds`; the server's clock runs `skew` ahead.
  SampleBuilder& asked_at(double seconds, double skew = 0) {
    sample_.tick->sent = sample_.tick->received = instant(seconds);
    reading().server_time = server_epoch() + seconds + skew;
    return *this;
  }

  // Asked at `sent`, answered at `received`.
  SampleBuilder& exchanged(double sent, double received) {
    sample_.tick->sent = instant(sent);
    sample_.tick->received = instant(received);
    reading().server_time = server_epoch() + (sent + received) / 2;
    return *this;
  }

  SampleBuilder& timeline(std::uint32_t id) {
    reading().timeline = pg::TimelineId{id};
    return *this;
  }

  SampleBuilder& last_commit_at(double seconds) {
    reading().last_xact_replay_time = server_epoch() + seconds;
    return *this;
  }

  SampleBuilder& paused() {
    reading().replay_paused = true;
    return *this;
  }

  SampleBuilder& apply_delay(std::chrono::milliseconds delay) {
    facts().recovery_min_apply_delay = delay;
    return *this;
  }

  SampleBuilder& system_identifier(std::uint64_t id) {
    facts().system_identifier = pg::SystemIdentifier{id};
    return *this;
  }

  SampleBuilder& cluster_name(std::string name) {
    facts().cluster_name = std::move(name);
    return *this;
  }

  SampleBuilder& address(std::string address) {
    sample_.addresses = {std::move(address)};
    return *this;
  }

  SampleBuilder& receives_from(
      const std::string& host,
      std::optional<std::string> slot = std::nullopt,
      std::optional<std::string> application_name = std::nullopt
  ) {
    reading().receiver = cluster::WalReceiver{
        .status = "streaming",
        .sender_host = host,
        .sender_port = 5432,
        .slot_name = std::move(slot),
        .application_name = std::move(application_name),
    };
    return *this;
  }

  SampleBuilder& started_at(double seconds) {
    reading().postmaster_start_time = server_epoch() + seconds;
    return *this;
  }

  // A primary that was promoted while it ran.
  SampleBuilder& promoted_at(const std::string& position) {
    reading().promoted_at = lsn(position);
    return *this;
  }

  // What its control file says of a standby without a receiver.
  SampleBuilder& control(std::uint32_t timeline, const std::string& position) {
    reading().control_points.push_back({pg::TimelineId{timeline}, lsn(position)});
    return *this;
  }

  // Our role may not see receiver and senders.
  SampleBuilder& hidden() {
    reading().receiver = cluster::Seen<cluster::WalReceiver>::hidden();
    reading().senders_hidden = true;
    return *this;
  }

  SampleBuilder& restores_from_archive(bool restores = true) {
    facts().restores_from_archive = restores;
    return *this;
  }

  SampleBuilder& limit(const std::string& setting, std::int64_t value) {
    facts().recovery_limits[setting] = value;
    return *this;
  }

  SampleBuilder& version(int number) {
    facts().version = pg::ServerVersion{number};
    return *this;
  }

  // The file that the primary's archiver finished last.
  SampleBuilder& archived(const std::string& file) {
    sample_.archiver = cluster::Archiver{.enabled = true, .last_archived_wal = file};
    facts().wal_segment_bytes = 16U << 20U;
    return *this;
  }

  SampleBuilder& wal_from(const std::string& position) {
    sample_.wal_files.emplace();
    sample_.wal_files->oldest = lsn(position);
    return *this;
  }

  SampleBuilder& told_of(const std::string& latest_end) {
    reading().receiver->latest_end = lsn(latest_end);
    return *this;
  }

  SampleBuilder& sends(cluster::WalSender row) {
    reading().senders.push_back(std::move(row));
    return *this;
  }

  // Does not answer; what was set before is of no use then.
  SampleBuilder& down(pg::FailureReason reason = pg::FailureReason::Refused) {
    sample_.tick.reset();
    sample_.failure = cluster::Failure{reason, "connection refused"};
    return *this;
  }

  operator cluster::ServerSample() const { return sample_; }  // NOLINT: likewise

 private:
  static double server_epoch() { return 1.7e9; }

  cluster::TickReading& reading() { return sample_.tick->reading; }

  cluster::ServerFacts& facts() {
    if (!sample_.facts) {
      sample_.facts.emplace();
    }
    return *sample_.facts;
  }

  cluster::ServerSample sample_;
};

inline SampleBuilder primary(std::string name) {
  return {std::move(name), cluster::Role::Primary};
}

inline SampleBuilder standby(std::string name) {
  return {std::move(name), cluster::Role::Standby};
}

}  // namespace pgrepl::testing
