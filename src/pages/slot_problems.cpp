#include "pages/slot_problems.h"

#include "pages/quantities.h"

#include <algorithm>
#include <utility>

namespace pgrepl::pages {

namespace {

using cluster::Seconds;
using cluster::Server;

// Nothing is lost yet; but there is little time left to look for the consumer.
constexpr Seconds kLossIsNear{3600};
// A consumer that is connected and has not moved for so long is stuck.
constexpr Seconds kIsStuck{300};

// The standby that reads the slot now, or did last.
const Server* reader_of(const WatchedCluster& watched, const cluster::ReplicationSlot& slot) {
  const auto found = std::ranges::find_if(watched.cluster.servers, [&slot](const Server& server) {
    return server.standby && server.standby->upstream &&
           server.standby->upstream->slot_name == slot.name;
  });
  return found == watched.cluster.servers.end() ? nullptr : &*found;
}

// A standby goes on without its slot where an archive has what the slot lost. A logical consumer
// needs that slot: its changes are decoded from WAL that is gone.
std::string advise_invalid(const WatchedCluster& watched, const cluster::ReplicationSlot& slot) {
  const std::string again = " Then drop the slot, and create it again if it is wanted.";
  const std::string reason = *invalidation_of(slot);
  if (slot.type != "physical") {
    const std::string first =
        reason == "wal_level_insufficient" ? "Set wal_level = logical on the primary again. "
        : reason == "rows_removed" ? "hot_standby_feedback = on keeps such rows for the next one. "
                                   : "";
    return first + "Its consumer must be set up anew, with its tables copied again." + again;
  }
  if (reason == "idle_timeout") {
    return "Its consumer goes on if the WAL that it needs is still there." + again;
  }
  const Server* reader = reader_of(watched, slot);
  if (reader == nullptr) {
    return "Find out who read it: that consumer lacks WAL." + again;
  }
  if (restores_from_archive(reader->sample).value_or(false)) {
    return reader->sample.name + " has a restore_command: it goes on if the archive has that WAL." +
           again;
  }
  return reader->sample.name + " must be rebuilt unless it still receives." + again;
}

std::string words_of_invalidation(const std::string& reason) {
  if (reason == "wal_removed") {
    return " has lost WAL its consumer still needs";
  }
  const char* why = reason == "rows_removed" ? "rows that it needs were removed"
                    : reason == "wal_level_insufficient"
                        ? "wal_level of the primary is below logical"
                    : reason == "idle_timeout" ? "nobody used it for idle_replication_slot_timeout"
                                               : "what it needs was removed";
  return std::string{" is invalidated: "} + why;
}

Problem describe_invalid(
    const WatchedCluster& watched,
    const Server& server,
    const cluster::ReplicationSlot& slot,
    const std::string& where
) {
  const std::string reason = *invalidation_of(slot);
  Problem problem{
      .severity = Severity::Critical,
      .server = server.sample.name,
      .message = where + words_of_invalidation(reason),
      .advice = advise_invalid(watched, slot),
      .remedy = Remedy::DropSlot,
      .evidence = "the server says: " + reason,
      .kind = "slot_invalidated"};
  if (slot.synced) {
    problem.severity = Severity::Warning;
    problem.advice = "It is a copy that the server keeps itself; look at the primary's slot.";
    problem.remedy = Remedy::Look;
  }
  return problem;
}

std::optional<Problem> describe_stuck(
    const Server& server, const cluster::SlotStatus& status, const std::string& where
) {
  if (!status.waits_for.empty()) {
    std::string names;
    for (const std::string& name : status.waits_for) {
      names += (names.empty() ? "" : ", ") + name;
    }
    return Problem{
        .severity = Severity::Warning,
        .server = server.sample.name,
        .message =
            "logical decoding of " + where + " stands still: it waits for the standby of " + names,
        .advice = "Bring the standby that reads " + names + " back.",
        .remedy = Remedy::Reconnect,
        .evidence = "synchronized_standby_slots names " + names + ", and nobody reads it",
        .kind = "synchronized_standby_slots"};
  }
  const auto& stalled = status.stalled;
  if (!status.slot.active || status.slot.synced || !stalled || *stalled < kIsStuck) {
    return std::nullopt;
  }
  return Problem{
      .severity = Severity::Warning,
      .server = server.sample.name,
      .message = "the consumer of " + where + " is connected and has not moved for " +
                 format_time(stalled),
      .advice = "Look at the consumer's log: a worker that fails and starts again gets no further.",
      .remedy = Remedy::Look,
      .evidence = "",
      .kind = "slot_stalled"};
}

}  // namespace

std::optional<Problem> describe_slot(
    const WatchedCluster& watched, const Server& server, const cluster::SlotStatus& status
) {
  const cluster::ReplicationSlot& slot = status.slot;
  const std::string where = "slot " + slot.name + " of " + server.sample.name;
  if (invalidation_of(slot)) {
    return describe_invalid(watched, server, slot, where);
  }
  const bool near = status.time_to_loss && *status.time_to_loss < kLossIsNear;
  if (!near && slot.wal_status != "unreserved") {
    return describe_stuck(server, status, where);
  }
  std::string message = where + " is about to lose WAL its consumer still needs";
  if (status.time_to_loss) {
    message += ", in " + format_time(status.time_to_loss) + " at the present rate";
  }
  return Problem{
      .severity = Severity::Warning,
      .server = server.sample.name,
      .message = std::move(message),
      .advice = reader_of(watched, slot) != nullptr
                    ? "Bring its standby back or let it catch up; if the disk has room, raise "
                      "max_slot_wal_keep_size."
                    : "Bring its consumer back; if the disk has room, raise "
                      "max_slot_wal_keep_size.",
      .remedy = Remedy::Reconnect,
      .evidence = "",
      .kind = "slot_loss"};
}

}  // namespace pgrepl::pages
