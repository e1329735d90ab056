#!/usr/bin/env python3
"""Writes dashboards/*.json: dashboards/source/build.py [--check]

Python, because the limits drawn in a panel and the expressions of alerts are read from alerts/*.yml,
and the labels of a series from docs/metrics.md: Jsonnet of Debian 12 reads neither YAML nor Markdown,
and the other tools here are Python too. --check writes nothing, and fails when a file is not what would
be written.
"""

import json
import sys

import cluster
import exporter
import overview
import pgbouncer
import replication
import server
from series import ROOT


def render():
    """File name -> text, the same bytes each time."""
    made = [module.build() for module in (overview, cluster, replication, server, pgbouncer, exporter)]
    return {f"{one['uid']}.json": json.dumps(one, indent=2, ensure_ascii=False) + "\n" for one in made}


def main():
    folder, files = ROOT / "dashboards", render()
    present = {path.name for path in folder.glob("*.json")}
    if sys.argv[1:] == ["--check"]:
        wrong = sorted(name for name in present | set(files)
                       if name not in files or name not in present
                       or (folder / name).read_text() != files[name])
        for name in wrong:
            print(f"dashboards/{name} is not what dashboards/source/build.py writes", file=sys.stderr)
        return 1 if wrong else 0
    for name in present - set(files):
        (folder / name).unlink()
    for name, text in files.items():
        (folder / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
