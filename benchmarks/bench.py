#!/usr/bin/python3
"""Whole-process figures on real servers, beside Debian's prometheus-postgres-exporter in the same run.

usage: bench.py [--servers N,N,...] [--scrapes N]

Prints latency at 0, 5 and 20 ms of round trip, CPU of the exporters and of the server, round trips,
bytes and memory; then what 1, 10, 100 and 1000 servers cost one process, and what a frozen one does to
the others. The servers are databases of one real server under many loopback addresses.
"""

import argparse
import contextlib
import os
import pathlib
import socket
import statistics
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "systems"))
from delayed import Delayed
from kit import ROOT, Drill, free_ports, wait_until
from plain_server import PlainServer

THEIRS = "/usr/bin/prometheus-postgres-exporter"
OURS = os.environ.get("PGREPL_EXPORTER", ROOT / "build/release/pg_replication_exporter")


def cpu_seconds(pid):
    """Of all threads of a process, by the scheduler's account in nanoseconds."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def family_cpu_seconds(pid):
    """Of a postmaster, its children, and those of them that have ended."""
    ended = sum(map(int, pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[13:15]))
    total = cpu_seconds(pid) + ended / os.sysconf("SC_CLK_TCK")
    for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(OSError):
            total += cpu_seconds(child)
    return total


def resident_mebibytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Subject:
    """A running exporter and its page."""

    def __init__(self, drill, name, command, environment):
        (self.port,) = free_ports(1)
        self.name = name
        self.url = f"http://127.0.0.1:{self.port}/metrics"
        os.environ.update(environment)
        self.process = drill.start(
            f"{name}-{self.port}", [*command, f"--web.listen-address=127.0.0.1:{self.port}"], as_servers=False)
        wait_until(f"{name} answers", self.is_up)

    def is_up(self):
        with contextlib.suppress(OSError):
            return "\npg_up" in self.fetch()
        return False

    def fetch(self):
        with urllib.request.urlopen(self.url, timeout=60) as answer:
            return answer.read().decode()

    def scrape_seconds(self, count):
        times = []
        for _ in range(count):
            begin = time.monotonic()
            self.fetch()
            times.append(time.monotonic() - begin)
        return statistics.median(times)

    def end(self):
        self.process.terminate()
        self.process.wait()


def ours(drill, port):
    return Subject(drill, "ours", [OURS], {
        "DATA_SOURCE_NAME": f"host=127.0.0.1 port={port} user=monitor dbname=postgres sslmode=disable"})


def theirs(drill, port):
    return Subject(drill, "theirs", [THEIRS], {
        "DATA_SOURCE_NAME": f"postgresql://monitor@127.0.0.1:{port}/postgres?sslmode=disable"})


def row(what, mine, others, unit):
    print(f"{what:46} {mine:10.3f} {others:10.3f} {unit:5} ratio {mine / others if others else 0:6.3f}", flush=True)


def compare_latency(drill, server, scrapes):
    for delay in (0, 0.0025, 0.010):
        results = {}
        for start in (ours, theirs):
            (port,) = free_ports(1)
            relay = Delayed(port, server.port, delay)
            subject = start(drill, port)
            subject.scrape_seconds(3)
            time.sleep(1)
            relay.reset()
            seconds = subject.scrape_seconds(scrapes)
            results[start] = (seconds, relay, subject)
            subject.end()
        mine, other = results[ours], results[theirs]
        row(f"scrape, round trip {delay * 2000:.0f} ms", mine[0] * 1000, other[0] * 1000, "ms")
        if delay == 0:
            first = mine[0]
            row("connections opened a scrape", mine[1].connections / scrapes, other[1].connections / scrapes, "")
            row("turns of the conversation a scrape", mine[1].turns / scrapes, other[1].turns / scrapes, "")
            row("bytes sent a scrape", mine[1].sent / scrapes, other[1].sent / scrapes, "B")
            row("bytes received a scrape", mine[1].received / scrapes, other[1].received / scrapes, "B")
        else:
            print(f"{'':4}ours against a round trip and the time without: {mine[0] / (2 * delay + first):.2f}")


def measure_cpu(subject, server, scrapes):
    """CPU seconds a scrape, of the exporter and of the server, without what the ticks cost."""
    subject.scrape_seconds(5)
    pid, postmaster = subject.process.pid, server.process.pid

    def spent(work):
        begin = cpu_seconds(pid), family_cpu_seconds(postmaster), time.monotonic()
        work()
        return [b - a for a, b in zip(begin, (cpu_seconds(pid), family_cpu_seconds(postmaster), time.monotonic()))]

    idle = spent(lambda: time.sleep(10))
    busy = spent(lambda: subject.scrape_seconds(scrapes))
    share = busy[2] / idle[2]
    return [(busy[i] - idle[i] * share) / scrapes for i in (0, 1)], [idle[i] / idle[2] for i in (0, 1)]


def compare_cpu(drill, server, scrapes):
    figures = {}
    for start in (ours, theirs):
        subject = start(drill, server.port)
        figures[start] = *measure_cpu(subject, server, scrapes), resident_mebibytes(subject.process.pid), subject.fetch()
        subject.end()
    (mine, ticks, memory, page), (others, _, other_memory, other_page) = figures[ours], figures[theirs]
    row("CPU a scrape, exporter", mine[0] * 1000, others[0] * 1000, "ms")
    row("CPU a scrape, server", mine[1] * 1000, others[1] * 1000, "ms")
    row("resident after the scrapes", memory, other_memory, "MiB")
    series = [sum(not line.startswith("#") for line in text.splitlines()) for text in (page, other_page)]
    row("series of a page", *series, "")
    print(f"a tick costs us {ticks[0] * 1e6:.0f} us and the server {ticks[1] * 1e6:.0f} us, a second")


def configuration(addresses, port):
    clusters = "".join(
        f"  - name: c{i}\n    servers: [{{ name: s{i}, host: {address}, port: {p} }}]\n"
        for i, (address, p) in enumerate((a if isinstance(a, tuple) else (a, port)) for a in addresses))
    # One server under many names is to be read under each of them.
    return ("sampling: { observers: 0 }\ndefaults: { user: monitor, dbname: postgres, sslmode: disable }\n"
            f"clusters:\n{clusters}")


def loopback_addresses(count):
    return [f"127.{1 + i // 62500}.{i // 250 % 250}.{1 + i % 250}" for i in range(count)]


def many(drill, addresses, port):
    file = drill.write(f"many-{len(addresses)}-{time.monotonic_ns()}.yaml", configuration(addresses, port))
    return Subject(drill, "many", [OURS, f"--config.file={file}"], {})


def scale(drill, server, counts):
    alone = None
    print(f"\n{'servers':>8} {'MiB':>8} {'KiB more each':>14} {'% of a core':>12} {'us a server':>12} {'page ms':>9} {'MB':>6}")
    for count in counts:
        subject = many(drill, loopback_addresses(count), server.port)
        wait_until("all are up", lambda: subject.fetch().count("\npg_up{") == count
                   and subject.fetch().count("} 1\n") > count)
        pages = subject.scrape_seconds(5)
        size = len(subject.fetch()) / 1e6
        time.sleep(2)
        pid = subject.process.pid
        begin = cpu_seconds(pid)
        time.sleep(10)
        share = (cpu_seconds(pid) - begin) / 10
        memory = resident_mebibytes(pid)
        alone = alone or memory
        more = (memory - alone) * 1024 / (count - 1) if count > 1 else 0
        print(f"{count:8} {memory:8.1f} {more:14.1f} {share * 100:12.2f} {share * 1e6 / count:12.1f} "
              f"{pages * 1000:9.1f} {size:6.2f}", flush=True)
        subject.end()


def frozen(drill, server):
    """One of a hundred takes connections and never says a word."""
    silent = socket.create_server(("127.0.0.1", 0))
    addresses = loopback_addresses(99)
    results = []
    for hundredth in ("127.0.3.1", ("127.0.0.1", silent.getsockname()[1])):
        subject = many(drill, [*addresses, hundredth], server.port)
        subject.scrape_seconds(3)
        time.sleep(4)
        subject.scrape_seconds(3)
        results.append(subject.scrape_seconds(20) * 1000)
        subject.end()
    print(f"\npage of a hundred servers {results[0]:.1f} ms, with one of them frozen {results[1]:.1f} ms, "
          f"ratio {results[1] / results[0]:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default="1,10,100,1000")
    parser.add_argument("--scrapes", type=int, default=50)
    options = parser.parse_args()
    counts = [int(count) for count in options.servers.split(",")]
    with Drill("bench") as drill:
        (port,) = free_ports(1)
        settings = ["listen_addresses=*", f"max_connections={2 * max(counts) + 250}", "wal_level=logical"]
        server = PlainServer(drill, port, settings)
        server.require("CREATE TABLE things AS SELECT g AS i FROM generate_series(1, 1000) AS g; ANALYZE things")
        hba = server.data / "pg_hba.conf"
        hba.write_text(hba.read_text() + "host all monitor 127.0.0.0/8 trust\n")
        server.require("SELECT pg_reload_conf()")
        print(f"{'':46} {'ours':>10} {'theirs':>10}")
        compare_latency(drill, server, options.scrapes)
        compare_cpu(drill, server, options.scrapes)
        scale(drill, server, counts)
        frozen(drill, server)


if __name__ == "__main__":
    main()
