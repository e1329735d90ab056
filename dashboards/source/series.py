"""What there is to draw: the exporter's series, the alerts, and which labels select what is shown."""

import re
from pathlib import Path

import yaml

import promql

ROOT = Path(__file__).resolve().parent.parent.parent
# Made by Prometheus or by other programs: they do not carry the exporter's job.
FOREIGN = re.compile(r"ALERTS|prometheus_\w+|patroni_\w+")


def load_series():
    """Name -> (type, labels)."""
    series = {}
    for file in ("alert_series.yaml", "dashboard_series.yaml"):
        for name, entry in yaml.safe_load((ROOT / "tools" / file).read_text()).items():
            series[name] = (entry["type"], set(entry["labels"]))
    for line in (ROOT / "docs/metrics.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) >= 3 and cells[0].startswith("`"):
            labels = {label for label in cells[2].replace(" ", "").split(",") if label}
            series[cells[0].strip("`")] = (cells[1], labels)
            if cells[1] == "histogram":
                for end, more in (("_bucket", {"le"}), ("_sum", set()), ("_count", set())):
                    series[cells[0].strip("`") + end] = ("counter", labels | more)
    return series


def find(series, name):
    """Also by a listed name that ends in a star; None when there is no such series."""
    if name in series:
        return series[name]
    for pattern, entry in series.items():
        if pattern.endswith("*") and name.startswith(pattern[:-1]):
            return entry
    return None


def load_rules():
    """(recorded name -> expression, [alert])."""
    recorded, alerts = {}, []
    for path in sorted((ROOT / "alerts").glob("*.yml")):
        for group in (yaml.safe_load(path.read_text()) or {}).get("groups", []):
            for rule in group["rules"]:
                if "record" in rule:
                    recorded[rule["record"]] = promql.one_line(rule["expr"])
                else:
                    alerts.append(rule)
    return recorded, alerts


SERIES = load_series()
RECORDED, ALERTS = load_rules()


def alerts_named(name):
    found = [alert for alert in ALERTS if alert["alert"] == name]
    if not found:
        raise SystemExit(f"there is no alert {name}")
    return found


def is_per_server(expression):
    """Whether its result is about single servers, so that the choice of a server may narrow it.

    A cluster's count of primaries must not follow that choice: it would read 0 for a standby.
    """
    labels = promql.outer_labels(expression)
    return labels is None or "server" in labels


def scope(expression, with_server=None):
    """The expression with the dashboard's variables in each selector that has their labels."""
    expression = promql.expand(promql.one_line(expression), RECORDED)
    narrow = is_per_server(expression) if with_server is None else with_server

    def select(name, matchers):
        found = find(SERIES, name)
        if found is None:
            raise SystemExit(f"{name} is no series of docs/metrics.md or tools/*_series.yaml")
        # The alerts name the job they were written for; here it is chosen.
        parts = [part.strip() for part in matchers.split(",")
                 if part.strip() and not part.strip().startswith("job=")]
        if not FOREIGN.fullmatch(name):
            parts += ['job=~"$job"', 'instance=~"$instance"']
        chosen = {part.split("=")[0].rstrip("!~") for part in parts}
        # An alert about the monitoring names no cluster; who asks for alerts says which he wants.
        if "cluster" in found[1] and name != "ALERTS" and "cluster" not in chosen:
            parts.append('cluster=~"$cluster"')
        # An alert about a cluster names no server, and must show whichever server is chosen.
        if narrow and {"cluster", "server"} <= found[1] and not FOREIGN.fullmatch(name) \
                and "server" not in chosen:
            parts.append('server=~"$server"')
        if "pgbouncer" in found[1]:
            parts.append('pgbouncer=~"$pgbouncer"')
        return f"{name}{{{', '.join(parts)}}}" if parts else name

    return promql.rewrite(expression, select)


def without_server(expression):
    """For dashboards on which no server can be chosen."""
    return re.sub(r', server=~"\$server"', "", expression)
