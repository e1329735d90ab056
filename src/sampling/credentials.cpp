#include "sampling/credentials.h"

#include <cstdint>
#include <system_error>

namespace pgrepl::sampling {

Credentials::Credentials(const pg::ConnInfo& conninfo) {
  if (conninfo.password_file) {
    file_ = *conninfo.password_file;
  } else if (const auto passfile = conninfo.parameter("passfile")) {
    file_ = *passfile;
  }
}

void Credentials::note() {
  noted_ = look();
}

bool Credentials::changed() const {
  return in_file() && look() != noted_;
}

Credentials::Stamp Credentials::look() const {
  Stamp stamp;
  std::error_code problem;
  const auto written = std::filesystem::last_write_time(file_, problem);
  if (!problem) {
    stamp.written = written;
  }
  const auto size = std::filesystem::file_size(file_, problem);
  if (!problem) {
    stamp.size = size;
  }
  return stamp;
}

}  // namespace pgrepl::sampling
