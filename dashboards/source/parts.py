"""Panels that several dashboards show."""

from grafana import BLUE, COLOURS, GREEN, ORANGE, RED, column, joined, link, of_row, panel, query

FIRING = 'ALERTS{alertname=~"Pg.+", alertstate="firing", cluster=~"$cluster|"}'
SEVERITIES = [{"type": "value", "options": {
    name: {"color": COLOURS[name], "index": place, "text": name}
    for place, name in enumerate(("critical", "warning", "info"))}}]
# As the alerts' defaults: 30 s warns, 5 min pages; the exact limits are series of their own.
LAG_STEPS = [{"color": GREEN, "value": None}, {"color": "yellow", "value": 10},
             {"color": ORANGE, "value": 30}, {"color": RED, "value": 300}]
LAG_BYTES_STEPS = [{"color": GREEN, "value": None}, {"color": "yellow", "value": 64 * 1024**2},
                   {"color": ORANGE, "value": 1024**3}]
NEEDED = [{"color": RED, "value": None}, {"color": GREEN, "value": 1}]
UNWANTED = [{"color": GREEN, "value": None}, {"color": RED, "value": 1}]
PLAIN = [{"color": BLUE, "value": None}]


def firing_alerts(width=24, height=7):
    return panel(
        "table", "Firing alerts",
        "Every alert of these rules that fires now, for the chosen clusters. Open the runbook of its name "
        "in docs/runbooks; the watchdog (info) always fires and says that rules are evaluated.",
        [query(f"max by (severity, alertname, cluster, server) ({FIRING})", "{{alertname}}")],
        width=width, height=height, unit="none", empty="none, not even the watchdog: are the rules loaded?",
        transformations=joined([None]),
        overrides=[column("severity", mappings=SEVERITIES),
                   column("server", links=[link("Server", "pg-server", of_row("cluster"),
                                                of_row("server"))]),
                   column("cluster", links=[link("Cluster", "pg-cluster", of_row("cluster"))])])


def alert_history(width=24, height=7):
    return panel(
        "state-timeline", "Alerts over time",
        "When each alert fired. Alerts that begin together have one cause: start with the earliest critical "
        "one.",
        [query(f"max by (alertname, severity) ({FIRING})", "{{alertname}} ({{severity}})")],
        width=width, height=height, unit="none", steps=[{"color": ORANGE, "value": None}],
        mappings=[{"type": "value", "options": {"1": {"color": ORANGE, "index": 0, "text": "firing"}}}])
