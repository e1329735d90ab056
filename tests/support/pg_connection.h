// One blocking connection to a server, for what a test arranges and looks up. An open transaction
// on it holds its locks as long as the object lives.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <libpq-fe.h>

namespace pgrepl::testing {

using Row = std::vector<std::optional<std::string>>;

class PgConnection {
 public:
  // Throws when the server does not take the connection.
  explicit PgConnection(const std::string& conninfo);

  // Runs one statement or several; the rows are those of the last. Throws with the server's
  // message.
  std::vector<Row> execute(const std::string& sql);

  // The first column of the only row; absent for NULL.
  [[nodiscard]] std::optional<std::string> value(const std::string& sql);

 private:
  struct Close {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  std::unique_ptr<PGconn, Close> connection_;
};

}  // namespace pgrepl::testing
