#!/usr/bin/env python3
"""Share of the lines of src/cluster that the unit tests run; fails below 95 %.

usage: tools/coverage.py BUILD_DIRECTORY

Reads what a build of the preset `coverage` left after its unit tests have run, through gcov.
"""

import pathlib
import re
import subprocess
import sys

FOLDER = "cluster"
GOAL = 95.0


def coverage_of(data):
    """(share in percent, lines) of the source file that one .gcda file belongs to."""
    output = subprocess.run(
        ["gcov", "--no-output", "--object-directory", data.parent, data],
        capture_output=True, text=True, check=True,
    ).stdout
    source = re.escape(f"/{FOLDER}/{data.name.removesuffix('.gcda')}")
    found = re.search(rf"File '[^']*{source}'\nLines executed:([\d.]+)% of (\d+)", output)
    return (float(found[1]), int(found[2])) if found else (0.0, 0)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    covered = lines = 0.0
    for data in sorted(pathlib.Path(sys.argv[1]).glob(f"src/CMakeFiles/*/{FOLDER}/*.gcda")):
        share, count = coverage_of(data)
        print(f"{share:6.1f} % of {count:4d}  {FOLDER}/{data.name.removesuffix('.gcda')}")
        covered += share * count / 100
        lines += count
    if not lines:
        sys.exit("no coverage data; run the unit tests of the preset coverage first")
    share = 100 * covered / lines
    print(f"{share:6.1f} % of {lines:.0f} lines of src/{FOLDER}")
    return 0 if share >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
