"""What the checks share: C++ sources without comments and literals, and how findings are told."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

TOKEN = re.compile(
    r"""
    //[^\n]*
  | /\*.*?\*/
  | \bR"(?P<mark>[^()\\\s]*)\(.*?\)(?P=mark)"
  | "(?:\\.|[^"\\\n])*"
  | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'
    """,
    re.DOTALL | re.VERBOSE,
)


def blank(text, keep_strings=False):
    """The text with comments and literals as spaces; every other character keeps its place."""

    def replace(match):
        token = match.group()
        if keep_strings and not token.startswith("/"):
            return token
        return re.sub(r"[^\n]", " ", token)

    return TOKEN.sub(replace, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def sources(*folders):
    """Every C++ file below the folders, as a path relative to the root."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".h", ".cpp"):
                yield path.relative_to(ROOT)


def finish(findings):
    for finding in findings:
        print(finding)
    sys.exit(1 if findings else 0)


def self_test(check, good, bad):
    """`check(text)` must find nothing in each good text and something in each bad one."""
    wrong = [f"found in good text: {text!r}: {found}" for text in good if (found := check(text))]
    wrong += [f"not found in bad text: {text!r}" for text in bad if not check(text)]
    if not wrong:
        print(f"{len(good)} good and {len(bad)} bad texts told apart")
    finish(wrong)
