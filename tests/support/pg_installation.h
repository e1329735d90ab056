// The PostgreSQL servers installed on this machine, and fresh data directories made by them.
#pragma once

#include "support/process.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pgrepl::testing {

struct PgInstallation {
  int major = 0;
  std::filesystem::path bin;  // holds initdb and postgres

  // Runs one of its programs as the account of servers.
  std::string run(const std::string& program, const std::vector<std::string>& arguments) const;
};

// Oldest first: Debian's, and those whose folder PGREPL_PG_<MAJOR> names, which win over Debian's.
[[nodiscard]] std::vector<PgInstallation> installed_postgres();

// The newest for 0. Throws when it is not installed.
[[nodiscard]] PgInstallation find_postgres(int major);

// Servers refuse to run as root, so root hands them to the user postgres.
[[nodiscard]] std::optional<Account> server_account();

// A new folder in /tmp that the server account owns, removed with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Gives a file or folder that we wrote to the server account.
void hand_over(const std::filesystem::path& path);

// Of the role postgres over TCP, of all servers of this process; made up anew in each process.
[[nodiscard]] const std::string& superuser_password();

// A data directory of `installation` that was never started, to be copied. It has a role `monitor`
// that is only a member of pg_monitor and a role `replicator`. Made once per process and used again
// once it is released: two leases at a time have different system identifiers.
using DataDirectoryLease = std::shared_ptr<const std::filesystem::path>;
[[nodiscard]] DataDirectoryLease lease_data_directory(const PgInstallation& installation);

}  // namespace pgrepl::testing

// Ends the test when no server is installed: as skipped, or as failed when REQUIRE_PG=1 is set.
#define PGREPL_REQUIRE_POSTGRES()                                               \
  do {                                                                          \
    if (pgrepl::testing::installed_postgres().empty()) {                        \
      const char* required = std::getenv("REQUIRE_PG");                         \
      if (required != nullptr && std::string{required} == "1") {                \
        FAIL() << "no PostgreSQL server is installed, and REQUIRE_PG=1 is set"; \
      }                                                                         \
      GTEST_SKIP() << "no PostgreSQL server is installed";                      \
    }                                                                           \
  } while (false)
