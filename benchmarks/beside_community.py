"""Ours and the community's exporter on the same server, at the same time, in turns."""

import statistics
import time

import community
from delayed import Delayed
from goals import goal, heading, row
from kit import free_ports
from measure import cpu_seconds, family_cpu_seconds, resident_mebibytes
from subject import ours, series_of, theirs

ROUND_TRIPS = (0, 0.005, 0.020)
TURN_SECONDS = 0.002
IDLE_SECONDS = 4
BLOCKS = 5


def scrape_in_turns(subjects, count):
    """The median of each; what disturbs the machine disturbs both."""
    times = [[] for _ in subjects]
    for _ in range(count):
        for own, subject in zip(times, subjects):
            own.append(subject.timed_fetch())
    return [statistics.median(own) for own in times]


def compare_latency(drill, server, scrapes):
    first = None
    for round_trip in ROUND_TRIPS:
        ports = [server.port] * 2
        if round_trip:
            ports = free_ports(2)
            _ = [Delayed(port, server.port, round_trip / 2) for port in ports]
        subjects = [start(drill, port) for start, port in zip((ours, theirs), ports)]
        scrape_in_turns(subjects, 3)
        mine, others = scrape_in_turns(subjects, scrapes)
        first = first or mine
        row(f"scrape, round trip {round_trip * 1000:.0f} ms", mine * 1000, others * 1000, "ms",
            None if round_trip else 1 / 5)
        if round_trip:
            goal("    ours against a round trip and the time without", mine / (round_trip + first), 1.3)
        for subject in subjects:
            subject.end()


def compare_conversation(drill, server, scrapes):
    """A relay counts what passes; the ticks that fall between two scrapes are in it. It delays a little, so that
    nobody is answered before the end of what they say, which would count as two turns."""
    counted = []
    for start in (ours, theirs):
        (port,) = free_ports(1)
        relay = Delayed(port, server.port, TURN_SECONDS)
        subject = start(drill, port)
        subject.times(3)
        relay.reset()
        subject.times(scrapes)
        counted.append([n / scrapes for n in (relay.connections, relay.turns, relay.sent, relay.received)])
        subject.end()
    names = ("connections opened", "turns of the conversation", "bytes sent", "bytes received")
    for what, mine, others in zip(names, *counted):
        row(f"{what} a scrape", mine, others)


def spent(pid, postmaster, work):
    """Seconds of the exporter's processor, the server's, and the clock."""
    begin = cpu_seconds(pid), family_cpu_seconds(postmaster), time.monotonic()
    work()
    return [b - a for a, b in zip(begin, (cpu_seconds(pid), family_cpu_seconds(postmaster), time.monotonic()))]


def cpu_of_a_scrape(subject, postmaster, idle, scrapes):
    """Of the exporter and of the server, without what the ticks cost meanwhile."""
    busy = spent(subject.process.pid, postmaster, lambda: subject.times(scrapes))
    share = busy[2] / idle[2]
    return [(busy[i] - idle[i] * share) / scrapes for i in (0, 1)]


def compare_cpu(drill, server, scrapes):
    postmaster = server.process.pid
    subjects = [start(drill, server.port) for start in (ours, theirs)]
    costs = [[] for _ in subjects]
    idle = {}
    for subject in subjects:
        subject.times(5)
    for _ in range(BLOCKS):
        for own, subject in zip(costs, subjects):
            idle[subject] = spent(subject.process.pid, postmaster, lambda: time.sleep(IDLE_SECONDS))
            own.append(cpu_of_a_scrape(subject, postmaster, idle[subject], scrapes))
    mine, others = ([statistics.median(column) for column in zip(*own)] for own in costs)
    row("CPU a scrape, exporter", mine[0] * 1000, others[0] * 1000, "ms", 1 / 8)
    row("CPU a scrape, server", mine[1] * 1000, others[1] * 1000, "ms", 1 / 2)
    memory = [resident_mebibytes(subject.process.pid) for subject in subjects]
    row("resident after the scrapes", *memory, "MiB")
    goal("    ours at one server", memory[0], 12, "MiB")
    row("series of a page", *(series_of(subject.fetch()) for subject in subjects))
    ticks = [cost / idle[subjects[0]][2] * 1e6 for cost in idle[subjects[0]][:2]]
    print(f"a tick costs us {ticks[0]:.0f} us and the server {ticks[1]:.0f} us, a second")
    for subject in subjects:
        subject.end()


def beside_community(drill, server, scrapes):
    print(f"theirs is {community.version()}")
    heading()
    compare_latency(drill, server, scrapes)
    compare_conversation(drill, server, scrapes)
    compare_cpu(drill, server, scrapes)
