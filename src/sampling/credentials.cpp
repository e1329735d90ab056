#include "sampling/credentials.h"

namespace pgrepl::sampling {

Credentials::Credentials(const pg::ConnInfo& conninfo) {
  if (conninfo.password_file) {
    file_ = *conninfo.password_file;
  } else if (const auto passfile = conninfo.parameter("passfile")) {
    file_ = *passfile;
  }
}

void Credentials::note() {
  noted_ = files::stamp_of(file_);
}

bool Credentials::changed() const {
  return in_file() && files::stamp_of(file_) != noted_;
}

}  // namespace pgrepl::sampling
