"""Plain PostgreSQL servers, a PgBouncer and an application for the drills that start no cluster manager."""

import contextlib
import signal
import subprocess
import threading
import time

import psycopg2

import kit

SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
cluster_name = '{name}'
shared_buffers = 8MB
fsync = off
wal_level = replica
wal_log_hints = on
hot_standby = on
max_wal_senders = 10
max_replication_slots = 10
wal_keep_size = 64MB
wal_retrieve_retry_interval = 500ms
logging_collector = off
"""


def execute_at(port, sql, database="postgres"):
    connection = psycopg2.connect(
        host="127.0.0.1", port=port, user="postgres", dbname=database, connect_timeout=2
    )
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone() if cursor.description else None
    finally:
        connection.close()


class Server:
    def __init__(self, drill, name, settings=""):
        self.drill, self.name, self.settings = drill, name, settings
        (self.port,) = kit.free_ports(1)
        self.data = drill.folder / name
        self.process = None
        drill.data_directories.append(self.data)

    def run(self, program, *arguments):
        """One of PostgreSQL's programs, as the account of servers, to its end."""
        identity = {}
        if self.drill.account is not None:
            identity = {"user": self.drill.account.pw_uid, "group": self.drill.account.pw_gid, "extra_groups": []}
        done = subprocess.run(
            [kit.postgres_bin() / program, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=self.drill.folder,
            check=False,
            **identity,
        )
        if done.returncode != 0:
            raise AssertionError(f"{program} for {self.name} failed: {done.stderr}")

    def initialise(self):
        self.run("initdb", *self.drill.initdb(self.data), "--locale=C")
        self.drill.write_access_rules(self.data)
        self.write_settings()

    def write_settings(self):
        text = SETTINGS.format(port=self.port, name=self.name) + self.settings
        (self.data / "postgresql.auto.conf").write_text("")
        (self.data / "postgresql.conf").write_text(text)

    def copy(self, upstream, slot):
        """A new standby of the upstream by base backup."""
        subprocess.run(["rm", "-rf", self.data], check=True)
        self.run("pg_basebackup", "-D", self.data, "-d", self.conninfo_of(upstream), "-X", "stream", "-c", "fast", "--no-sync")
        self.write_settings()
        self.follow(upstream, slot)

    @staticmethod
    def conninfo_of(server):
        return f"host=127.0.0.1 port={server.port} user=postgres dbname=postgres"

    def follow(self, upstream, slot):
        """The standby's settings; the server reads them when it starts or reloads."""
        if upstream.execute(f"SELECT 1 FROM pg_replication_slots WHERE slot_name = '{slot}'") is None:
            upstream.execute(f"SELECT pg_create_physical_replication_slot('{slot}', true)")
        text = (
            f"primary_conninfo = '{self.conninfo_of(upstream)} application_name={self.name}'\n"
            f"primary_slot_name = '{slot}'\nrecovery_target_timeline = latest\n"
        )
        (self.data / "postgresql.auto.conf").write_text(text)
        signal_file = self.data / "standby.signal"
        signal_file.write_text("")
        self.drill.hand_over(signal_file)

    def rewind(self, upstream, slot):
        self.run("pg_rewind", "-D", self.data, "--source-server", self.conninfo_of(upstream), "--no-sync")
        self.write_settings()
        self.follow(upstream, slot)

    def start(self):
        self.process = self.drill.start(self.name, [kit.postgres_bin() / "postgres", "-D", self.data])
        kit.wait_until(f"{self.name} answers", lambda: self.is_standby() is not None)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)

    def crash(self):
        self.drill.kill_server(self.data)
        self.process.wait(timeout=60)

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def execute(self, sql):
        return execute_at(self.port, sql)

    def is_standby(self):
        """None while it does not answer."""
        try:
            return self.execute("SELECT pg_is_in_recovery()")[0]
        except psycopg2.Error:
            return None

    def promote(self):
        """Returns the instant at which it took writes."""
        self.execute("SELECT pg_promote(false)")
        kit.wait_until(f"{self.name} is promoted", lambda: self.is_standby() is False, pause=0.01)
        return time.monotonic()


class PgBouncer:
    """In transaction mode, with one database `app` that leads to one server."""

    def __init__(self, drill, name, target):
        self.drill, self.name = drill, name
        (self.port,) = kit.free_ports(1)
        self.users = drill.write(f"{name}.users", f'"postgres" "{drill.password}"\n"monitor" ""\n')
        # As at the servers: no superuser without a password.
        rules = "host all postgres 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"
        self.rules = drill.write(f"{name}.hba", rules)
        self.write(target)
        self.process = drill.start(name, ["/usr/sbin/pgbouncer", drill.folder / f"{name}.ini"])
        kit.wait_until(f"{name} answers", self.answers)

    def write(self, target):
        self.drill.write(
            f"{self.name}.ini",
            f"[databases]\napp = host=127.0.0.1 port={target.port} dbname=postgres\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"auth_type = hba\nauth_hba_file = {self.rules}\nauth_file = {self.users}\nadmin_users = postgres\nstats_users = monitor\n"
            "pool_mode = transaction\nmax_client_conn = 200\ndefault_pool_size = 25\nserver_login_retry = 1\n",
        )

    def command(self, command):
        """The console knows the simple protocol only, and no transactions."""
        subprocess.run(
            ["psql", "-X", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", "pgbouncer"]
            + ["-c", command],
            check=True,
            capture_output=True,
        )

    def answers(self):
        with contextlib.suppress(subprocess.CalledProcessError):
            self.command("SHOW VERSION")
            return True
        return False

    def lead_to(self, target):
        self.write(target)
        self.command("RELOAD")


class Writer(threading.Thread):
    """An application: writes through an address all the time, and knows when it could."""

    def __init__(self, port, database):
        super().__init__(daemon=True)
        self.port, self.database = port, database
        self.written = []
        self.start()

    def run(self):
        while True:
            with contextlib.suppress(psycopg2.Error):
                execute_at(self.port, "INSERT INTO written VALUES (now())", self.database)
                self.written.append(time.monotonic())
            time.sleep(0.1)

    def could_write(self, since, until):
        return any(since <= at <= until for at in list(self.written))
