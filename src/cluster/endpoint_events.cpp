#include "cluster/endpoint_events.h"

#include <algorithm>
#include <string>
#include <utility>

namespace pgrepl::cluster {

namespace {

std::string describe_failure(const Failure& failure) {
  return "does not answer (" + std::string{to_string(failure.reason)} + "): " + failure.message;
}

std::string describe_goal(const EndpointStatus& status) {
  const EndpointReading& reading = *status.probe.reading;
  const bool read_only = reading.role == Role::Primary && reading.read_only;
  const std::string role = reading.role == Role::Standby ? "a standby"
                           : read_only                   ? "a read-only primary"
                                                         : "a primary";
  return "leads to " + (status.server ? *status.server + ", " + role : role + " unknown here");
}

// A way to write has moved when it leads to another server; a balanced way to read leads to one or
// the other of several, and has moved when it leads to one more. At a switchover the server may not
// have told us yet that it was started anew: that is no news.
bool has_moved(const EndpointStatus& status, const EndpointMemory& before) {
  if (!status.server) {
    return false;
  }
  const bool balanced = status.probe.expects_any || status.probe.expect == Role::Standby;
  const bool known =
      std::ranges::find(before.known_servers, *status.server) != before.known_servers.end();
  return balanced ? !known : before.server != status.server;
}

void note_server(const EndpointStatus& status, EndpointMemory& known) {
  constexpr std::size_t kMost = 64;
  if (!status.ok || !status.server) {
    return;
  }
  known.server = status.server;
  auto& servers = known.known_servers;
  if (servers.size() < kMost && std::ranges::find(servers, *status.server) == servers.end()) {
    servers.push_back(*status.server);
  }
}

void note_endpoint(const EndpointStatus& status, Memory& memory, std::vector<Event>& events) {
  const EndpointProbe& probe = status.probe;
  if (!probe.reading && !probe.failure) {
    return;
  }
  const auto known = memory.endpoints.find(probe.name);
  const bool is_new = known == memory.endpoints.end();
  EndpointMemory now = is_new ? EndpointMemory{} : known->second;
  const bool moved = !is_new && status.ok && has_moved(status, now);
  const bool was_ok = now.ok;
  now.ok = status.ok;
  note_server(status, now);
  if (is_new || was_ok != now.ok || moved) {
    const std::string what =
        probe.failure ? describe_failure(*probe.failure) : describe_goal(status);
    events.push_back(
        {now.ok ? EventKind::EndpointOk : EventKind::EndpointNotOk,
         "",
         "endpoint " + probe.name + (now.ok ? " is ok: " : " is not ok: ") + what}
    );
  }
  memory.endpoints.insert_or_assign(probe.name, now);
}

void note_pgbouncer(const PgBouncerProbe& probe, Memory& memory, std::vector<Event>& events) {
  if (!probe.reading && !probe.failure) {
    return;
  }
  const bool up = probe.reading.has_value();
  const auto known = memory.pgbouncers_up.find(probe.name);
  if (known == memory.pgbouncers_up.end() || known->second != up) {
    events.push_back(
        {up ? EventKind::PgBouncerUp : EventKind::PgBouncerDown,
         "",
         "PgBouncer " + probe.name + " " + (up ? "answers" : describe_failure(*probe.failure))}
    );
  }
  memory.pgbouncers_up.insert_or_assign(probe.name, up);
}

// What is configured no longer is forgotten: should it come back, it is told anew.
template <class Known, class Statuses>
void keep_configured(Known& known, const Statuses& statuses) {
  std::erase_if(known, [&statuses](const auto& one) {
    return std::ranges::none_of(statuses, [&one](const auto& status) {
      return status.probe.name == one.first;
    });
  });
}

}  // namespace

std::vector<Event> note_ways_in(const Cluster& cluster, Memory& memory) {
  keep_configured(memory.endpoints, cluster.endpoints);
  keep_configured(memory.pgbouncers_up, cluster.pgbouncers);
  std::vector<Event> events;
  for (const EndpointStatus& status : cluster.endpoints) {
    note_endpoint(status, memory, events);
  }
  for (const PgBouncerStatus& status : cluster.pgbouncers) {
    note_pgbouncer(status.probe, memory, events);
  }
  return events;
}

}  // namespace pgrepl::cluster
