// A real PgBouncer in front of servers, one server connection a pool, started as our own child.
#pragma once

#include "support/pg_installation.h"
#include "support/process.h"
#include "support/reserved_port.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pgrepl::testing {

class PgBouncer {
 public:
  // Each a line of the section [databases], such as "app = host=127.0.0.1 port=5432".
  // `pool_mode` is session, transaction or statement. In session mode nothing is reset for the next
  // client, which PgBouncer may be set up to do.
  explicit PgBouncer(
      const std::vector<std::string>& databases, const std::string& pool_mode = "transaction"
  );
  ~PgBouncer();
  PgBouncer(const PgBouncer&) = delete;
  PgBouncer& operator=(const PgBouncer&) = delete;

  // Whether Debian's package is there.
  [[nodiscard]] static bool is_installed();

  [[nodiscard]] std::uint16_t port() const { return port_.number(); }

  // As the user `postgres`, who may do all in the console.
  [[nodiscard]] std::string conninfo(const std::string& database) const;

  // A command of the console, such as PAUSE.
  void command(const std::string& command) const;

  // Returns when the console answers.
  void start();
  void stop();
  // Frozen, it keeps its connections and answers nobody.
  void freeze() const;
  void thaw() const;

  [[nodiscard]] std::string log() const { return process_->output(); }

 private:
  TemporaryDirectory folder_;
  ReservedPort port_;
  std::unique_ptr<Process> process_;
};

}  // namespace pgrepl::testing
