#include "pg/sql_state.h"

namespace pgrepl::pg {

std::string_view to_string(FailureReason reason) {
  switch (reason) {
    case FailureReason::Refused:
      return "refused";
    case FailureReason::Timeout:
      return "timeout";
    case FailureReason::Auth:
      return "auth";
    case FailureReason::Tls:
      return "tls";
    case FailureReason::Dns:
      return "dns";
    case FailureReason::TooManyConnections:
      return "too_many_connections";
    case FailureReason::StartingUp:
      return "starting_up";
    case FailureReason::ShuttingDown:
      return "shutting_down";
    case FailureReason::Permission:
      return "permission";
    case FailureReason::Unsupported:
      return "unsupported";
    case FailureReason::Pooler:
      return "pooler";
    case FailureReason::TooLarge:
      return "too_large";
    case FailureReason::Other:
      return "other";
  }
  return "other";
}

bool is_lasting(FailureReason reason) {
  return reason == FailureReason::Auth || reason == FailureReason::Unsupported ||
         reason == FailureReason::Pooler || reason == FailureReason::TooLarge;
}

FailureReason classify_sql_state(std::string_view sqlstate) {
  if (sqlstate.starts_with("28")) {
    return FailureReason::Auth;
  }
  if (sqlstate == "53300") {
    return FailureReason::TooManyConnections;
  }
  if (sqlstate == "57P03") {
    return FailureReason::StartingUp;
  }
  if (sqlstate == "57P01" || sqlstate == "57P02") {
    return FailureReason::ShuttingDown;
  }
  // 57014: cancelled by statement_timeout; 55P03: lock_timeout.
  if (sqlstate == "57014" || sqlstate == "55P03") {
    return FailureReason::Timeout;
  }
  if (sqlstate == "42501") {
    return FailureReason::Permission;
  }
  return FailureReason::Other;
}

bool ends_session(std::string_view sqlstate) {
  return sqlstate.starts_with("08") || (sqlstate.starts_with("57P"));
}

}  // namespace pgrepl::pg
