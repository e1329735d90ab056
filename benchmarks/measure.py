"""What processes cost, by the kernel's own accounts, and figures from many tries."""

import contextlib
import os
import pathlib
import statistics

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
PROC = pathlib.Path("/proc")


def cpu_seconds(pid):
    """Of all threads of a process, by the scheduler's account in nanoseconds."""
    total = 0
    with contextlib.suppress(OSError):
        for task in (PROC / str(pid) / "task").iterdir():
            with contextlib.suppress(OSError):
                total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def family_cpu_seconds(pid):
    """Of a postmaster, its children, and those of them that have ended."""
    ended = sum(map(int, (PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[13:15]))
    total = cpu_seconds(pid) + ended / TICKS_A_SECOND
    for child in children(pid):
        total += cpu_seconds(child)
    return total


def children(pid):
    return [int(child) for child in (PROC / f"{pid}/task/{pid}/children").read_text().split()]


def resident_mebibytes(pid):
    for line in (PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def available_mebibytes():
    for line in (PROC / "meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) / 1024
    return 0.0


def machine_busy_seconds():
    """Of all processors, by whatever runs on them."""
    user, nice, system, _, _, irq, softirq, steal = map(
        int, (PROC / "stat").read_text().splitlines()[0].split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS_A_SECOND


def median_and_spread(values):
    """The median, and how far the middle half of the values lies apart."""
    ordered = sorted(values)
    if len(ordered) < 4:
        return statistics.median(ordered), ordered[-1] - ordered[0]
    low, _, high = statistics.quantiles(ordered, n=4)
    return statistics.median(ordered), high - low
