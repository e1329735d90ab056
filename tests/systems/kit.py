"""What the drills share: processes that end with the drill, the exporter's page, checks."""

import contextlib
import ctypes
import os
import pathlib
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PATIENCE = 90
# Of every server that a drill starts. Sockets lie in the drill's folder, which no other account may enter. Over
# TCP any account of the machine could log in as a superuser and run programs by COPY, so that one needs its
# password; the roles without such rights need none.
ACCESS_RULES = """
local all         all                   trust
local replication all                   trust
host  all         postgres 127.0.0.0/8  scram-sha-256
host  replication postgres 127.0.0.0/8  scram-sha-256
host  all         all      127.0.0.1/32 trust
host  replication all      127.0.0.1/32 trust
"""
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def postgres_bin():
    """The folder of the newest server that is installed."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[4]))
    if not found:
        sys.exit("no PostgreSQL server is installed")
    return found[-1].parent


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def wait_until(what, condition, patience=PATIENCE, pause=0.05):
    """Returns the first true value of the condition; fails the drill when there is none in time."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(pause)
    raise AssertionError(f"waited in vain until {what}")


class Drill:
    """A folder and processes, all gone at the end, and the count of what was checked."""

    def __init__(self, name):
        self.account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"pgrepl-{name}-", dir="/tmp"))
        self.hand_over(self.folder)
        self.processes = []
        self.data_directories = []
        self.passed = 0
        # libpq finds the superuser's password by itself, so that it is in no command line.
        self.password = secrets.token_hex(16)
        self.password_file = self.write("superuser.password", self.password + "\n")
        self.passfile = self.write("superuser.pgpass", f"*:*:*:postgres:{self.password}\n")
        os.environ["PGPASSFILE"] = str(self.passfile)

    def __enter__(self):
        return self

    def __exit__(self, kind, problem, _):
        if problem is not None:
            self.show_logs()
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        for directory in self.data_directories:
            self.kill_server(directory)
        shutil.rmtree(self.folder, ignore_errors=True)
        if isinstance(problem, AssertionError):
            print(f"FAILED  {problem}")
            print(f"{self.passed} passed, 1 failed")
            sys.exit(1)
        if problem is None:
            print(f"{self.passed} passed, 0 failed")

    def hand_over(self, path):
        if self.account is not None:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def write(self, name, text, mode=0o600):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        self.hand_over(path)
        return path

    def initdb(self, data):
        """initdb's arguments for a server whose superuser needs its password over TCP."""
        return ["-D", data, "-U", "postgres", "--auth-local=trust", "--auth-host=scram-sha-256",
                f"--pwfile={self.password_file}", "--no-sync"]

    def write_access_rules(self, data):
        (data / "pg_hba.conf").write_text(ACCESS_RULES)

    def start(self, name, command, as_servers=True, variables=None):
        """Starts a program whose output goes to NAME.log; the kernel kills it when we are gone."""
        identity = {}
        if as_servers and self.account is not None:
            identity = {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "PATRONI"))}
        environment["PATH"] = f"{postgres_bin()}:{environment['PATH']}"
        environment["PGPASSFILE"] = str(self.passfile)
        environment.update(variables or {})
        log = open(self.folder / f"{name}.log", "ab")
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=log,
            stderr=log,
            cwd=self.folder,
            env=environment,
            preexec_fn=lambda: _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),
            **identity,
        )
        log.close()
        self.processes.append(process)
        return process

    def log(self, name):
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def show_logs(self):
        for path in sorted(self.folder.glob("*.log")):
            print(f"--- the end of {path.name}")
            print("\n".join(path.read_text(errors="replace").splitlines()[-25:]))

    @staticmethod
    def kill_server(data_directory):
        """As a crash would: the postmaster and all its children at once."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            postmaster = int((data_directory / "postmaster.pid").read_text().splitlines()[0])
            children = pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text()
            for pid in [postmaster, *map(int, children.split())]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def check(self, holds, what):
        if not holds:
            raise AssertionError(what)
        self.passed += 1
        print(f"ok      {what}", flush=True)


_SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Page:
    """The series of one scrape, and when it was asked for."""

    def __init__(self, text, at):
        self.at = at
        self.series = []
        for line in text.splitlines():
            match = _SAMPLE.match(line)
            if match:
                self.series.append((match[1], dict(_LABEL.findall(match[2] or "")), float(match[3])))

    def value(self, name, /, **labels):
        """Of the one series with at least these labels; None when there is none."""
        for series, has, value in self.series:
            if series == name and labels.items() <= has.items():
                return value
        return None

    def primary(self):
        for series, labels, value in self.series:
            if series == "pg_server_role" and labels["role"] == "primary" and value == 1:
                return labels["server"]
        return None

    def has_anomaly(self, anomaly):
        return self.value("pg_cluster_anomaly", anomaly=anomaly) == 1


def exporter_binary():
    return os.environ.get("PGREPL_EXPORTER", ROOT / "build/release/pg_replication_exporter")


class Exporter:
    """The built exporter, scraped five times a second from the moment it is ready. It is configured by a file's text, or
    by environment variables alone."""

    def __init__(self, drill, configuration=None, environment=None):
        (self.port,) = free_ports(1)
        command = [exporter_binary(), f"--web.listen-address=127.0.0.1:{self.port}"]
        if configuration is not None:
            command.append(f"--config.file={drill.write('exporter.yaml', configuration)}")
        drill.start("exporter", command, as_servers=False, variables=environment)
        self.pages = []
        wait_until("the exporter is ready", self.is_ready)
        threading.Thread(target=self.scrape_for_ever, daemon=True).start()

    def is_ready(self):
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5).status == 200
        return False

    def scrape(self):
        at = time.monotonic()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            return Page(answer.read().decode(), at)

    def scrape_for_ever(self):
        while True:
            with contextlib.suppress(OSError):
                self.pages.append(self.scrape())
            time.sleep(0.2)

    def wait_for(self, what, condition, patience=PATIENCE):
        """The first new page for which the condition holds."""
        seen = len(self.pages)

        def find():
            return next((page for page in self.pages[seen:] if condition(page)), None)

        return wait_until(what, find, patience)

    def since(self, at):
        return [page for page in list(self.pages) if page.at >= at]
