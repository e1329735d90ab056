// How to reach a server: libpq's connection keywords as values, with the password kept apart.
// Turning a conninfo string or URI into one is libpq's business (session/conninfo_parser.h).
#pragma once

#include "pg/endpoint.h"
#include "pg/reach.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgrepl::pg {

// A text that must never be printed: no operator<< and no formatter exist for it.
class Secret {
 public:
  Secret() = default;

  explicit Secret(std::string value) : value_(std::move(value)) {}

  // For the one reader that hands it to libpq.
  [[nodiscard]] const std::string& reveal() const { return value_; }

  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string value_;
};

// One host each; a conninfo that lists several hosts is several of these.
struct ConnInfo {
  Endpoint endpoint;
  // Every other keyword of libpq but host, hostaddr, port, password and their like.
  std::vector<std::pair<std::string, std::string>> parameters;
  std::optional<Secret> password;
  // Read again at every connect, so that a rotated password is picked up. Wins over `password`.
  std::optional<std::string> password_file;
  // A program, by its absolute path, and its arguments: what it prints is the password. At most one
  // of `password`, `password_file` and this is given. Empty: none.
  std::vector<std::string> password_command{};
  // For how long what it printed is used; a login that is refused ends it at once.
  std::chrono::milliseconds password_ttl{std::chrono::minutes{10}};
  // Set when somebody else than the administrator named the host: it is connected to at no address
  // outside. Absent: anywhere.
  std::optional<Reach> reach{};

  // The value of a keyword in `parameters`.
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view keyword) const;
  // Adds or replaces a keyword in `parameters`.
  void set_parameter(std::string_view keyword, std::string value);
  // Where the password comes from, none included, as `other` has it.
  void set_password_of(const ConnInfo& other);
  friend bool operator==(const ConnInfo&, const ConnInfo&) = default;
};

}  // namespace pgrepl::pg
