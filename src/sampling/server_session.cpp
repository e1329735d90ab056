#include "sampling/server_session.h"

#include <utility>

namespace pgrepl::sampling {

ServerSession::ServerSession(
    std::unique_ptr<session::Session> session, const pg::ConnInfo& conninfo
)
    : session_(std::move(session)) {
  if (conninfo.password_file) {
    file_ = *conninfo.password_file;
  } else if (const auto passfile = conninfo.parameter("passfile")) {
    file_ = *passfile;
  }
}

asio::awaitable<Expected<void, session::ConnectError>> ServerSession::connect() {
  if (has_password_file()) {
    at_login_ = files::stamp_of(file_);
  }
  return session_->connect();
}

bool ServerSession::has_new_password() const {
  return at_login_ && files::stamp_of(file_) != *at_login_;
}

}  // namespace pgrepl::sampling
