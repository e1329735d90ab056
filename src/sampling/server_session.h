// A session of ours with one server, and the file that its password is read from. After a refused
// login the exporter waits; it tries again at once when that file has changed. Each session knows
// what the file was at its own last login: a change is news for each of them, whoever logs in
// first.
#pragma once

#include "files/stamp.h"
#include "pg/conninfo.h"
#include "session/session.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>

namespace pgrepl::sampling {

class ServerSession : public session::Session {
 public:
  // `session` is made of the same conninfo.
  ServerSession(std::unique_ptr<session::Session> session, const pg::ConnInfo& conninfo);

  // Looks at the file before it logs in, so that no change is missed.
  asio::awaitable<Expected<void, session::ConnectError>> connect() override;

  // Whether the file is another one than at the last connect(). False before the first, and where
  // the password is in no file.
  [[nodiscard]] bool has_new_password() const;

  [[nodiscard]] bool has_password_file() const { return !file_.empty(); }

  asio::awaitable<std::vector<session::QueryResult>> run(
      std::vector<pg::Statement> statements, session::Deadline deadline
  ) override {
    return session_->run(std::move(statements), deadline);
  }

  void close() noexcept override { session_->close(); }

  [[nodiscard]] bool is_open() const override { return session_->is_open(); }

  [[nodiscard]] pg::ServerVersion version() const override { return session_->version(); }

  [[nodiscard]] bool is_pooled() const override { return session_->is_pooled(); }

  [[nodiscard]] const std::vector<std::string>& addresses() const override {
    return session_->addresses();
  }

  [[nodiscard]] const std::vector<std::chrono::duration<double>>& durations() const override {
    return session_->durations();
  }

 private:
  std::unique_ptr<session::Session> session_;
  std::string file_;
  std::optional<files::Stamp> at_login_;
};

}  // namespace pgrepl::sampling
