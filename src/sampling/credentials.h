// The file that the password of a server is read from. After a refused login the exporter waits; it
// tries again at once when this file has changed.
#pragma once

#include "files/stamp.h"
#include "pg/conninfo.h"

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
  std::string file_;
  files::Stamp noted_;
};

}  // namespace pgrepl::sampling
