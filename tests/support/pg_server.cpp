#include "support/pg_server.h"

#include "support/wait_until.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <sys/shm.h>

namespace pgrepl::testing {

namespace fs = std::filesystem;

namespace {

std::string read_file(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

// The last 2,000 characters: enough to see why a server did not start.
std::string tail(const std::string& text) {
  return text.size() > 2000 ? text.substr(text.size() - 2000) : text;
}

bool answers(const std::string& conninfo) {
  try {
    return PgConnection{conninfo}.value("SELECT 1") == "1";
  } catch (const std::runtime_error&) {
    return false;
  }
}

// A killed postmaster leaves its small System V segment; line 7 of its pid file names it.
void remove_shared_memory(const fs::path& data_directory) {
  std::ifstream file{data_directory / "postmaster.pid"};
  std::string line;
  for (int number = 1; number <= 7; ++number) {
    if (!std::getline(file, line)) {
      return;
    }
  }
  unsigned long key = 0;
  int id = 0;
  if (std::istringstream{line} >> key >> id) {
    shmctl(id, IPC_RMID, nullptr);
  }
}

}  // namespace

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    result += c == '\'' ? "''" : std::string(1, c);
  }
  return result + "'";
}

PgServer::PgServer(std::string name, PgInstallation installation, const fs::path& home)
    : name_(std::move(name)),
      installation_(std::move(installation)),
      home_(home),
      data_directory_(home / name_) {
}

PgServer::~PgServer() {
  try {
    stop(Shutdown::Immediate);
  } catch (const std::exception&) {
    kill();
  }
  remove_shared_memory(data_directory_);
}

std::string PgServer::conninfo(const std::string& user) const {
  return "host=127.0.0.1 port=" + std::to_string(port()) + " user=" + user +
         (user == "postgres" ? " password=" + superuser_password() : "") +
         " dbname=postgres connect_timeout=5";
}

std::string PgServer::log() const {
  return read_file(home_ / (name_ + ".log"));
}

PgConnection PgServer::connect() const {
  return PgConnection{conninfo("postgres")};
}

std::vector<Row> PgServer::execute(const std::string& sql) const {
  return connect().execute(sql);
}

std::optional<std::string> PgServer::query_value(const std::string& sql) const {
  return connect().value(sql);
}

void PgServer::launch() {
  if (running()) {
    throw std::logic_error(name_ + " runs already");
  }
  // SIGQUIT is PostgreSQL's immediate shutdown: no server outlives a test that was killed.
  postmaster_ = std::make_unique<Process>(Command{
      .arguments = {installation_.bin / "postgres", "-D", data_directory_},
      .environment = environment_without({"PG"}),
      .account = server_account(),
      .log = home_ / (name_ + ".log"),
      .death_signal = SIGQUIT});
}

void PgServer::start() {
  launch();
  const auto superuser = conninfo("postgres");
  const bool up = wait_until([&] { return answers(superuser) || !running(); }) && running();
  if (!up) {
    throw std::runtime_error(name_ + " does not start: " + tail(log()));
  }
}

bool PgServer::running() {
  return postmaster_ && postmaster_->running();
}

void PgServer::expect_end(const std::string& what) {
  if (!postmaster_->wait(kPatience)) {
    throw std::runtime_error(name_ + " does not end on " + what + ": " + tail(log()));
  }
  postmaster_.reset();
}

void PgServer::stop(Shutdown how) {
  if (!running()) {
    return;
  }
  thaw();
  postmaster_->signal(how == Shutdown::Fast ? SIGINT : SIGQUIT);
  expect_end(how == Shutdown::Fast ? "a fast shutdown" : "an immediate shutdown");
}

void PgServer::kill() {
  if (!running()) {
    return;
  }
  freeze();
  for (const auto pid : frozen_) {
    ::kill(pid, SIGKILL);
  }
  frozen_guard_.reset();
  const auto gone = [this] {
    (void)running();
    return std::all_of(frozen_.begin(), frozen_.end(), [](pid_t pid) {
      return process_state(pid).value_or('Z') == 'Z';
    });
  };
  (void)wait_until(gone);
  frozen_.clear();
  expect_end("SIGKILL");
}

void PgServer::freeze() {
  if (!running() || !frozen_.empty()) {
    return;
  }
  // The postmaster first: a stopped one starts no further children.
  postmaster_->signal(SIGSTOP);
  await(name_ + " is stopped", [this] { return process_state(pid()).value_or('T') == 'T'; });
  frozen_ = descendants(pid());
  frozen_.insert(frozen_.begin(), pid());
  std::string pids;
  for (const auto one : frozen_) {
    ::kill(one, SIGSTOP);
    pids += " " + std::to_string(one);
  }
  // A stopped server cannot obey its death signal, and its children are in sessions of their own.
  frozen_guard_ = std::make_unique<Process>(Command{
      .arguments =
          {"/bin/sh", "-c", "trap 'kill -KILL" + pids + "; exit' TERM; while :; do sleep 1; done"},
      .environment = environment_without({}),
      .death_signal = SIGTERM});
  await("all processes of " + name_ + " are stopped", [this] {
    return std::all_of(frozen_.begin(), frozen_.end(), [](pid_t one) {
      const char state = process_state(one).value_or('T');
      return state == 'T' || state == 'Z';
    });
  });
}

void PgServer::thaw() {
  frozen_guard_.reset();
  for (const auto one : std::exchange(frozen_, {})) {
    ::kill(one, SIGCONT);
  }
}

bool PgServer::in_recovery() const {
  return query_value("SELECT pg_catalog.pg_is_in_recovery()") == "t";
}

void PgServer::pause_replay() const {
  execute("SELECT pg_catalog.pg_wal_replay_pause()");
  // 13 knows only whether a pause was asked for.
  const auto paused = major() >= 14 ? "SELECT pg_catalog.pg_get_wal_replay_pause_state() = 'paused'"
                                    : "SELECT pg_catalog.pg_is_wal_replay_paused()";
  await(name_ + " has paused its replay", [&] { return query_value(paused) == "t"; });
}

void PgServer::resume_replay() const {
  execute("SELECT pg_catalog.pg_wal_replay_resume()");
}

void PgServer::promote() const {
  if (query_value("SELECT pg_catalog.pg_promote(true, 30)") != "t") {
    throw std::runtime_error(name_ + " was not promoted: " + tail(log()));
  }
}

void PgServer::write_settings(const std::vector<std::string>& settings) const {
  const auto path = data_directory_ / "testkit.conf";
  std::ofstream file{path, std::ios::app};
  for (const auto& setting : settings) {
    file << setting << '\n';
  }
  file.close();
  if (!file) {
    throw std::runtime_error("cannot write " + path.string());
  }
  hand_over(path);
}

void PgServer::configure(const std::vector<std::string>& settings) const {
  write_settings(settings);
  const auto read_before = query_value("SELECT pg_catalog.pg_conf_load_time()");
  execute("SELECT pg_catalog.pg_reload_conf()");
  await(name_ + " has read its configuration again", [&] {
    return query_value("SELECT pg_catalog.pg_conf_load_time()") != read_before;
  });
}

void PgServer::follow(std::uint16_t upstream_port) const {
  configure(
      {"primary_conninfo = " +
       quoted("host=127.0.0.1 port=" + std::to_string(upstream_port) + replication_options_)}
  );
}

}  // namespace pgrepl::testing
