#include "doctor/recovery_limits.h"

#include <cmath>
#include <string>

namespace pgrepl::doctor {

namespace {

std::string count(double number) {
  return std::to_string(std::llround(number));
}

}  // namespace

std::optional<Finding> recovery_limits(const Examined& server) {
  if (!server.facts.is_true("in_recovery") || !server.primary) {
    return std::nullopt;
  }
  std::string low;
  std::string remedy;
  for (const char* setting :
       {"max_connections",
        "max_worker_processes",
        "max_wal_senders",
        "max_prepared_transactions",
        "max_locks_per_transaction"}) {
    const auto here = server.facts.number(setting);
    const auto primary = server.primary->number(setting);
    if (here && primary && *here < *primary) {
      low += (low.empty() ? "" : ", ") + std::string{setting} + " is " + count(*here) + ", and " +
             count(*primary) + " on its primary";
      remedy += (remedy.empty() ? "" : " ") + std::string{"ALTER SYSTEM SET "} + setting + " = " +
                count(*primary) + ";";
    }
  }
  if (low.empty()) {
    return std::nullopt;
  }
  return Finding{
      "",
      low + ": it stops to replay when it learns of it",
      remedy + " and restart the server; raise them on standbys first"};
}

}  // namespace pgrepl::doctor
