// The file that a server's password is read from: one that is written anew is worth a login at
// once, where a password that was refused is not.
#pragma once

#include "pg/conninfo.h"

#include <filesystem>
#include <optional>
#include <string>

namespace pgrepl::sampling {

class Credentials {
 public:
  explicit Credentials(const pg::ConnInfo& conninfo);

  // Remembers what the file is now. Before a login, so that no change is missed.
  void note();

  // Whether the file is another one than at the last note(). False when there is none.
  [[nodiscard]] bool changed() const;

  [[nodiscard]] bool in_file() const { return !file_.empty(); }

 private:
  struct Stamp {
    std::optional<std::filesystem::file_time_type> written;
    std::optional<std::uintmax_t> size;

    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  [[nodiscard]] Stamp look() const;

  std::string file_;
  Stamp noted_;
};

}  // namespace pgrepl::sampling
