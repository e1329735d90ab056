#include "support/pg_cluster.h"

#include "support/wait_until.h"

#include <fstream>
#include <stdexcept>

namespace pgrepl::testing {

namespace fs = std::filesystem;

namespace {

PgServer& primary_of(PgServer& server) {
  PgServer* current = &server;
  while (current->upstream() != nullptr && current->in_recovery()) {
    current = current->upstream();
  }
  return *current;
}

void shell(const std::string& script, const std::vector<std::string>& arguments) {
  Command command{
      .arguments = {"/bin/sh", "-c", script, "sh"},
      .environment = environment_without({"PG"}),
      .account = server_account()};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  run(command);
}

// What belongs to a running server and not to a copy of it (manual, "Making a Base Backup Using the
// Low Level API"). Files may change and vanish while they are copied; replay mends that.
void copy_files(const fs::path& from, const fs::path& to) {
  shell(
      "mkdir -m 700 \"$2\" && tar -C \"$1\" -cf - --warning=no-file-changed "
      "--warning=no-file-removed --exclude='./pg_wal/*' --exclude='./pg_replslot/*' "
      "--exclude='./pg_dynshmem/*' --exclude='./pg_stat_tmp/*' --exclude='./pg_subtrans/*' "
      "--exclude=./postmaster.pid --exclude=./postmaster.opts --exclude=./testkit.conf . "
      "| tar -C \"$2\" -xf -",
      {from, to}
  );
}

struct BackupCommands {
  const char* begin;
  const char* end;
};

// Renamed in 15.
BackupCommands backup_commands(int major) {
  return major >= 15 ? BackupCommands{"SELECT pg_backup_start('copy', true)",
                                      "SELECT labelfile FROM pg_backup_stop(false)"}
                     : BackupCommands{"SELECT pg_start_backup('copy', true, false)",
                                      "SELECT labelfile FROM pg_stop_backup(false, false)"};
}

}  // namespace

PgCluster::PgCluster(const PrimaryOptions& options)
    : installation_(find_postgres(options.major)), template_(lease_data_directory(installation_)) {
  servers_.push_back(std::make_unique<PgServer>(options.name, installation_, folder_.path()));
  auto& server = primary();
  shell("cp -a \"$1\" \"$2\"", {*template_, server.data_directory()});
  {
    std::ofstream main{server.data_directory() / "postgresql.conf", std::ios::app};
    main << "include 'testkit.conf'\n";
  }
  server.write_settings(common_settings(server));
  server.write_settings({
      "cluster_name = " + quoted(options.cluster_name),
      "synchronous_standby_names = " + quoted(options.synchronous_standby_names),
  });
  if (options.archive) {
    fs::create_directory(archive_directory());
    hand_over(archive_directory());
    const auto target = archive_directory().string() + "/%f";
    server.write_settings({"archive_mode = on", "archive_command = " + quoted("cp %p " + target)});
  }
  server.write_settings(options.settings);
  server.start();
}

// The last first, so that a standby is gone before its upstream.
PgCluster::~PgCluster() {
  while (!servers_.empty()) {
    servers_.pop_back();
  }
}

std::vector<std::string> PgCluster::common_settings(const PgServer& server) const {
  return {
      "port = " + std::to_string(server.port()),
      "listen_addresses = '127.0.0.1'",
      "unix_socket_directories = " + quoted(folder_.path()),
      "fsync = off",
      "shared_buffers = 8MB",
      "max_connections = 50",
      "dynamic_shared_memory_type = mmap",
      "wal_level = replica",
      "hot_standby = on",
      "max_wal_senders = 10",
      "max_replication_slots = 10",
      "wal_keep_size = 64MB",
      "max_wal_size = 128MB",
      "wal_retrieve_retry_interval = 200ms",
      "wal_receiver_status_interval = 1s",
      "timezone = UTC",
      "log_timezone = UTC",
      "lc_messages = C",
      "log_line_prefix = '%m [%p] %q%u '",
  };
}

PgServer& PgCluster::add_standby(const StandbyOptions& options) {
  if (options.name.empty()) {
    throw std::logic_error("a standby needs a name");
  }
  servers_.push_back(std::make_unique<PgServer>(options.name, installation_, folder_.path()));
  auto& server = *servers_.back();
  make_standby(server, options);
  return server;
}

void PgCluster::rebuild(PgServer& server, const StandbyOptions& options) {
  server.stop(Shutdown::Immediate);
  fs::remove_all(server.data_directory());
  make_standby(server, options);
}

void PgCluster::make_standby(PgServer& server, const StandbyOptions& options) {
  auto& upstream = options.upstream != nullptr ? *options.upstream : primary();
  copy_data(primary_of(upstream), server);
  server.upstream_ = &upstream;

  const auto name = options.application_name.value_or(server.name());
  server.replication_options_ =
      " user=replicator" + (name.empty() ? "" : " application_name=" + name);
  const auto port = options.upstream_port != 0 ? options.upstream_port : upstream.port();
  server.write_settings(common_settings(server));
  server.write_settings({
      "cluster_name = " + quoted(options.cluster_name),
      "recovery_min_apply_delay = " + std::to_string(options.apply_delay.count()) + "ms",
      "primary_slot_name = " + quoted(options.slot),
      "primary_conninfo = " +
          quoted("host=127.0.0.1 port=" + std::to_string(port) + server.replication_options_),
  });
  if (options.restore_from_archive) {
    const auto source = archive_directory().string() + "/%f";
    server.write_settings({"restore_command = " + quoted("cp " + source + " %p")});
  }
  server.write_settings(options.settings);
  if (!options.slot.empty()) {
    const auto slot = quoted(options.slot);
    upstream.execute(
        "SELECT pg_create_physical_replication_slot(" + slot +
        ", true) WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = " + slot + ")"
    );
  }
  server.start();
}

// A base backup by hand and not by pg_basebackup, which some installations lack and which refuses
// servers newer than itself. WAL comes by streaming, from what wal_keep_size retains.
void PgCluster::copy_data(PgServer& from, const PgServer& to) {
  const auto commands = backup_commands(from.major());
  auto session = from.connect();
  session.execute(commands.begin);
  copy_files(from.data_directory(), to.data_directory());
  const auto label = session.value(commands.end).value_or("");
  for (const auto& [name, text] :
       {std::pair{"backup_label", label}, std::pair{"standby.signal", std::string{}}}) {
    const auto path = to.data_directory() / name;
    std::ofstream{path} << text;
    hand_over(path);
  }
}

void PgCluster::wait_until_caught_up(PgServer& standby) {
  const auto target =
      primary_of(standby).query_value("SELECT pg_catalog.pg_current_wal_lsn()").value_or("0/0");
  await(standby.name() + " has replayed " + target, [&] {
    return standby.query_value("SELECT pg_catalog.pg_last_wal_replay_lsn() >= " + quoted(target)) ==
           "t";
  });
}

}  // namespace pgrepl::testing
