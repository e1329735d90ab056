#!/usr/bin/env python3
"""Every script says what it does, and CONTRIBUTING.md has them all: tools/check_scripts.py [--self-test]

Each program of scripts/, and each of tests/*/ that is started by hand, answers --help with its name and status 0
within ten seconds, and is in the table of CONTRIBUTING.md; no row there names one that does not exist.

None of them, and no drill, starts a server whose superuser may log in over TCP without a password: any account of
the machine could become the account of the servers through it, by COPY … PROGRAM.
"""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BY_HAND = ("run", "pictures", "compare", "dashboards")


def programs():
    found = [p for p in (ROOT / "scripts").iterdir() if p.is_file()]
    found += [p for p in (ROOT / "tests").glob("*/*") if p.name in BY_HAND and p.is_file() and os.access(p, os.X_OK)]
    return sorted(str(p.relative_to(ROOT)) for p in found)


def help_mistake(program):
    try:
        done = subprocess.run([ROOT / program, "--help"], capture_output=True, text=True, timeout=10,
                              stdin=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired:
        return f"{program} --help does something else for ten seconds"
    if done.returncode != 0 or pathlib.Path(program).name not in done.stdout:
        return f"{program} --help: status {done.returncode}, {done.stdout + done.stderr!r:.200}"
    return None


def table_mistakes(names, page):
    rows = set(re.findall(r"^\| `((?:scripts|tests)/[\w/]+)", page, re.M))
    return ([f"CONTRIBUTING.md has no row for {name}" for name in names if name not in rows]
            + [f"CONTRIBUTING.md: there is no {row}" for row in sorted(rows - set(names))])


def drills():
    found = [p for folder in ("scripts", "tests", "benchmarks") for p in (ROOT / folder).rglob("*")]
    kinds = (".py", ".cpp", ".sh", ".yml", ".yaml")
    return {str(p.relative_to(ROOT)): p.read_text(errors="replace") for p in sorted(found)
            if p.is_file() and "corpus" not in p.parts and (p.suffix in kinds or os.access(p, os.X_OK))}


def trust_mistakes(name, text):
    """Rules are read from above, as the server does: the superuser must have met one with a password."""
    mistakes, is_guarded = [], False
    sockets_only = "listen_addresses = ''" in text
    for number, line in enumerate(text.splitlines(), 1):
        rule = re.search(r"host(?:ssl|nossl)?\s+\w+\s+(\w+)\s+[\d.:/]+\s+(trust|[\w-]+)", line)
        is_guarded = is_guarded or (rule is not None and rule[1] in ("postgres", "all") and rule[2] != "trust")
        opens = rule is not None and rule[2] == "trust" and rule[1] in ("postgres", "all") and not is_guarded
        # initdb's, and the pooler's.
        opens = opens or re.search(r"""(-A["', ]+|--auth(-host)?[=" ,']+|auth_type\s*=\s*)trust""", line) is not None
        if opens and not sockets_only:
            mistakes.append(f"{name}:{number}: a superuser may log in over TCP without a password")
    return mistakes


def self_test():
    guarded = "host all postgres 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"
    assert trust_mistakes("a", guarded + "local all all trust\nhost all monitor 127.0.0.0/8 trust\n") == []
    assert trust_mistakes("a", "initdb --auth=trust\n# listen_addresses = ''\n") == []
    for text in ("host all all 127.0.0.1/32 trust", "hostssl all postgres 10.0.0.0/8 trust", "initdb --auth=trust",
                 '"-A", "trust"', "initdb -A trust", "auth_type = trust", '"--auth-host=trust"'):
        assert len(trust_mistakes("a", text)) == 1, text

    page = "| `scripts/a` | x |\n| `tests/b/run DIR` | y |\n"
    assert table_mistakes(["scripts/a", "tests/b/run"], page) == []
    assert table_mistakes(["scripts/a", "scripts/c", "tests/b/run"], page) == ["CONTRIBUTING.md has no row for scripts/c"]
    assert table_mistakes(["scripts/a"], page) == ["CONTRIBUTING.md: there is no tests/b/run"]
    assert help_mistake("tools/check_scripts.py") is None
    assert help_mistake("/bin/false") is not None


def main():
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__.strip())
        return 0
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    mistakes = [m for m in map(help_mistake, programs()) if m]
    mistakes += table_mistakes(programs(), (ROOT / "CONTRIBUTING.md").read_text())
    mistakes += [m for name, text in drills().items() for m in trust_mistakes(name, text)]
    for mistake in mistakes:
        print(mistake)
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
