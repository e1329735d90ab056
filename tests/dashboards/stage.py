"""A real cluster under load that fails over, two exporters, Alertmanager and Prometheus."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import types
import urllib.error
import urllib.parse
import urllib.request

import psycopg2

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/systems"))

import kit  # noqa: E402
import servers as systems  # noqa: E402

NAMES = ("pg-1", "pg-2", "pg-3")
CLUSTER = "shop"
SETTINGS = """
port = {port}
listen_addresses = '127.0.0.1'
unix_socket_directories = '{folder}'
cluster_name = '{name}'
fsync = off
shared_buffers = 16MB
max_connections = 300
wal_level = replica
max_wal_size = 64MB
min_wal_size = 32MB
max_slot_wal_keep_size = 64GB
archive_mode = on
archive_command = 'cp %p {folder}/archive/%f'
archive_timeout = 5s
track_io_timing = on
hot_standby_feedback = on
wal_receiver_status_interval = 1s
wal_retrieve_retry_interval = 500ms
checkpoint_timeout = 30s
"""
STANDBY = """
primary_conninfo = 'host=127.0.0.1 port={upstream} user=postgres application_name={name}'
primary_slot_name = '{slot}'
"""
EXPORTER = """
defaults: {{ user: monitor, dbname: postgres }}
clusters:
  - name: {cluster}
    servers:
{servers}
    expected_standbys: 2
    objectives: {{ rpo: 15m, rto: 1h }}
    lag_thresholds: {{ warning: 30s, critical: 5m }}
    endpoints:
      - {{ name: write, host: 127.0.0.1, port: {write}, expect: primary }}
      - {{ name: read, host: 127.0.0.1, port: {read}, expect: standby }}
    pgbouncers: [{{ name: pgbouncer-1, host: 127.0.0.1, port: {pgbouncer} }}]
"""
PROMETHEUS = """
global: {{ scrape_interval: 1s, evaluation_interval: 1s }}
rule_files: ["{folder}/rules/*.yml"]
alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: ["127.0.0.1:{alertmanager}"] }}] }}] }}
scrape_configs:
  - job_name: postgres
    static_configs: [{{ targets: [{exporters}] }}]
  - job_name: postgres-servers
    http_sd_configs: [{{ url: "http://127.0.0.1:{exporter}/sd", refresh_interval: 1s }}]
    relabel_configs:
      - {{ source_labels: [__meta_pg_cluster], target_label: cluster }}
      - {{ source_labels: [__meta_pg_server], target_label: server }}
  - job_name: prometheus
    static_configs: [{{ targets: ["127.0.0.1:{prometheus}"] }}]
"""


class Forwarder:
    """An address that applications keep, whichever server is behind it now."""

    def __init__(self, port):
        self.port = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.accept, daemon=True).start()

    def address(self):
        return self.listener.getsockname()[1]

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            try:
                server = socket.create_connection(("127.0.0.1", self.port), timeout=2)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            for ends in ((client, server), (server, client)):
                threading.Thread(target=self.pass_on, args=ends, daemon=True).start()

    @staticmethod
    def pass_on(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)


def binaries(major):
    """Where the servers of this major are: Debian's, or those that scripts/lib/majors.sh fetches."""
    shared = os.environ.get("PGREPL_MAJORS", "/var/tmp/pg_replication_exporter/postgresql")
    for folder in (os.environ.get(f"PGREPL_PG_{major}", "/nowhere"), f"{shared}/{major}",
                   f"/usr/lib/postgresql/{major}"):
        if (pathlib.Path(folder) / "bin/postgres").exists():
            return pathlib.Path(folder) / "bin"
    sys.exit(f"there is no PostgreSQL {major} here")


class Servers:
    """A primary, two standbys with slots, and what writes to them and reads from them."""

    def __init__(self, drill, major):
        self.drill = drill
        self.bin = binaries(major)
        self.port = dict(zip(NAMES, kit.free_ports(len(NAMES))))
        self.process = {}
        self.sessions = []
        self.write = Forwarder(self.port["pg-1"])
        (drill.folder / "archive").mkdir()
        drill.hand_over(drill.folder / "archive")
        drill.data_directories += [self.folder(name) for name in NAMES]
        self.make_primary()
        for name in NAMES[1:]:
            self.clone("pg-1", name, upstream="pg-1")
        for name in NAMES:
            self.start(name)
        self.pgbouncer = systems.PgBouncer(drill, "pgbouncer-1", self.at("pg-1"))

    def at(self, name):
        return types.SimpleNamespace(port=self.port[name])

    def folder(self, name):
        return self.drill.folder / name

    def clone(self, source, name, upstream):
        """A standby from a server that stands still, without its slots."""
        shutil.copytree(self.folder(source), self.folder(name))
        for slot in (self.folder(name) / "pg_replslot").iterdir():
            shutil.rmtree(slot)
        self.configure(name, upstream)
        # Copies belong to whoever copied them; the server insists on its own account.
        self.folder(name).chmod(0o700)
        for path in (self.folder(name), *self.folder(name).rglob("*")):
            self.drill.hand_over(path)

    def run(self, *command):
        identity = {}
        if self.drill.account is not None:
            identity = {"user": self.drill.account.pw_uid, "group": self.drill.account.pw_gid,
                        "extra_groups": []}
        subprocess.run([str(part) for part in command], check=True, capture_output=True,
                       cwd=self.drill.folder, **identity)

    def make_primary(self):
        self.run(self.bin / "initdb", *self.drill.initdb(self.folder("pg-1")),
                 "--data-checksums", "--locale=C", "--encoding=UTF8")
        self.drill.write_access_rules(self.folder("pg-1"))
        self.configure("pg-1")
        self.start("pg-1")
        self.execute("pg-1", "CREATE ROLE monitor LOGIN IN ROLE pg_monitor")
        for name in NAMES[1:]:
            self.add_slot("pg-1", name)
        self.pgbench("pg-1", "-i", "-s", "2", "-q").wait()
        self.stop("pg-1")

    def configure(self, name, upstream=None):
        text = SETTINGS.format(port=self.port[name], folder=self.drill.folder, name=name)
        if upstream is not None:
            text += STANDBY.format(upstream=self.port[upstream], name=name, slot=self.slot(name))
            (self.folder(name) / "standby.signal").touch()
        (self.folder(name) / "postgresql.conf").write_text(text)
        # What ALTER SYSTEM has set in the server that was copied is not this one's.
        (self.folder(name) / "postgresql.auto.conf").write_text("")

    @staticmethod
    def slot(name):
        return name.replace("-", "_")

    def add_slot(self, server, name):
        self.execute(server, f"SELECT pg_create_physical_replication_slot('{self.slot(name)}', true)")

    def start(self, name):
        self.process[name] = self.drill.start(f"server-{name}", [self.bin / "postgres", "-D", self.folder(name)])
        kit.wait_until(f"{name} accepts connections", lambda: self.accepts(name))

    def stop(self, name):
        self.process[name].send_signal(signal.SIGINT)
        self.process[name].wait(timeout=kit.PATIENCE)

    def crash(self, name):
        self.drill.kill_server(self.folder(name))
        self.process[name].wait()

    def accepts(self, name):
        with contextlib.suppress(psycopg2.Error):
            return self.execute(name, "SELECT 1")
        return False

    def connect(self, name, **more):
        return psycopg2.connect(host="127.0.0.1", port=self.port[name], user="postgres", dbname="postgres",
                                connect_timeout=2, **more)

    def execute(self, name, sql):
        with contextlib.closing(self.connect(name)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchone() if cursor.description else None

    def pgbench(self, name, *more):
        return self.drill.start(f"load-{name}", [kit.postgres_bin() / "pgbench", "-h", "127.0.0.1", "-p",
                                                 self.port[name], "-U", "postgres", *more, "postgres"])

    def load(self, primary, standby):
        """Writes, reads, and one session that begins a transaction and leaves it open."""
        self.pgbench(primary, "-n", "-R", "60", "-c", "3", "-T", "3600")
        self.pgbench(standby, "-n", "-S", "-R", "60", "-c", "2", "-T", "3600")
        self.drill.start("load-pgbouncer", [
            kit.postgres_bin() / "pgbench", "-h", "127.0.0.1", "-p", self.pgbouncer.port, "-U", "postgres", "-n", "-R", "20",
            "-c", "2", "-T", "3600", "app"])
        idle = self.connect(primary, application_name="forgotten")
        idle.cursor().execute("SELECT 1")
        self.sessions.append(idle)

    def promote(self, name, follower):
        self.execute(name, "SELECT pg_promote()")
        self.write.port = self.port[name]
        self.pgbouncer.lead_to(self.at(name))
        conninfo = f"host=127.0.0.1 port={self.port[name]} user=postgres application_name={follower}"
        self.execute(follower, f"ALTER SYSTEM SET primary_conninfo = '{conninfo}'")
        self.execute(follower, "SELECT pg_reload_conf()")

    def rebuild(self, name, source, upstream):
        """A standby from a copy of another one, which stands still meanwhile."""
        self.stop(source)
        shutil.rmtree(self.folder(name))
        self.clone(source, name, upstream)
        for each in (source, name):
            self.start(each)


class Prometheus:
    """With the shipped rules, their waiting times shortened as the alert drills do."""

    def __init__(self, drill, exporters):
        rules = drill.folder / "rules"
        rules.mkdir()
        self.port, alertmanager = kit.free_ports(2)
        subprocess.run([sys.executable, ROOT / "tests/e2e/shorten_alerts.py", rules, "9"], check=True)
        settings = (rules / "alertmanager.yml").rename(drill.folder / "alertmanager.yml")
        (rules / "prometheus.yml").unlink(missing_ok=True)
        drill.start("alertmanager", ["prometheus-alertmanager", f"--config.file={settings}",
                                     f"--storage.path={drill.folder}/alertmanager-data",
                                     f"--web.listen-address=127.0.0.1:{alertmanager}",
                                     "--cluster.listen-address="], as_servers=False)
        file = drill.write("prometheus.yml", PROMETHEUS.format(
            folder=drill.folder, alertmanager=alertmanager, prometheus=self.port, exporter=exporters[0],
            exporters=", ".join(f'"127.0.0.1:{port}"' for port in exporters)))
        drill.start("prometheus", ["prometheus", f"--config.file={file}",
                                   f"--storage.tsdb.path={drill.folder}/prometheus-data",
                                   f"--web.listen-address=127.0.0.1:{self.port}"], as_servers=False)
        kit.wait_until("Prometheus is ready", self.is_ready)

    def is_ready(self):
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5).status == 200
        return False

    def ask(self, path, **parameters):
        """The data of an answer; a query that Prometheus refuses is a RuntimeError in its words."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}"
        body = urllib.parse.urlencode(parameters, doseq=True)
        request = urllib.request.Request(url, body.encode()) if path.startswith("query") \
            else urllib.request.Request(f"{url}?{body}")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error).get("error", "no reason given")) from None

    def has(self, expression):
        return bool(self.ask("query", query=expression)["result"])


def start_exporters(drill, servers, count=2):
    """Several vantage points of one configuration; returns their ports."""
    binary = os.environ.get("PGREPL_EXPORTER", ROOT / "build/release/pg_replication_exporter")
    lines = "\n".join(f"      - {{ name: {name}, host: 127.0.0.1, port: {port} }}"
                      for name, port in servers.port.items())
    file = drill.write("exporter.yaml", EXPORTER.format(
        cluster=CLUSTER, servers=lines, write=servers.write.address(), read=servers.port["pg-3"],
        pgbouncer=servers.pgbouncer.port))
    ports = kit.free_ports(count)
    for port in ports:
        drill.start(f"exporter-{port}", [binary, f"--config.file={file}",
                                         f"--web.listen-address=127.0.0.1:{port}"], as_servers=False)
    return ports


def be_quiet(seconds):
    until = time.monotonic() + seconds
    kit.wait_until("the picture has some history", lambda: time.monotonic() > until, patience=seconds + 60)


def play(drill, major, history=0):
    """Load, a pause, the death of the primary, a failover, its return as a standby: seen by Prometheus.

    The seconds of history are quiet ones before and after, for pictures.
    """
    servers = Servers(drill, major)
    prometheus = Prometheus(drill, start_exporters(drill, servers))
    servers.load("pg-1", "pg-3")
    prometheus.began = time.time()
    kit.wait_until("both standbys stream", lambda: prometheus.has("min(pg_cluster_streaming_standbys) == 2"))
    kit.wait_until("the primary archives",
                   lambda: prometheus.has("max(increase(pg_stat_archiver_archived_count[20s])) > 1"))
    be_quiet(history / 2)
    # A lag to look at.
    servers.execute("pg-3", "SELECT pg_wal_replay_pause()")
    kit.wait_until("a paused standby lags", lambda: prometheus.has("max(pg_standby_lag_seconds) > 8"))
    servers.execute("pg-3", "SELECT pg_wal_replay_resume()")
    kit.wait_until("it has caught up", lambda: prometheus.has("max(pg_standby_lag_seconds) < 1"))
    for name in ("pg-1", "pg-3"):
        servers.add_slot("pg-2", name)
    servers.crash("pg-1")
    kit.wait_until("the missing primary is an alert",
                   lambda: prometheus.has('ALERTS{alertname="PgClusterNoPrimary", alertstate="firing"}'))
    servers.promote("pg-2", "pg-3")
    kit.wait_until("a failover was seen", lambda: prometheus.has("min(pg_cluster_failovers_total) == 1"))
    servers.rebuild("pg-1", source="pg-3", upstream="pg-2")
    servers.load("pg-2", "pg-3")
    kit.wait_until("both standbys stream again",
                   lambda: prometheus.has("min(pg_cluster_streaming_standbys) == 2"))
    kit.wait_until("the new primary archives", lambda: prometheus.has(
        'max(increase(pg_stat_archiver_archived_count{server="pg-2"}[30s])) > 1'))
    kit.wait_until("what the archive lacks is known",
                   lambda: prometheus.has("pg_cluster_archive_exposure_seconds"), patience=20)
    be_quiet(history / 2)
    return prometheus
