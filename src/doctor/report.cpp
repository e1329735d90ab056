#include "doctor/findings.h"
#include "support/printable.h"

namespace pgrepl::doctor {

namespace {

std::string heading(const Examined& server) {
  std::string text = server.cluster + '/' + server.name;
  if (!server.failure) {
    text += server.facts.is_true("in_recovery") ? " (standby, " : " (primary, ";
    text += "PostgreSQL " + server.facts.text("server_version") + ")";
  }
  return text;
}

}  // namespace

void meet_primaries(std::span<Examined> servers) {
  for (Examined& standby : servers) {
    for (const Examined& other : servers) {
      const std::string birth = standby.facts.text("system_identifier");
      if (standby.facts.is_true("in_recovery") && other.facts.is_false("in_recovery") &&
          !birth.empty() && birth == other.facts.text("system_identifier")) {
        standby.primary = other.facts;
      }
    }
  }
}

std::string report(std::span<const Examined> servers) {
  std::string text;
  std::size_t total = 0;
  for (const Examined& server : servers) {
    const auto findings = examine(server);
    total += findings.size();
    text += printable(heading(server)) + (findings.empty() ? ": nothing found\n" : "\n");
    for (const Finding& finding : findings) {
      text += "  " + std::string{finding.check} + ": " + printable(finding.message) + "\n    " +
              printable_lines(finding.remedy) + "\n";
    }
  }
  text += std::to_string(total) + (total == 1 ? " finding" : " findings") + " on " +
          std::to_string(servers.size()) + (servers.size() == 1 ? " server\n" : " servers\n");
  return text;
}

}  // namespace pgrepl::doctor
