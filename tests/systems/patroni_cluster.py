"""Three members of Patroni on etcd behind HAProxy, with a REST API over TLS, and what watches them from outside."""

import base64
import contextlib
import json
import signal
import ssl
import subprocess
import threading
import time
import urllib.request

import psycopg2

import kit
from relay import Relay

TTL = 20
MEMBERS = ("pg1", "pg2", "pg3")
# Joins later, and leaves again.
GUEST = "pg4"
CONFIGURATION = """
scope: orders
name: {name}
restapi:
  listen: 127.0.0.1:{rest}
  connect_address: 127.0.0.1:{rest}
  certfile: {folder}/rest.pem
  keyfile: {folder}/rest.key
  authentication: {{ username: patroni, password: secret }}
ctl: {{ cacert: {folder}/rest.pem }}
# Through this address alone, whatever addresses etcd itself tells.
etcd3: {{ hosts: ["127.0.0.1:{etcd}"], use_proxies: true }}
bootstrap:
  dcs:
    ttl: {ttl}
    loop_wait: 2
    retry_timeout: 5
    maximum_lag_on_failover: 1048576
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters:
        wal_level: replica
        hot_standby: "on"
        wal_log_hints: "on"
        max_connections: 500
        max_wal_senders: 10
        max_replication_slots: 10
        wal_keep_size: 64MB
        archive_mode: "on"
        archive_command: "cp %p {folder}/archive/%f"
  initdb: [encoding: UTF8, {{ locale: C }}]
  pg_hba:
{access_rules}
postgresql:
  listen: 127.0.0.1:{port}
  connect_address: 127.0.0.1:{port}
  data_dir: {folder}/{name}
  bin_dir: {bin}
  pgpass: {folder}/{name}.pgpass
  authentication:
    superuser: {{ username: postgres, password: {password} }}
    replication: {{ username: replicator }}
    rewind: {{ username: postgres, password: {password} }}
  parameters:
    unix_socket_directories: {folder}
    shared_buffers: 8MB
    fsync: "off"
    wal_retrieve_retry_interval: 500ms
"""


# As Patroni's manual has it: the member whose GET /primary says 200 gets the connections.
HAPROXY = """
defaults
  mode tcp
  timeout connect 2s
  timeout client 1h
  timeout server 1h
listen write
  bind 127.0.0.1:{port}
  option httpchk GET /primary
  http-check expect status 200
  default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions check check-ssl verify none
{servers}
"""
class Patroni:
    def __init__(self, drill):
        self.drill = drill
        everybody = (*MEMBERS, GUEST)
        ports = kit.free_ports(2 + 2 * len(everybody))
        self.etcd, peer = ports[:2]
        self.port = dict(zip(everybody, ports[2:6]))
        self.rest = dict(zip(everybody, ports[6:10]))
        # Each member's own way to etcd, which can be cut.
        self.way = {name: Relay(self.etcd) for name in everybody}
        self.processes = {}
        (drill.folder / "archive").mkdir()
        drill.hand_over(drill.folder / "archive")
        self.make_certificate()
        self.start_etcd(peer)
        drill.data_directories += [drill.folder / name for name in everybody]
        for name in MEMBERS:
            self.start(name)
            kit.wait_until(f"{name} runs", lambda: self.runs(name))
        self.execute(self.leader(), "CREATE ROLE monitor LOGIN IN ROLE pg_monitor")

    def make_certificate(self):
        subprocess.run(
            "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=rest "
            "-addext subjectAltName=IP:127.0.0.1 -keyout rest.key -out rest.pem".split(),
            cwd=self.drill.folder,
            check=True,
            capture_output=True,
        )
        for file in ("rest.key", "rest.pem"):
            self.drill.hand_over(self.drill.folder / file)

    def start_etcd(self, peer):
        client = f"http://127.0.0.1:{self.etcd}"
        self.drill.start(
            "etcd",
            ["etcd", "--data-dir", self.drill.folder / "etcd", "--unsafe-no-fsync"]
            + ["--listen-client-urls", client, "--advertise-client-urls", client]
            + ["--listen-peer-urls", f"http://127.0.0.1:{peer}"]
            + ["--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}"]
            + ["--initial-cluster", f"default=http://127.0.0.1:{peer}"],
        )

    def start_haproxy(self):
        (self.write_port,) = kit.free_ports(1)
        servers = "\n".join(
            f"  server {name} 127.0.0.1:{self.port[name]} check port {self.rest[name]}" for name in MEMBERS
        )
        file = self.drill.write("haproxy.cfg", HAPROXY.format(port=self.write_port, servers=servers))
        self.drill.start("haproxy", ["/usr/sbin/haproxy", "-db", "-f", file])

    def start(self, name):
        text = CONFIGURATION.format(
            name=name,
            rest=self.rest[name],
            port=self.port[name],
            etcd=self.way[name].port,
            ttl=TTL,
            folder=self.drill.folder,
            bin=kit.postgres_bin(),
            password=self.drill.password,
            access_rules="\n".join(f"    - {rule}" for rule in kit.ACCESS_RULES.strip().splitlines()),
        )
        file = self.drill.write(f"{name}.yml", text)
        self.processes[name] = self.drill.start(f"patroni-{name}", ["patroni", file])

    def ask(self, name, path, body=None, method=None):
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.rest[name]}{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
        )
        login = base64.b64encode(b"patroni:secret").decode()
        request.add_header("Authorization", f"Basic {login}")
        trusted = ssl.create_default_context(cafile=self.drill.folder / "rest.pem")
        with urllib.request.urlopen(request, timeout=60, context=trusted) as answer:
            return answer.read().decode()

    def cluster(self):
        for name in MEMBERS:
            try:
                return json.loads(self.ask(name, "/cluster"))["members"]
            except OSError:
                continue
        return []

    def runs(self, name):
        states = {m["name"]: m["state"] for m in self.cluster()}
        return states.get(name) in ("running", "streaming") and self.is_standby(name) is not None

    def leader(self):
        return next((m["name"] for m in self.cluster() if m["role"] == "leader"), None)

    def execute(self, name, sql):
        return self.execute_at(self.port[name], sql)

    @staticmethod
    def execute_at(port, sql):
        connection = psycopg2.connect(
            host="127.0.0.1", port=port, user="postgres", dbname="postgres", connect_timeout=2
        )
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchone() if cursor.description else None
        finally:
            connection.close()

    def is_standby(self, name):
        """None while the server does not answer."""
        try:
            return self.execute(name, "SELECT pg_is_in_recovery()")[0]
        except psycopg2.Error:
            return None

    def leave(self, name):
        """As an operator takes a member away: Patroni stops its server, and its key in etcd expires."""
        self.processes[name].send_signal(signal.SIGTERM)
        self.processes[name].wait(timeout=kit.PATIENCE)

    def crash(self, name):
        """Host gone: Patroni and its server at once, without a word to etcd."""
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()
        self.drill.kill_server(self.drill.folder / name)


class Promotion(threading.Thread):
    """Notes when the first of some servers becomes a primary, by asking them fifty times a second."""

    def __init__(self, patroni, names):
        super().__init__(daemon=True)
        self.patroni, self.names = patroni, names
        self.name_of_primary, self.at = None, None
        self.start()

    def run(self):
        deadline = time.monotonic() + kit.PATIENCE
        while self.at is None and time.monotonic() < deadline:
            for name in self.names:
                if self.patroni.is_standby(name) is False:
                    self.name_of_primary, self.at = name, time.monotonic()
                    return
            time.sleep(0.02)


class Writer(threading.Thread):
    """An application: writes through HAProxy ten times a second, and knows when it could."""

    def __init__(self, patroni):
        super().__init__(daemon=True)
        self.patroni = patroni
        self.written = []
        patroni.execute_at(patroni.write_port, "CREATE TABLE written (at timestamptz)")
        self.start()

    def run(self):
        while True:
            with contextlib.suppress(psycopg2.Error):
                self.patroni.execute_at(self.patroni.write_port, "INSERT INTO written VALUES (now())")
                self.written.append(time.monotonic())
            time.sleep(0.1)

    def count(self, since, until):
        return sum(since <= at <= until for at in self.written)

    def first_after_gap(self, began):
        """The first write after the longest pause since then, and how long that was."""
        at = [began] + [written for written in self.written if written >= began]
        return max(zip(at[1:], (later - earlier for earlier, later in zip(at, at[1:]))), key=lambda pair: pair[1])
