#!/usr/bin/python3
"""Whole-process figures on real servers, beside Debian's prometheus-postgres-exporter in the same run.

usage: bench.py [--servers N,N,...] [--scrapes N] [--only PART,PART,...]

Parts: `community` is latency at 0, 5 and 20 ms of round trip, CPU of the exporters and of the server,
round trips, bytes and memory; `scale` is what 1, 10, 100 and 1000 servers cost one process; `frozen` is
what a frozen one does to the others. A real server plays 25 of these, under as many loopback addresses.
Goals are printed beside the figures; a report is no test, and its exit status says nothing of them.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "systems"))
from beside_community import beside_community
from kit import Drill, free_ports
from many_servers import frozen, scale
from plain_server import PlainServer

PARTS = ("community", "scale", "frozen")
FROZEN_PAIRS, FROZEN_BLOCKS = 12, 4


def start_server(drill):
    server = PlainServer(drill, free_ports(1)[0], ["wal_level=logical"])
    server.require("CREATE TABLE things AS SELECT g AS i FROM generate_series(1, 1000) AS g; ANALYZE things")
    return server


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default="1,10,100,1000")
    parser.add_argument("--scrapes", type=int, default=50)
    parser.add_argument("--only", default=",".join(PARTS))
    options = parser.parse_args()
    counts = sorted(int(count) for count in options.servers.split(","))
    parts = options.only.split(",")
    if not set(parts) <= set(PARTS):
        parser.error(f"parts are {', '.join(PARTS)}")
    with Drill("bench") as drill:
        if "community" in parts:
            beside_community(drill, start_server(drill), options.scrapes)
        if "scale" in parts:
            scale(drill, counts)
        if "frozen" in parts:
            frozen(drill, FROZEN_PAIRS, FROZEN_BLOCKS)


if __name__ == "__main__":
    main()
