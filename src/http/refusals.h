// Who was not served at the door, counted by reason. For the series
// pg_exporter_http_refused_total{reason}.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

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
  void count(Refusal reason) {
    counts_.at(static_cast<std::size_t>(reason)).fetch_add(1, std::memory_order_relaxed);
  }

  // Every reason, those that never came up too.
  [[nodiscard]] std::map<std::string, std::uint64_t> by_reason() const {
    std::map<std::string, std::uint64_t> all;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      all.emplace(kRefusalNames.at(i), counts_.at(i).load(std::memory_order_relaxed));
    }
    return all;
  }

  [[nodiscard]] std::uint64_t of(Refusal reason) const {
    return counts_.at(static_cast<std::size_t>(reason)).load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::uint64_t>, kRefusalNames.size()> counts_{};
};

[[nodiscard]] constexpr std::string_view name_of(Refusal reason) {
  return kRefusalNames.at(static_cast<std::size_t>(reason));
}

}  // namespace pgrepl::http
