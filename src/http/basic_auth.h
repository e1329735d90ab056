// Logins by HTTP basic authentication against bcrypt hashes.
#pragma once

#include "pg/conninfo.h"

#include <array>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace pgrepl::http {

class BasicAuth {
 public:
  BasicAuth();

  // Whether `authorization`, the header's value, is the login of one of `users`. From any thread.
  [[nodiscard]] bool admits(
      std::string_view authorization, const std::map<std::string, pg::Secret>& users
  );

  // Whether admits() takes as long as bcrypt does for this header: it is a login, and not one that
  // was admitted before.
  [[nodiscard]] bool must_compute(
      std::string_view authorization, const std::map<std::string, pg::Secret>& users
  );

 private:
  using Proof = std::string;

  [[nodiscard]] bool has_proven(const Proof& proof);
  [[nodiscard]] Proof proof_of(
      const std::string& user, const std::string& hash, const std::string& password
  ) const;

  std::array<unsigned char, 32> key_{};
  // bcrypt is slow by design, so that a login is computed once. Logins that failed are not kept.
  std::mutex proven_mutex_;
  std::set<Proof> proven_;
  // One at a time: wrong passwords cannot keep more than one core busy.
  std::mutex bcrypt_mutex_;
};

// "Basic dXNlcjpwYXNz" → user and password; both empty when it is something else.
struct Login {
  std::string user;
  std::string password;
};

[[nodiscard]] Login parse_basic_authorization(std::string_view header);

}  // namespace pgrepl::http
