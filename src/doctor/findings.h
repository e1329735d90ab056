// What is missing on a server for full monitoring and for safe replication, with what mends it.
#pragma once

#include "doctor/facts.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::doctor {

// One server as the doctor saw it.
struct Examined {
  std::string cluster;
  std::string name;
  std::optional<std::string> failure;  // why it could not be asked
  Facts facts;
  std::optional<double> clock_offset;  // seconds, the server's clock less ours
  double clock_uncertainty = 0;        // seconds, half of the round trip
  bool asks_for_no_password = false;   // a login without one was let in
  bool is_pooled = false;              // its address leads through a pooler
  bool is_local = false;               // at a loopback address or a Unix socket
  // Of a standby: what its primary says, if that is among the servers that were asked.
  std::optional<Facts> primary{};
};

struct Finding {
  std::string_view check;  // its name in docs/doctor.md
  std::string message;
  std::string remedy;  // SQL for the server, or what to set where

  friend bool operator==(const Finding&, const Finding&) = default;
};

// Gives each standby the facts of the primary that was born with it.
void meet_primaries(std::span<Examined> servers);

// In the order of the checks; none when all is well.
[[nodiscard]] std::vector<Finding> examine(const Examined& server);

// The names of all checks.
[[nodiscard]] std::vector<std::string_view> checks();

// For a terminal: each server with its findings, and a line with their number.
[[nodiscard]] std::string report(std::span<const Examined> servers);

}  // namespace pgrepl::doctor
