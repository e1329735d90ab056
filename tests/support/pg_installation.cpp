#include "support/pg_installation.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <list>
#include <map>
#include <random>
#include <sstream>
#include <stdexcept>

#include <pwd.h>
#include <unistd.h>

namespace pgrepl::testing {

namespace fs = std::filesystem;

namespace {

constexpr int kOldest = 10;
constexpr int kNewest = 30;

struct DataDirectory {
  int major = 0;
  fs::path path;
  bool leased = false;
};

// Lives as long as the process; tests start clusters from one thread.
struct DataDirectories {
  TemporaryDirectory root;
  std::list<DataDirectory> all;
};

DataDirectories& data_directories() {
  static DataDirectories directories;
  return directories;
}

// Roles come from single-user mode, so that no server needs to be started for them.
void create_roles(const PgInstallation& installation, const fs::path& path) {
  Command command{
      .arguments =
          {"/bin/sh",
           "-c",
           "printf '%s\\n' 'CREATE ROLE monitor LOGIN' 'GRANT pg_monitor TO monitor' "
           "'CREATE ROLE replicator LOGIN REPLICATION' | "
           "\"$1\" --single -D \"$2\" -c fsync=off postgres",
           "sh",
           installation.bin / "postgres",
           path},
      .environment = environment_without({"PG"}),
      .account = server_account()};
  const auto output = run(command);
  if (output.find("ERROR") != std::string::npos) {
    throw std::runtime_error("cannot create roles: " + output);
  }
}

// Readable by the servers' account alone, for initdb, so that the password is in no argument list.
fs::path password_file() {
  const auto path = data_directories().root.path() / "password";
  if (!fs::exists(path)) {
    std::ofstream{path} << superuser_password() << '\n';
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    hand_over(path);
  }
  return path;
}

// The socket's folder is closed to other accounts. Over TCP any account of the machine could log in
// as a superuser and run programs by COPY; the roles without such rights need no password.
void write_access_rules(const fs::path& data_directory) {
  std::ofstream{data_directory / "pg_hba.conf"}
      << "local all         all                   trust\n"
         "local replication all                   trust\n"
         "host  all         postgres 127.0.0.0/8  scram-sha-256\n"
         "host  replication postgres 127.0.0.0/8  scram-sha-256\n"
         "host  all         all      127.0.0.1/32 trust\n"
         "host  replication all      127.0.0.1/32 trust\n";
}

DataDirectory& make_data_directory(const PgInstallation& installation) {
  auto& directories = data_directories();
  const auto path = directories.root.path() / std::to_string(directories.all.size());
  installation.run(
      "initdb",
      {"--pgdata=" + path.string(),
       "--username=postgres",
       "--auth-local=trust",
       "--auth-host=scram-sha-256",
       "--pwfile=" + password_file().string(),
       "--encoding=UTF8",
       "--locale=C",
       "--no-sync"}
  );
  write_access_rules(path);
  create_roles(installation, path);
  return directories.all.emplace_back(DataDirectory{installation.major, path});
}

}  // namespace

const std::string& superuser_password() {
  static const std::string password = [] {
    std::random_device random;
    std::ostringstream text;
    for (int part = 0; part < 4; ++part) {
      text << std::hex << random();
    }
    return text.str();
  }();
  return password;
}

std::string PgInstallation::run(
    const std::string& program, const std::vector<std::string>& arguments
) const {
  Command command{
      .arguments = {bin / program},
      .environment = environment_without({"PG"}),
      .account = server_account()};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  return testing::run(command);
}

std::vector<PgInstallation> installed_postgres() {
  std::vector<PgInstallation> found;
  for (int major = kOldest; major <= kNewest; ++major) {
    const auto number = std::to_string(major);
    const char* folder = std::getenv(("PGREPL_PG_" + number).c_str());
    const fs::path root = folder != nullptr ? folder : "/usr/lib/postgresql/" + number;
    if (fs::exists(root / "bin/initdb") && fs::exists(root / "bin/postgres")) {
      found.push_back({major, root / "bin"});
    }
  }
  return found;
}

PgInstallation find_postgres(int major) {
  const auto installed = installed_postgres();
  const auto found =
      std::find_if(installed.rbegin(), installed.rend(), [major](const PgInstallation& one) {
        return major == 0 || one.major == major;
      });
  if (found == installed.rend()) {
    throw std::runtime_error("PostgreSQL " + std::to_string(major) + " is not installed");
  }
  return *found;
}

std::optional<Account> server_account() {
  if (geteuid() != 0) {
    return std::nullopt;
  }
  const passwd* entry = getpwnam("postgres");
  if (entry == nullptr) {
    throw std::runtime_error("root needs the user postgres to run servers");
  }
  return Account{.user = entry->pw_uid, .group = entry->pw_gid};
}

TemporaryDirectory::TemporaryDirectory() {
  // Not TMPDIR: the path of a Unix socket must stay short.
  std::string name = "/tmp/pgrepl-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("cannot create a folder in /tmp");
  }
  path_ = name;
  hand_over(path_);
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void hand_over(const fs::path& path) {
  const auto account = server_account();
  if (account && chown(path.c_str(), account->user, account->group) != 0) {
    throw std::runtime_error("cannot give " + path.string() + " to the servers' user");
  }
}

DataDirectoryLease lease_data_directory(const PgInstallation& installation) {
  auto& all = data_directories().all;
  const auto idle = std::find_if(all.begin(), all.end(), [&](const DataDirectory& one) {
    return one.major == installation.major && !one.leased;
  });
  auto& directory = idle != all.end() ? *idle : make_data_directory(installation);
  directory.leased = true;
  return {&directory.path, [&directory](const fs::path*) { directory.leased = false; }};
}

}  // namespace pgrepl::testing
