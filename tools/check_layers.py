#!/usr/bin/env python3
"""Checks that includes follow the architecture, that the pure folders do no I/O and read no clock,
and that files are short. `--self-test` checks the check."""

import pathlib
import re
import sys

import cpp_text

# Which folders of src/ a folder may include; itself always.
ALLOWED = {
    "support": set(),
    "pg": {"support"},
    "config": {"support", "pg"},
    "catalogue": {"support", "pg"},
    "cluster": {"support", "pg"},
    "exposition": {"support"},
    "metrics": {"support", "pg", "config", "catalogue", "cluster", "exposition"},
    "pages": {"support", "pg", "cluster"},
    "doctor": {"support", "pg", "cluster"},
    "files": {"support"},
    "log": set(),
    "loop": {"support", "log"},
    "session": {"support", "pg", "files", "log", "loop"},
    "fetch": {"support", "pg", "config", "files", "log", "loop", "session"},
    "discovery": {"support", "pg", "config", "log", "loop", "session", "fetch"},
    "sampling": {"support", "pg", "config", "catalogue", "cluster", "files", "log", "loop", "session"},
    "probing": {"support", "pg", "config", "catalogue", "cluster", "log", "loop", "session", "sampling"},
    "http": {"support", "pg", "config", "files", "log", "loop"},
    "endpoints": {"support", "pg", "config", "cluster", "exposition", "metrics", "pages", "http"},
    "start": {"support", "pg", "config", "catalogue", "files", "log", "session", "http"},
    "watch": {
        "support", "pg", "config", "catalogue", "cluster", "exposition", "metrics", "pages", "log", "loop",
        "session", "fetch", "discovery", "sampling", "probing", "http", "endpoints", "start",
    },
    "commands": {
        "support", "pg", "config", "catalogue", "cluster", "metrics", "pages", "doctor", "log", "loop", "session",
        "fetch", "sampling", "http", "start", "watch",
    },
}
# The one file beside the folders may include any of them.
LOOSE = {"main.cpp"}
PURE = {"support", "pg", "config", "catalogue", "cluster", "exposition", "metrics", "pages", "doctor"}
# Files of the folders that do I/O which decide and obey nobody: state machines and decoding. They
# are held to the rules of the pure folders, and include nothing of ours but those and each other.
MACHINES = {
    f"sampling/{name}"
    for name in (
        "collection", "database_rows", "database_walk", "decode", "error_counts", "observer_place",
        "poll_state", "predicates", "queries", "round_gate",
    )
} | {
    "loop/mark", "loop/tasks", "probing/pace", "session/query_error", "watch/reload_gate", "watch/rounds",
}
IMPURE = re.compile(r"(asio\b|libpq-fe\.h|civetweb|CivetServer|spdlog)")
CLOCK = re.compile(r"::now\s*\(")
# The only places that may include a library.
OWNERS = [
    (re.compile(r"yaml-cpp/"), "support/yaml.cpp", "yaml-cpp"),
    (re.compile(r"libpq"), "session/", "libpq"),
    (re.compile(r"(civetweb|CivetServer)"), "http/server.cpp", "civetweb"),
    (re.compile(r"spdlog/"), "log/", "spdlog"),
    (re.compile(r"CLI/"), "start/", "CLI11"),
    (re.compile(r"libdeflate"), "support/gzip.cpp", "libdeflate"),
    # Files are read by files::read() alone; /proc is no file that could be a pipe.
    (re.compile(r"fstream$"), "watch/process_facts.cpp", "fstream"),
]
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
MOST_LINES = 400


def check_own_include(folder, included):
    target = included.split("/")[0]
    return target == folder or target in ALLOWED.get(folder, set())


def is_machine(name):
    return name.rsplit(".", 1)[0] in MACHINES


def check_machine_include(name, included):
    pure = included.split("/")[0] in PURE or is_machine(included)
    if is_machine(name) and not pure:
        yield f"{name} is a machine and must not include {included}"


def check_library_include(folder, name, included):
    for pattern, owner, library in OWNERS:
        if pattern.match(included) and not name.startswith(owner):
            yield f"only {owner} includes {library}"
    if (folder in PURE or is_machine(name)) and IMPURE.match(included):
        yield f"{folder if folder in PURE else name} is pure and must not include {included}"


def check_source(name, text):
    """Findings of one file of src/, `name` being relative to it."""
    code = cpp_text.blank(text, keep_strings=True)
    folder = name.split("/")[0] if "/" in name else None
    if folder is None and name not in LOOSE:
        yield 1, "every file of src/ but main.cpp belongs into a folder"
    if folder is not None and folder not in ALLOWED:
        yield 1, f"folder {folder} is not known to this check"
        return
    for match in INCLUDE.finditer(code):
        line, own, included = cpp_text.line_of(code, match.start()), match[1] == '"', match[2]
        if own and folder is not None and not check_own_include(folder, included):
            yield line, f"{folder} must not include {included}"
        if own:
            for message in check_machine_include(name, included):
                yield line, message
        else:
            for message in check_library_include(folder, name, included):
                yield line, message
    if folder in PURE or is_machine(name):
        for match in CLOCK.finditer(cpp_text.blank(text)):
            line = cpp_text.line_of(text, match.start())
            yield line, f"{folder if folder in PURE else name} is pure and must not read a clock"


def check_file(name, text):
    """Findings of any C++ file."""
    lines = text.count("\n")
    if lines > MOST_LINES:
        yield 1, f"{lines} lines; at most {MOST_LINES}"
    if name.endswith(".h") and not re.search(r"^#pragma once$", text, re.MULTILINE):
        yield 1, "a header needs #pragma once"


def check(path):
    text = (cpp_text.ROOT / path).read_text(encoding="utf-8")
    findings = list(check_file(path.name, text))
    if path.parts[0] == "src":
        findings += check_source(path.relative_to("src").as_posix(), text)
    return [f"{path}:{line}: {message}" for line, message in findings]


def self_test():
    def findings(example):
        name, text = example
        return [*check_file(name, text), *check_source(name, text)]

    good = [
        ("cluster/lag.cpp", '#include "cluster/lag.h"\n#include "pg/lsn.h"\n#include <chrono>\n'),
        ("cluster/lag.cpp", "// steady_clock::now() is the caller's\n"),
        ("endpoints/endpoints.h", '#pragma once\n#include "endpoints/snapshot.h"\n#include "metrics/page.h"\n'),
        ("session/libpq.h", "#pragma once\n#include <libpq-fe.h>\n"),
        ("support/yaml.cpp", "#include <yaml-cpp/yaml.h>\n"),
        ("sampling/collection.cpp", '#include "sampling/decode.h"\n#include "pg/lsn.h"\n'),
        ("sampling/poller.cpp", "#include <asio.hpp>\n"),
        ("main.cpp", '#include "session/session.h"\n#include <asio.hpp>\n'),
    ]
    bad = [
        ("cluster/lag.cpp", '#include "session/session.h"\n'),
        ("pg/lsn.cpp", '  #  include "support/../sampling/x.h"\n#include "sampling/x.h"\n'),
        ("cluster/lag.cpp", '#include "log/log.h"\n'),
        ("metrics/page.cpp", "#include <spdlog/spdlog.h>\n"),
        ("catalogue/load.cpp", "#include <asio.hpp>\n"),
        ("config/load.cpp", "auto t = std::chrono::system_clock::now();\n"),
        ("sampling/round_gate.cpp", "#include <asio/awaitable.hpp>\n"),
        ("sampling/round_gate.h", "#pragma once\nauto t = std::chrono::steady_clock::now();\n"),
        ("sampling/collection.cpp", '#include "session/session.h"\n'),
        ("config/load.cpp", "#include <yaml-cpp/yaml.h>\n"),
        ("main.cpp", "#include <libpq-fe.h>\n"),
        ("http/endpoints.cpp", "#include <civetweb.h>\n"),
        ("http/server.h", "#pragma once\n#include <CivetServer.h>\n"),
        ("session/connection.cpp", "#include <fstream>\n"),
        ("watch/watch.cpp", "#include <spdlog/spdlog.h>\n"),
        ("helpers/text.cpp", "\n"),
        ("pg/lsn.h", "int x;\n"),
        ("pg/lsn.cpp", "\n" * 401),
    ]
    cpp_text.self_test(findings, good, bad)


if __name__ == "__main__":
    if "--self-test" in sys.argv:
        self_test()
    cpp_text.finish(
        [finding for path in cpp_text.sources("src", "tests", "benchmarks") for finding in check(path)]
    )
