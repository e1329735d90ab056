#include "support/pgbouncer.h"

#include "support/pg_connection.h"
#include "support/wait_until.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace pgrepl::testing {

namespace {

constexpr const char* kProgram = "/usr/sbin/pgbouncer";

}  // namespace

bool PgBouncer::is_installed() {
  return std::filesystem::exists(kProgram);
}

PgBouncer::PgBouncer(const std::vector<std::string>& databases, const std::string& pool_mode) {
  const auto users = folder_.path() / "users.txt";
  std::ofstream{users} << "\"postgres\" \"" << superuser_password() << "\"\n\"monitor\" \"\"\n";
  std::filesystem::permissions(
      users, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write
  );
  hand_over(users);
  // As at the servers: no superuser without a password.
  const auto rules = folder_.path() / "hba.conf";
  std::ofstream{rules} << "host all postgres 127.0.0.1/32 scram-sha-256\n"
                          "host all all 127.0.0.1/32 trust\n";
  hand_over(rules);
  const auto file = folder_.path() / "pgbouncer.ini";
  std::ofstream settings{file};
  settings << "[databases]\n";
  for (const std::string& database : databases) {
    settings << database << "\n";
  }
  settings << "[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port()
           << "\nunix_socket_dir =\nauth_type = hba\nauth_hba_file = " << rules.string()
           << "\nauth_file = " << users.string()
           << "\nadmin_users = postgres\nstats_users = monitor\npool_mode = " << pool_mode
           << "\nserver_reset_query =\n"
              "default_pool_size = 1\nmax_client_conn = 50\nserver_login_retry = 1\n";
  settings.close();
  hand_over(file);
  start();
}

PgBouncer::~PgBouncer() = default;

std::string PgBouncer::conninfo(const std::string& database) const {
  return "host=127.0.0.1 port=" + std::to_string(port()) +
         " user=postgres password=" + superuser_password() + " dbname=" + database;
}

void PgBouncer::command(const std::string& command) const {
  PgConnection{conninfo("pgbouncer")}.execute(command);
}

void PgBouncer::start() {
  process_ = std::make_unique<Process>(Command{
      .arguments = {kProgram, (folder_.path() / "pgbouncer.ini").string()},
      .environment = environment_without({"PG"}),
      .account = server_account(),
  });
  const bool answers = wait_until([this] {
    try {
      command("SHOW VERSION");
      return true;
    } catch (const std::exception&) {
      return false;
    }
  });
  if (!answers) {
    throw std::runtime_error{"PgBouncer does not answer: " + process_->output()};
  }
}

void PgBouncer::stop() {
  process_.reset();
}

void PgBouncer::freeze() const {
  process_->signal(SIGSTOP);
}

void PgBouncer::thaw() const {
  process_->signal(SIGCONT);
}

}  // namespace pgrepl::testing
