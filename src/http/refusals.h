// Who was not served at the door, counted by reason, in counters of prometheus-cpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <prometheus/counter.h>
#include <prometheus/family.h>

namespace pgrepl::http {

enum class Refusal : std::uint8_t {
  Connections,  // closed, or not let in: web.max_connections were open
  Address,      // the same for one client address: web.max_connections_per_address
  Handshake,    // TLS did not come about
  Deadline,     // a handshake, head or body was not complete in time
  SlowReader,   // an answer was not read in time, or answers unread took too much memory
  Malformed,    // no request of HTTP, or one above a limit; answered with 4xx or 5xx
  Password,     // a wrong login: 401
  Logins,       // too many logins of one address waited to be checked: 429
};

inline constexpr std::array<std::string_view, 8> kRefusalNames{
    "connections",
    "address",
    "handshake",
    "deadline",
    "slow_reader",
    "malformed",
    "password",
    "logins"};

// Counts from any thread.
class Refusals {
 public:
  using Family = prometheus::Family<prometheus::Counter>;

  // Adds a counter for every reason to the family, which outlives this.
  explicit Refusals(Family& family) {
    for (std::size_t i = 0; i < counters_.size(); ++i) {
      counters_.at(i) = &family.Add({{"reason", std::string{kRefusalNames.at(i)}}});
    }
  }

  void count(Refusal reason) { counters_.at(static_cast<std::size_t>(reason))->Increment(); }

  [[nodiscard]] std::uint64_t of(Refusal reason) const {
    return static_cast<std::uint64_t>(counters_.at(static_cast<std::size_t>(reason))->Value());
  }

 private:
  std::array<prometheus::Counter*, kRefusalNames.size()> counters_{};
};

[[nodiscard]] constexpr std::string_view name_of(Refusal reason) {
  return kRefusalNames.at(static_cast<std::size_t>(reason));
}

}  // namespace pgrepl::http
