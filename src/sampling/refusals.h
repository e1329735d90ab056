// Which functions a server refuses to us, and its statements without them. It takes answers with
// their times and reads no clock itself.
#pragma once

#include "catalogue/capabilities.h"
#include "catalogue/select.h"
#include "pg/statement.h"
#include "session/query_error.h"

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pgrepl::sampling {

class Refusals {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  // What is refused is asked again after this time: rights are granted, services change.
  static constexpr std::chrono::seconds kAskAgainAfter{60};

  // Whether the probes are to be asked: `result`, of the tick, was refused.
  [[nodiscard]] static bool calls_for_probes(const session::QueryResult& result);

  // Whether it is time to ask for what was refused again.
  [[nodiscard]] bool is_due(Instant now) const { return !refused_.empty() && now >= ask_at_; }

  // One statement for each function, in their order.
  [[nodiscard]] static std::vector<pg::Statement> probes();

  // What the probes brought. True when other functions are refused than before. An answer that says
  // nothing of its function (the connection was lost) changes nothing.
  bool take(std::span<const session::QueryResult> results, Instant now);

  // The same statement, or the one without what is refused. Lives until the next take().
  [[nodiscard]] const pg::Statement* reduce(const pg::Statement* statement);
  void reduce(std::vector<catalogue::DueQuery>& due);

  // By capability: whether none of its functions is refused.
  [[nodiscard]] std::map<std::string, bool> capabilities() const;

 private:
  catalogue::RefusedFunctions refused_;
  Instant ask_at_{};
  std::map<pg::Statement::Id, pg::Statement> reduced_;
};

}  // namespace pgrepl::sampling
