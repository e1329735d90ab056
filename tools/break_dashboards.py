"""Defects that tools/check_dashboards.py must find, each put into the real dashboards."""


def panels(dashboard):
    """Every panel but rows, also those in collapsed rows."""
    for panel in dashboard["panels"]:
        yield from panel.get("panels", []) if panel["type"] == "row" else [panel]


def panel_of(state, title, file="pg-replication.json"):
    return next(panel for panel in panels(state["dashboards"][file]) if panel["title"] == title)


def asks(expression, legend="{{server}}"):
    def apply(state):
        panel_of(state, "Time to catch up")["targets"][0].update(expr=expression, legendFormat=legend)
    return apply


def panel_with(title="Time to catch up", **changes):
    return lambda state: panel_of(state, title).update(changes)


def dashboard_with(**changes):
    return lambda state: state["dashboards"]["pg-replication.json"].update(changes)


def variable_with(**changes):
    return lambda state: state["dashboards"]["pg-server.json"]["templating"]["list"][3].update(changes)


def moved(**changes):
    return lambda state: panel_of(state, "Time to catch up")["gridPos"].update(changes)


def without_steps(state):
    panel_of(state, "WAL not yet replayed")["fieldConfig"]["defaults"]["thresholds"]["steps"] = []


def with_other_link(state):
    panel_of(state, "Time to catch up")["fieldConfig"]["defaults"]["links"][0]["url"] = "/d/pg-none?x"


def with_other_unit(state):
    panel_of(state, "Time to catch up")["fieldConfig"]["defaults"]["unit"] = "seconds"


def same_numbers(state):
    panel_of(state, "Time to catch up")["id"] = panel_of(state, "Lag of each standby")["id"]


def without_limit_series(state):
    lines = panel_of(state, "Lag of each standby")["targets"]
    lines[:] = [line for line in lines if not line["legendFormat"].startswith("limit")]


def with_alert_elsewhere(state):
    state["alerts"]["PgReplicaLagHigh"][0]["annotations"]["dashboard_url"] = "/d/pg-exporter"


CHOSEN = 'job=~"$job", instance=~"$instance"'
LAG = f"max by (cluster, server) (pg_standby_lag_seconds{{{CHOSEN}}})"
BREAKS = {
    "pg_replication_lag is no series": asks(f"max by (cluster, server) (pg_replication_lag{{{CHOSEN}}})"),
    "has no label granted": asks(f'max by (server) (pg_locks_count{{granted="f", {CHOSEN}}})'),
    "no series of the expression has the label database": asks(LAG.replace("server)", "database)"), "x"),
    "which is a gauge": asks(f"max by (server) (rate(pg_wal_segments{{{CHOSEN}}}[$__rate_interval]))"),
    "stands without rate()": asks(f"max by (server) (pg_stat_database_deadlocks{{{CHOSEN}}})"),
    "the range [5m] is not": asks(f"max by (server) (rate(pg_stat_database_deadlocks{{{CHOSEN}}}[5m]))"),
    'does not follow job=~"$job"': asks("max by (cluster, server) (pg_standby_lag_seconds)"),
    "the operator / joins": asks(f"{LAG} / {LAG}"),
    "unexpected": asks(f"{LAG})"),
    "there is no variable node": asks(LAG.replace("$instance", "$node")),
    "the legend uses datname": asks(LAG, "{{datname}}"),
    "a target has no legend": asks(LAG, ""),
    "is not one of Grafana's": panel_with(type="graph"),
    "there is no title, or no": panel_with(description="Lag."),
    "the unit seconds is unknown": with_other_unit,
    "there are no targets": panel_with(targets=[]),
    "the data source is not": panel_with(datasource={"type": "prometheus", "uid": "abc"}),
    "leaves the 24 columns": moved(x=20),
    "lies over": moved(x=0),
    "two panels have one id": same_numbers,
    "leads to no dashboard": with_other_link,
    "more than 40 letters": dashboard_with(uid="x" * 41),
    "id, editable or": dashboard_with(editable=True),
    "the tag by which": dashboard_with(tags=[]),
    "are not annotated": dashboard_with(annotations={"list": []}),
    "does not allow several": variable_with(multi=False),
    "is not asked anew": variable_with(refresh=1),
    "is no label_values()": variable_with(query={"query": "query_result(pg_up)"}),
    "there is no variable cluster": variable_with(name="clusters"),
    "draw the limit 1024^3": without_steps,
    "draw the limit max by (cluster, server) (pg_standby_lag_threshold": without_limit_series,
    "PgReplicaLagHigh: no panel of pg-exporter": with_alert_elsewhere,
    "PgReplicaDiverged: no panel of": panel_with("Diverged", description="x" * 30),
    "PgReplicaDiverged: no panel shows": panel_with("Diverged", targets=[]),
    "PgReplicaLagUnknown: its panel does not use": panel_with("Standbys whose lag is unknown", targets=[]),
    "there is no alert PgOld": panel_with(description="See Alert PgOld (warning)."),
}
