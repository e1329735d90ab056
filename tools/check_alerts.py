#!/usr/bin/env python3
"""Checks alerts/*.yml against what promtool cannot know: tools/check_alerts.py [--self-test]

Every alert has a test in which it fires and one in which it does not, a runbook with all sections,
texts as monitoring mixins want them; every series it uses exists with these labels and this type;
vectors are joined by named labels; ranges survive a scrape a minute.
"""
import re
import sys
from pathlib import Path

import checked_files
import yaml

ROOT = Path(__file__).resolve().parent.parent
SECTIONS = ["Meaning", "Impact", "Diagnosis", "Mitigation", "When to escalate",
            "What this alert cannot see"]
NEVER_SILENT = {"PgMonitoringWatchdog"}
MINUTES = {"s": 1 / 60, "m": 1, "h": 60, "d": 1440}
KEYWORDS = {"by", "without", "on", "ignoring", "and", "or", "unless", "bool", "offset", "Inf",
            "group_left", "group_right"}
OPERATORS = {"+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">=", "and", "or", "unless"}
TOKEN = re.compile(r'"[^"]*"|\[[^\]]*\]|[a-zA-Z_:][\w:]*|\d+(?:\.\d+)?[smhd]?|[<>=!]=|=~|!~|\S')


def known_series(page, elsewhere):
    """Name -> (type, labels) from the reference of series and the list of foreign ones."""
    series = {name: (entry["type"], set(entry["labels"])) for name, entry in elsewhere.items()}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) >= 3 and cells[0].startswith("`"):
            series[cells[0].strip("`")] = (cells[1], set(cells[2].replace(" ", "").split(",")))
    return series


def lookup(series, name):
    if name in series:
        return series[name]
    stars = [entry for pattern, entry in series.items()
             if "*" in pattern and re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name)]
    return stars[0] if stars else None


def check_selectors(expression, series):
    """Names, types and labels of the selectors."""
    bare = re.sub(r"\b(by|without|on|ignoring)\s*\([^)]*\)", " ", expression)
    for match in re.finditer(r"([a-zA-Z_:][\w:]*)\s*(\{[^}]*\})?\s*(\[[^\]]*\])?(\s*\()?", re.sub(
            r'"[^"]*"', '""', bare)):
        name, matchers, span, call = match.groups()
        if call or name in KEYWORDS or re.match(r"\d", bare[match.start() - 1:match.start()] or " "):
            continue
        found = lookup(series, name)
        if found is None:
            yield f"{name} is no series of docs/metrics.md or tools/alert_series.yaml"
            continue
        kind, labels = found
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers or ""):
            if label not in labels | {"job", "instance"}:
                yield f"{name} has no label {label}"
        rated = re.search(r"\b(rate|irate|increase)\($", bare[:match.start()])
        if rated and kind != "counter":
            yield f"{rated[1]}() of {name}, which is a {kind}"
        if kind == "counter" and not rated:
            yield f"{name} is a counter and stands without rate() or increase()"
        if rated and not span:
            yield f"{rated[1]}() of {name} without a range"
    for number, unit in re.findall(r"\[(\d+)([smhd])\]", expression):
        if int(number) * MINUTES[unit] < 4:
            yield f"the range [{number}{unit}] does not survive a scrape a minute; take 4m or more"


def is_scalar(token):
    return re.match(r"\d", token) is not None or token in ("Inf", "time")


def check_joins(expression):
    """Two vectors are joined by named labels."""
    tokens = TOKEN.findall(re.sub(r"\{[^}]*\}", "", expression))
    for place, token in enumerate(tokens):
        if token not in OPERATORS or place == 0 or tokens[place - 1] in ("(", ","):
            continue
        after = [t for t in tokens[place + 1:place + 3] if t != "bool"]
        before = tokens[place - 1]
        if before == ")" and tokens[max(0, place - 3):place] == ["time", "(", ")"]:
            before = "time"
        named = after and after[0] in ("on", "ignoring")
        scalar = after and (is_scalar(after[0]) or is_scalar(before))
        if named or (scalar and token not in ("and", "or", "unless")):
            continue
        yield f"the operator {token} joins vectors without on() or ignoring()"


def check_texts(rule):
    labels, notes = rule.get("labels", {}), rule.get("annotations", {})
    name, summary = rule["alert"], rule.get("annotations", {}).get("summary", "")
    if not re.fullmatch(r"([A-Z]+[a-z0-9]+)+", name) or len(name) > 40:
        yield "the name is no CamelCase of at most 40 characters"
    if labels.get("severity") not in ("critical", "warning", "info"):
        yield "severity is not critical, warning or info"
    if not labels.get("component"):
        yield "there is no label component"
    if "{{" in summary or not re.fullmatch(r"[A-Z].+\.", summary):
        yield "the summary is no sentence without templates"
    if "{{" not in notes.get("description", ""):
        yield "the description names no value or label"
    if notes.get("runbook_url") != f"docs/runbooks/{name}.md":
        yield "runbook_url does not name its runbook"
    if not notes.get("dashboard_url", "").startswith("/d/"):
        yield "dashboard_url names no dashboard"
    kept = {label for names in re.findall(r"\bby\s*\(([^)]*)\)", rule["expr"])
            for label in re.split(r"[\s,]+", names)}
    kept |= {"cluster", "server"} if "cluster_server:" in rule["expr"] else set()
    kept |= {"cluster"} if "cluster:" in rule["expr"] else set()
    kept |= {"job", "instance"} if rule["expr"].startswith("up{") else set()
    for label in re.findall(r"\$labels\.(\w+)", " ".join(map(str, notes.values()))):
        if label not in kept:
            yield f"the texts use {label}, which the expression does not keep"


def check_shape(file, group):
    """Only what promtool 2.42 and mixtool accept."""
    for key in set(group) - {"name", "interval", "limit", "rules"}:
        yield f"{file}: group {group['name']}: {key} is unknown to Prometheus 2.42"
    if len(group["rules"]) > 20 or len(group["name"]) > 40:
        yield f"{file}: group {group['name']} has more than 20 rules or a name of more than 40 letters"


def check_rules(files, series):
    recorded = {rule["record"] for groups in files.values() for group in groups
                for rule in group["rules"] if "record" in rule}
    series = series | {name: ("gauge", {"cluster", "server"}) for name in recorded}
    for file, groups in files.items():
        for group in groups:
            yield from check_shape(file, group)
            for rule in group["rules"]:
                name = rule.get("alert") or rule["record"]
                findings = [*check_selectors(rule["expr"], series), *check_joins(rule["expr"])]
                if "alert" in rule:
                    findings += check_texts(rule)
                yield from (f"{file}: {name}: {finding}" for finding in findings)


def tested(tests):
    """The (alert, severity) that fire in a test, with texts asserted, and the alerts that do not."""
    fires, silent = set(), set()
    for test in tests:
        for case in test.get("alert_rule_test", []):
            expected = case.get("exp_alerts") or []
            if not expected:
                silent.add(case["alertname"])
            for alert in expected:
                if alert.get("exp_annotations"):
                    fires.add((case["alertname"], alert["exp_labels"].get("severity")))
    return fires, silent


def check_coverage(files, tests, runbooks):
    alerts = {(rule["alert"], rule.get("labels", {}).get("severity")) for groups in files.values()
              for group in groups for rule in group["rules"] if "alert" in rule}
    fires, silent = tested(tests)
    names = {name for name, _ in alerts}
    for name, severity in sorted(alerts - fires):
        yield f"{name} ({severity}): no test in which it fires with its annotations"
    for name in sorted(names - silent - NEVER_SILENT):
        yield f"{name}: no test in which it stays silent"
    for name in sorted(({n for n, _ in fires} | silent) - names):
        yield f"{name} is tested and no alert"
    for name in sorted(names - set(runbooks)):
        yield f"{name}: there is no docs/runbooks/{name}.md"
    for name in sorted(set(runbooks) - names):
        yield f"docs/runbooks/{name}.md is about no alert"
    for name, text in sorted(runbooks.items()):
        found = re.findall(r"^## (.+)$", text, re.M)
        if found != SECTIONS:
            yield f"docs/runbooks/{name}.md: the sections are {found}, not {SECTIONS}"
        if not text.startswith(f"# {name}\n"):
            yield f"docs/runbooks/{name}.md: the title is not {name}"


def check(state):
    return [*check_rules(state["files"], state["series"]),
            *check_coverage(state["files"], state["tests"], state["runbooks"])]


def read(path):
    return yaml.safe_load(path.read_text())


def load():
    rule_files = [path for path in sorted((ROOT / "alerts").glob("*.yml"))
                  if "groups" in (read(path) or {})]
    tests = [test for path in sorted((ROOT / "alerts/tests").glob("*.yml"))
             if path.name != "scenarios.yml" for test in read(path)["tests"]]
    return {
        "files": {f"alerts/{path.name}": read(path)["groups"] for path in rule_files},
        "tests": tests,
        "series": known_series((ROOT / "docs/metrics.md").read_text(),
                               read(ROOT / "tools/alert_series.yaml")),
        "runbooks": {path.stem: path.read_text() for path in (ROOT / "docs/runbooks").glob("*.md")},
    }


def rule_of(state, name):
    return next(rule for groups in state["files"].values() for group in groups
                for rule in group["rules"] if rule.get("alert") == name)


def break_expression(expression):
    return lambda state: rule_of(state, "PgServerDown").update(expr=expression)


def break_note(note, text):
    return lambda state: rule_of(state, "PgServerDown")["annotations"].update({note: text})


def drop_tests(keep):
    def apply(state):
        state["tests"] = [test for test in state["tests"] if keep(test)]
    return apply


def is_about(test, name, fires):
    return any(case["alertname"] == name and bool(case.get("exp_alerts")) == fires
               for case in test.get("alert_rule_test", []))


def group_labels(state):
    state["files"]["alerts/availability.yml"][0]["labels"] = {"a": "b"}


def without_section(state):
    text = state["runbooks"]["PgServerDown"]
    state["runbooks"]["PgServerDown"] = text.replace("## Impact", "## Effects")


BREAKS = {
    "is no series of": break_expression("max by (cluster, server) (pg_replication_lag) > 1"),
    "has no label granted": break_expression('max by (cluster, server) (pg_locks_count{granted="f"}) > 1'),
    "which is a gauge": break_expression("max by (cluster, server) (rate(pg_wal_segments[5m])) > 1"),
    "stands without rate": break_expression("max by (cluster, server) (pg_stat_database_deadlocks) > 5"),
    "does not survive": break_expression(
        "max by (cluster, server) (increase(pg_stat_database_deadlocks[1m])) > 5"),
    "operator and joins": break_expression("cluster_server:pg_up:avg < 1 and cluster_server:pg_up:max == 1"),
    "operator > joins": break_expression(
        "max by (cluster, server) (pg_wal_size_bytes) > max by (cluster, server) (pg_wal_segments)"),
    "the summary is no sentence": break_note("summary", "Server {{ $labels.server }} is down."),
    "the description names no": break_note("description", "A server is down."),
    "runbook_url does not": break_note("runbook_url", "docs/runbooks/PgUp.md"),
    "the texts use datname": break_note("description", "{{ $labels.datname }}"),
    "severity is not": lambda s: rule_of(s, "PgServerDown")["labels"].update(severity="page"),
    "the name is no CamelCase": lambda s: rule_of(s, "PgServerDown").update(alert="pg_server_down"),
    "labels is unknown to": group_labels,
    "PgServerDown (warning): no test in which it fires": drop_tests(
        lambda t: not is_about(t, "PgServerDown", True)),
    "PgServerDown: no test in which it stays silent": drop_tests(
        lambda t: not is_about(t, "PgServerDown", False)),
    "there is no docs/runbooks/PgServerDown.md": lambda s: s["runbooks"].pop("PgServerDown"),
    "docs/runbooks/PgOld.md is about no alert": lambda s: s["runbooks"].update(PgOld="# PgOld\n"),
    "docs/runbooks/PgServerDown.md: the sections": without_section,
}


if __name__ == "__main__":
    sys.exit(checked_files.run(load(), check, BREAKS))
