"""What 1, 10, 100 and 1000 servers cost one process, and what a frozen one does to the others."""

import http.client
import os
import resource
import signal
import statistics
import time

from goals import goal
from kit import free_ports, wait_until
from measure import (available_mebibytes, children, cpu_seconds, family_cpu_seconds, machine_busy_seconds,
                     median_and_spread, resident_mebibytes)
from plain_server import PlainServer
from subject import ours_by_file, series_of

# One machine plays all the servers: what a thousand of them would do in their own time, it does one
# after the other. So nothing here may end for being late.
SAMPLING = ("sampling: { observers: 0, timeout: 50s, connect_timeout: 50s, statement_timeout: 50s }\n"
            "defaults: { user: monitor, dbname: postgres, sslmode: disable }\n")
# Of one series per server: the first comes with every tick, the second in a round alone.
OF_A_TICK, OF_A_ROUND = b"\npg_up{", b"\npg_postmaster_start_time_seconds{"
WINDOWS, WINDOW_SECONDS = 5, 4
PROBES = 40
BACKEND_MEBIBYTES = 4
NAMES_OF_A_SERVER = 25
SETTINGS = ["listen_addresses=*", "max_connections=150", "shared_buffers=16MB", "fsync=off"]
FROZEN_OF = 100


class Servers:
    """Real servers, each under several loopback addresses, which are as many servers to the exporter.

    Not under all of them: a server of 2000 connections takes five times as long to list them as one of
    50, and that work, which no server of one's own would have, is done on the exporter's processors."""

    def __init__(self, drill, names):
        self.servers = []
        for _ in range(-(-names // NAMES_OF_A_SERVER)):
            self.servers.append(PlainServer(drill, free_ports(1)[0], SETTINGS))
            hba = self.servers[-1].data / "pg_hba.conf"
            hba.write_text(hba.read_text() + "host all monitor 127.0.0.0/8 trust\n")
            self.servers[-1].require("SELECT pg_reload_conf()")

    def places(self, count):
        """Hosts and ports, one for each name."""
        return [(f"127.{1 + i // 62500}.{i // 250 % 250}.{1 + i % 250}", self.servers[i // NAMES_OF_A_SERVER].port)
                for i in range(count)]

    def cpu_seconds(self):
        return sum(family_cpu_seconds(server.process.pid) for server in self.servers)

    def sessions(self, condition="true"):
        """How many of the exporter's there are."""
        sql = f"SELECT count(*) FROM pg_stat_activity WHERE usename = 'monitor' AND {condition}"
        return sum(int(server.ask(sql)) for server in self.servers)


def configuration(places):
    """A cluster for each place, which is a host and a port."""
    return SAMPLING + "clusters:\n" + "".join(
        f"  - name: c{i}\n    servers: [{{ name: s{i}, host: {host}, port: {port} }}]\n"
        for i, (host, port) in enumerate(places))


def what_lacks(count):
    """Why this machine cannot play so many servers; empty when it can."""
    descriptors = 2 * count + 100
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < descriptors <= hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, hard))
        soft = descriptors
    processes = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    wants = {
        "descriptors": (descriptors, soft),
        "descriptors of the machine": (40 * count, int(open("/proc/sys/fs/file-max").read())),
        "processes": (2 * count + 500, processes if processes != resource.RLIM_INFINITY else 1 << 30),
        "process numbers": (2 * count + 500, int(open("/proc/sys/kernel/pid_max").read())),
        "MiB of memory": (2 * count * BACKEND_MEBIBYTES, available_mebibytes()),
    }
    return ", ".join(f"{wanted:.0f} {what} wanted, {there:.0f} there"
                     for what, (wanted, there) in wants.items() if wanted > there)


def is_whole(subject, count):
    """Whether every server is up and has run its queries."""
    try:
        page = subject.fetch()
    except (OSError, http.client.HTTPException):
        return False
    return page.count(OF_A_TICK) == count and page.count(OF_A_ROUND) == count


def asked_lately(servers):
    """Of how many servers a session was asked something within the last tick, and a little."""
    return servers.sessions("query_start > clock_timestamp() - interval '1.2 s'")


def at_rest(subject):
    """Share of a core without scrapes, of several windows."""
    shares = []
    for _ in range(WINDOWS):
        before, began = cpu_seconds(subject.process.pid), time.monotonic()
        time.sleep(WINDOW_SECONDS)
        shares.append((cpu_seconds(subject.process.pid) - before) / (time.monotonic() - began))
    return median_and_spread(shares)


class PageCost:
    """The medians of some pages: seconds of the clock, of the exporter's processor and of the server's."""

    def __init__(self, subject, servers, share_at_rest, count, encoding):
        figures = []
        for _ in range(count):
            before = (cpu_seconds(subject.process.pid), servers.cpu_seconds())
            busy = machine_busy_seconds()
            began = time.monotonic()
            size = len(subject.fetch(encoding))
            clock = time.monotonic() - began
            busy = machine_busy_seconds() - busy
            own = cpu_seconds(subject.process.pid) - before[0]
            theirs = servers.cpu_seconds() - before[1]
            others = max(0, busy - own - theirs) / (clock * os.cpu_count())
            figures.append((clock, own - share_at_rest * clock, theirs, others))
        self.clock, self.own, self.servers, self.others = (statistics.median(f) for f in zip(*figures))
        self.least = min(f[0] for f in figures)
        self.megabytes = size / 1e6


def cpu_of_a_probe(subject, share_at_rest, count):
    """Seconds of processor for /probe of one server, among the others."""
    probes = min(count, PROBES)
    before, began = cpu_seconds(subject.process.pid), time.monotonic()
    for i in range(PROBES):
        subject.fetch(path=f"/probe?cluster=c{i % probes}&target=s{i % probes}")
    own = cpu_seconds(subject.process.pid) - before - share_at_rest * (time.monotonic() - began)
    return own / PROBES


class Standing:
    """All figures of one process that watches `count` servers."""

    def __init__(self, drill, servers, count):
        self.count = count
        subject = ours_by_file(drill, f"of-{count}", configuration(servers.places(count)))
        wait_until(f"all {count} are up", lambda: is_whole(subject, count), patience=300)
        self.series = series_of(subject.fetch())
        time.sleep(2)
        self.share, self.spread = at_rest(subject)
        self.ticked = asked_lately(servers)
        tries = 3 if count > 300 else 7
        self.plain = PageCost(subject, servers, self.share, tries, "identity")
        self.gzip = PageCost(subject, servers, self.share, tries, "gzip")
        self.probe = cpu_of_a_probe(subject, self.share, count)
        self.whole = is_whole(subject, count)
        self.memory = resident_mebibytes(subject.process.pid)
        subject.end()
        wait_until("its connections are gone", lambda: servers.sessions() == 0)

    def each(self):
        """Microseconds of processor a server and second."""
        return self.share * 1e6 / self.count


def print_standings(standings):
    alone = standings[0]
    print(f"\n{'servers':>8} {'MiB':>8} {'KiB each':>9} {'% of a core':>12} {'+-':>6} {'us a server':>12} "
          f"{'ticked':>7} {'series':>8} {'whole':>6}")
    for s in standings:
        more = (s.memory - alone.memory) * 1024 / (s.count - alone.count) if s is not alone else 0
        print(f"{s.count:8} {s.memory:8.1f} {more:9.1f} {s.share * 100:12.2f} {s.spread * 100:6.2f} {s.each():12.1f} "
              f"{s.ticked:7} {s.series:8} {'yes' if s.whole else 'NO':>6}")
    print("\nA page: the clock's milliseconds, at best; the processor's of ours and of the servers, which share our cores;")
    print("what else the machine did meanwhile; megabytes. And our processor for /probe of one of the servers.")
    print(f"{'servers':>8} {'page':>8} {'best':>8} {'ours':>8} {'servers':>8} {'else %':>7} {'MB':>7} "
          f"{'gzip: page':>11} {'best':>8} {'ours':>8} {'MB':>7} {'/probe us':>10}")
    for s in standings:
        p, g = s.plain, s.gzip
        print(f"{s.count:8} {p.clock * 1e3:8.1f} {p.least * 1e3:8.1f} {p.own * 1e3:8.1f} {p.servers * 1e3:8.1f} "
              f"{p.others * 100:7.0f} {p.megabytes:7.2f} {g.clock * 1e3:11.1f} {g.least * 1e3:8.1f} "
              f"{g.own * 1e3:8.1f} {g.megabytes:7.2f} {s.probe * 1e6:10.0f}", flush=True)


def judge(standings):
    print()
    first, last = standings[0], standings[-1]
    n = last.count
    goal(f"{n} servers ticked every second, % of a core, of 15 % at 1000", last.share * 100, 15 * n / 1000)
    if last is not first:
        goal(f"KiB for each further server, {n} servers", (last.memory - first.memory) * 1024 / (n - first.count), 60)
    goal(f"page of {n}, seconds of our own processor", last.plain.own, 2)
    goal("    of the clock at best, servers on the same processors", last.plain.least, 2)
    tens = [s for s in standings if s.count >= 10]
    if len(tens) > 1:
        goal(f"a /probe, {n} servers against {tens[0].count}", last.probe / tens[0].probe, 1.25)
        goal(f"a tick a server, {n} servers against {tens[0].count}", last.each() / tens[0].each(), 1.25)
        goal(f"a page's processor a server, {n} servers against {tens[0].count}",
             (last.plain.own / n) / (tens[0].plain.own / tens[0].count), 1.25)


def scale(drill, counts):
    servers, standings = Servers(drill, max(counts)), []
    for count in counts:
        lacking = what_lacks(count)
        if lacking:
            print(f"{count} servers are left out: {lacking}")
            continue
        standings.append(Standing(drill, servers, count))
    if standings:
        print_standings(standings)
        judge(standings)


def send_all(server, number):
    for pid in [server.process.pid, *children(server.process.pid)]:
        os.kill(pid, number)


def ratios_in_turns(subject, yardstick, pairs):
    """Page of one by page of the other, each pair taken at once, now this one first and now the other."""
    ratios = []
    for i in range(pairs):
        order = (subject, yardstick) if i % 2 else (yardstick, subject)
        times = {one: one.timed_fetch() for one in order}
        ratios.append(times[subject] / times[yardstick])
    return ratios


def frozen(drill, pairs, blocks):
    """The hundredth of a hundred is a real server of its own, stopped and continued. A second exporter of a
    hundred healthy servers is the yardstick: the machine's moods are in both pages of a pair."""
    places = Servers(drill, FROZEN_OF).places(FROZEN_OF)
    last = PlainServer(drill, free_ports(1)[0], SETTINGS)
    yardstick = ours_by_file(drill, "yardstick", configuration(places))
    subject = ours_by_file(drill, "one-frozen", configuration([*places[:-1], ("127.0.0.1", last.port)]))
    mine = f'pg_up{{cluster="c{FROZEN_OF - 1}",server="s{FROZEN_OF - 1}"}} '.encode()
    for each in (yardstick, subject):
        wait_until("all are up", lambda each=each: is_whole(each, FROZEN_OF))
    healthy, stopped, changes = [], [], []
    for _ in range(blocks):
        before = ratios_in_turns(subject, yardstick, pairs)
        send_all(last, signal.SIGSTOP)
        try:
            wait_until("it is seen as down", lambda: mine + b"0\n" in subject.fetch())
            after = ratios_in_turns(subject, yardstick, pairs)
        finally:
            send_all(last, signal.SIGCONT)
        wait_until("it is back", lambda: mine + b"1\n" in subject.fetch() and is_whole(subject, FROZEN_OF))
        healthy += before
        stopped += after
        changes.append(statistics.median(after) / statistics.median(before) - 1)
    change = statistics.median(stopped) / statistics.median(healthy) - 1
    print(f"\npage of {FROZEN_OF} servers against that of {FROZEN_OF} others, {len(healthy)} pairs: "
          "{:.3f} (middle half {:.3f}) while all answer, ".format(*median_and_spread(healthy))
          + "{:.3f} ({:.3f}) while one is frozen".format(*median_and_spread(stopped)))
    print(f"change by block, %: {' '.join(f'{100 * c:+.1f}' for c in changes)}")
    goal("one frozen server of a hundred makes the page slower by, %", change * 100, 10)
    subject.end()
    yardstick.end()
