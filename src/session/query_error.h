// Why a server or a statement did not give what was asked.
#pragma once

#include "pg/result_set.h"
#include "pg/sql_state.h"
#include "support/expected.h"

#include <string>

namespace pgrepl::session {

struct ConnectError {
  pg::FailureReason reason = pg::FailureReason::Other;
  std::string message;    // one line, without secrets
  std::string sqlstate;   // empty when the server did not say one
  bool given_up = false;  // our own side closed it meanwhile: nothing is known of the server
};

struct QueryError {
  pg::FailureReason reason = pg::FailureReason::Other;
  std::string sqlstate;  // empty when it was not the server that refused
  std::string message;   // one line
  bool ends_session = false;
  bool given_up = false;  // we closed the session before the answer: nothing is known of it
};

using QueryResult = Expected<pg::ResultSet, QueryError>;

// Nobody can say what the answer would have been: the session was closed by our own side.
[[nodiscard]] inline bool was_given_up(const QueryResult& result) {
  return !result && result.error().given_up;
}

// The connection was ended under the statement, by a server or a firewall. That says nothing
// against either of them before another connection was tried; a want of answer does.
[[nodiscard]] inline bool lost_connection(const QueryResult& result) {
  return !result && result.error().ends_session && !result.error().given_up &&
         result.error().reason != pg::FailureReason::Timeout;
}

}  // namespace pgrepl::session
