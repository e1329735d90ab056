// SQLSTATE codes and what they mean to a monitor (manual, appendix "PostgreSQL Error Codes").
#pragma once

#include <string>
#include <string_view>

namespace pgrepl::pg {

// Why a server or one statement did not answer: the values of the label `reason`.
enum class FailureReason {
  Refused,
  Timeout,
  Auth,
  Tls,
  Dns,
  TooManyConnections,
  StartingUp,
  ShuttingDown,
  Permission,
  Unsupported,  // it answers, and its version is one that no query of ours is for
  Pooler,       // the address leads through a pooler that allows no transactions
  TooLarge,     // it answers with more than `limits` allow
  Other,
};

// As exported: "refused", "too_many_connections", …
[[nodiscard]] std::string_view to_string(FailureReason reason);

// What no second try mends soon, while each login is a line in the server's log: it is tried
// seldom.
[[nodiscard]] bool is_lasting(FailureReason reason);

// The meaning of an error a server sent. `sqlstate` has five characters; anything else is Other.
[[nodiscard]] FailureReason classify_sql_state(std::string_view sqlstate);

// After which the server has ended, or is about to end, the session (class 57 but for cancelled
// statements, and the connection exceptions of class 08).
[[nodiscard]] bool ends_session(std::string_view sqlstate);

}  // namespace pgrepl::pg
