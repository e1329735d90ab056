// How often one address is logged in to. Pure: time comes in as an argument.
#pragma once

#include "pg/conninfo.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace pgrepl::session {

// A login costs a server a process and a check of the password, and a line in its log: who may
// probe it through us may not have it logged in to without end.
class LoginRation {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  // So many at once, and then one in each interval: 20 a second.
  static constexpr int kAtOnce = 20;
  static constexpr std::chrono::milliseconds kInterval{50};

  // When the next login to `address` may begin; absent when not by `deadline`: then there must be
  // none. Each call that returns a time is a login.
  [[nodiscard]] std::optional<Instant> take(
      const pg::Endpoint& address, Instant now, Instant deadline
  );

 private:
  void forget_idle(Instant now);

  std::map<std::pair<std::string, std::uint16_t>, Instant> spent_until_;
};

}  // namespace pgrepl::session
