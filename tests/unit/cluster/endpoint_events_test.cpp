#include "cluster/endpoint_events.h"

#include <gtest/gtest.h>

namespace pgrepl::cluster {
namespace {

Cluster leading_to(const std::string& server, Role role = Role::Primary) {
  EndpointStatus status{.probe = {.name = "write", .duration = {}}, .server = server};
  status.probe.reading = EndpointReading{.role = role};
  status.ok = role == Role::Primary;
  Cluster cluster;
  cluster.endpoints = {status};
  return cluster;
}

Cluster leading_nowhere() {
  EndpointStatus status{.probe = {.name = "write", .duration = {}}, .server = std::nullopt};
  status.probe.failure = Failure{pg::FailureReason::Refused, "connection refused"};
  Cluster cluster;
  cluster.endpoints = {status};
  return cluster;
}

// The events of each cluster in turn, as "kind message", one line each.
std::string told(const std::vector<Cluster>& seen) {
  Memory memory;
  std::string text;
  for (const Cluster& cluster : seen) {
    for (const Event& event : note_ways_in(cluster, memory)) {
      text += std::string{to_string(event.kind)} + " " + event.message + "\n";
    }
  }
  return text;
}

TEST(NoteWaysIn, AnEndpointIsToldOnceUntilItChanges) {
  EXPECT_EQ(
      told({leading_to("pg-1"), leading_to("pg-1"), leading_nowhere(), leading_nowhere()}),
      "endpoint_ok endpoint write is ok: leads to pg-1, a primary\n"
      "endpoint_not_ok endpoint write is not ok: does not answer (refused): connection refused\n"
  );
}

TEST(NoteWaysIn, AnEndpointThatComesBackIsToldAnew) {
  const std::string line = "endpoint_ok endpoint write is ok: leads to pg-1, a primary\n";
  EXPECT_EQ(told({leading_to("pg-1"), Cluster{}, leading_to("pg-1")}), line + line);
}

TEST(NoteWaysIn, WhatIsConfiguredNoLongerIsForgotten) {
  Memory memory;
  Cluster cluster = leading_to("pg-1");
  PgBouncerStatus bouncer;
  bouncer.probe.name = "b";
  bouncer.probe.reading = PgBouncerReading{};
  cluster.pgbouncers = {bouncer};
  (void)note_ways_in(cluster, memory);
  EXPECT_EQ(memory.endpoints.size() + memory.pgbouncers_up.size(), 2U);
  (void)note_ways_in(Cluster{}, memory);
  EXPECT_EQ(memory.endpoints.size() + memory.pgbouncers_up.size(), 0U);
}

TEST(NoteWaysIn, AnEndpointThatMovesIsTold) {
  EXPECT_EQ(
      told({leading_to("pg-1"), leading_to("pg-2")}),
      "endpoint_ok endpoint write is ok: leads to pg-1, a primary\n"
      "endpoint_ok endpoint write is ok: leads to pg-2, a primary\n"
  );
}

TEST(NoteWaysIn, TheWrongRoleIsNamed) {
  EXPECT_EQ(
      told({leading_to("pg-2", Role::Standby)}),
      "endpoint_not_ok endpoint write is not ok: leads to pg-2, a standby\n"
  );
  Cluster strange = leading_to("");
  strange.endpoints[0].server.reset();
  strange.endpoints[0].ok = false;
  strange.endpoints[0].probe.reading->read_only = true;
  EXPECT_EQ(
      told({strange}),
      "endpoint_not_ok endpoint write is not ok: leads to a read-only primary unknown here\n"
  );
}

TEST(NoteWaysIn, WhatWasNotTriedIsNotTold) {
  Cluster cluster = leading_nowhere();
  cluster.endpoints[0].probe.failure.reset();
  cluster.pgbouncers = {{.probe = {.name = "b", .reading = {}, .failure = {}}, .routes = {}}};
  EXPECT_EQ(told({cluster}), "");
}

TEST(NoteWaysIn, APgBouncerThatFallsSilentAndComesBackIsTold) {
  Cluster up;
  up.pgbouncers = {
      {.probe = {.name = "b", .reading = PgBouncerReading{}, .failure = {}}, .routes = {}}};
  Cluster down;
  down.pgbouncers = {
      {.probe =
           {.name = "b", .reading = {}, .failure = Failure{pg::FailureReason::Timeout, "late"}},
       .routes = {}}};
  EXPECT_EQ(
      told({up, up, down, down, up}),
      "pgbouncer_up PgBouncer b answers\n"
      "pgbouncer_down PgBouncer b does not answer (timeout): late\n"
      "pgbouncer_up PgBouncer b answers\n"
  );
}

}  // namespace
}  // namespace pgrepl::cluster
