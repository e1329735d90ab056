// One thing that is wrong, in sentences for people: what, what proves it, what to do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pgrepl::pages {

enum class Severity : std::uint8_t { Warning, Critical };

[[nodiscard]] std::string_view to_string(Severity severity);

// What kind of thing the advice asks for. Some can do harm where their cause is another one; such
// advice is given only where its cause is proven.
enum class Remedy : std::uint8_t {
  Look,
  Configure,  // of the exporter, or of what leads to a server
  Grant,
  Reconnect,     // start a server or a consumer again, or point it at another upstream
  RaiseSetting,  // of a standby that is lower than its primary
  StopWrites,
  Promote,
  Resume,
  DropSlot,
  Rebuild,  // pg_rewind, pg_basebackup
  WeakenSetting,
};

// Whether following it where it does not belong destroys data, ends a server or opens a gap.
[[nodiscard]] constexpr bool may_harm(Remedy remedy) {
  return remedy == Remedy::Promote || remedy == Remedy::Resume || remedy == Remedy::DropSlot ||
         remedy == Remedy::Rebuild || remedy == Remedy::WeakenSetting;
}

struct Advice {
  Remedy remedy = Remedy::Look;
  std::string text;
};

struct Problem {
  Severity severity;
  std::string server;   // empty for what concerns the whole cluster
  std::string message;  // a sentence; names the server
  std::string advice;   // what to do about it, a sentence
  Remedy remedy = Remedy::Look;
  std::string evidence{};  // what proves it; empty where the message says all
  std::string kind{};      // the word of the anomaly or of the state; empty for the rest

  friend bool operator==(const Problem&, const Problem&) = default;
};

}  // namespace pgrepl::pages
