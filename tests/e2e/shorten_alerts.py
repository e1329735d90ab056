#!/usr/bin/env python3
"""Copies alerts/ for drills that cannot take half an hour: shorten_alerts.py OUT WEBHOOK_PORT

Every `for` and `keep_firing_for` of the rules, and every group_wait, group_interval and
repeat_interval of Alertmanager, is a thirtieth of the shipped one and at least a second; the
receivers listen on the given port. Expressions, labels, routes and inhibitions stay as shipped.
"""
import re
import sys
from pathlib import Path

FACTOR = 30
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
TIMES = re.compile(
    r"^(\s*(?:for|keep_firing_for|group_wait|group_interval|repeat_interval): )(\d+)([smhd])$", re.M)


def shorten(match):
    seconds = int(match[2]) * SECONDS[match[3]]
    return f"{match[1]}{max(1, seconds // FACTOR)}s"


def main():
    out, port = Path(sys.argv[1]), sys.argv[2]
    shipped = Path(__file__).resolve().parent.parent.parent / "alerts"
    changed = 0
    for path in shipped.glob("*.yml"):
        text, count = TIMES.subn(shorten, path.read_text())
        changed += count
        (out / path.name).write_text(text.replace("127.0.0.1:9099", f"127.0.0.1:{port}"))
    if changed == 0:
        sys.exit("alerts/ has no times to shorten")


if __name__ == "__main__":
    main()
