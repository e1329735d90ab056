"""The community's exporter, which ours is compared with."""

import os
import subprocess

# scripts/lib/community.sh names a newer one than is installed, where it can be had.
PROGRAM = os.environ.get("PGREPL_COMMUNITY_EXPORTER", "/usr/bin/prometheus-postgres-exporter")


def say(flag):
    """What it prints and ends."""
    said = subprocess.run([PROGRAM, flag], capture_output=True, text=True, check=True)
    return said.stdout + said.stderr


def version():
    """As it says it: "postgres_exporter, version 0.19.1"."""
    return say("--version").partition(" (")[0]
