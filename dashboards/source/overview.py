"""All clusters at once: which of them needs somebody."""

import parts
from frame import dashboard, variables
from grafana import (GREEN, ORANGE, RED, YES, column, joined, link, of_row, of_series, panel,
                     query, row, values)

PRIMARIES = "cluster:pg_primaries:count"
STREAMING = "cluster:pg_streaming_replicas:count"
LAG = "cluster_server:pg_replica_lag_seconds:max"
LAG_BYTES = "cluster_server:pg_replica_lag_bytes:max"
TO_CLUSTER = [link("Cluster", "pg-cluster", of_series("cluster"))]


def tile(title, text, expression, unit="none", steps=parts.UNWANTED):
    return panel("stat", title, text, [query(expression, title)], unit=unit, width=3, height=4, steps=steps)


def now():
    warnings = [{"color": GREEN, "value": None}, {"color": ORANGE, "value": 1}]
    firing = parts.FIRING[:-1]
    return row(
        "Now",
        tile("Critical alerts", "Alerts that page. Any of them: open the cluster it names below.",
             f'count(max by (alertname, cluster, server) ({firing}, severity="critical"}})) or on () vector(0)'),
        tile("Warnings", "Alerts that can wait for working hours. Work through the list below.",
             f'count(max by (alertname, cluster, server) ({firing}, severity="warning"}})) or on () vector(0)',
             steps=warnings),
        tile("Without a primary", "Clusters in which nothing can be written. See PgClusterNoPrimary.",
             f"count({PRIMARIES} == 0) or on () vector(0)"),
        tile("Split brain", "Clusters with more than one primary. Fence one at once: PgClusterSplitBrain.",
             f"count({PRIMARIES} > 1) or on () vector(0)"),
        tile("Servers down", "Servers that most exporters do not reach. See the cluster's reachability.",
             "count(cluster_server:pg_up:avg < 0.5) or on () vector(0)", steps=warnings),
        tile("Standbys missing", "Configured standbys that receive no WAL. Look for the server that is down or "
             "not streaming.",
             f"sum(clamp_min(max by (cluster) (pg_cluster_expected_standbys) - on (cluster) {STREAMING}, 0)) "
             "or on () vector(0)", steps=warnings),
        tile("Worst lag", "The standby that is furthest behind its primary, of all clusters.",
             f"max({LAG})", unit="s", steps=parts.LAG_STEPS),
        tile("Exporters", "Exporters that answer. None: every other number here is blind; see PgExporterAbsent.",
             "count(count by (job, instance) (pg_exporter_build_info)) or on () vector(0)",
             steps=parts.NEEDED),
    )


def clusters():
    ratio = [{"color": GREEN, "value": None}, {"color": ORANGE, "value": 0.8}, {"color": RED, "value": 0.95}]
    age = [{"color": GREEN, "value": None}, {"color": ORANGE, "value": 0.5}, {"color": RED, "value": 0.75}]
    primaries = [{"color": RED, "value": None}, {"color": GREEN, "value": 1}, {"color": RED, "value": 2}]
    names = ["Primaries", "Streaming", "Expected", "Lag", "Lag bytes", "Sync ok", "Exposure",
             "Not archived", "Connections", "XIDs used", "Alerts", None]
    questions = [
        PRIMARIES,
        STREAMING,
        "max by (cluster) (pg_cluster_expected_standbys)",
        f"max by (cluster) ({LAG})",
        f"max by (cluster) ({LAG_BYTES})",
        "max by (cluster) (pg_cluster_sync_standbys) "
        ">= bool on (cluster) max by (cluster) (pg_cluster_sync_standbys_required)",
        "min by (cluster) (pg_cluster_data_loss_exposure_seconds)",
        "min by (cluster) (pg_cluster_archive_exposure_seconds)",
        "max by (cluster) (cluster_server:pg_connections:ratio)",
        "max by (cluster) (pg_database_wraparound_age) / 2^31",
        f'count by (cluster) ({parts.FIRING[:-1]}, severity=~"critical|warning"}}) '
        "or on (cluster) 0 * max by (cluster) (pg_cluster_servers)",
        'max by (cluster, server) (pg_server_role{role="primary"} == 1)',
    ]
    return row(
        "Clusters",
        panel("table", "Clusters",
              "One line a cluster; click its name to see its servers. Red or orange cells have an alert of "
              "their own. Exposure is what would be lost with the primary now, Not archived what a restore "
              "from the archive would lack.",
              [query(question, "{{cluster}}") for question in questions],
              width=24, height=9, unit="none", transformations=[
                  *joined(names)[:1],
                  {"id": "organize", "options": {
                      **joined(names)[1]["options"],
                      "renameByName": {**joined(names)[1]["options"]["renameByName"], "server": "Primary"}}}],
              overrides=[
                  column("cluster", links=[link("Cluster", "pg-cluster", of_row("cluster"))]),
                  column("Primary", links=[link("Server", "pg-server", of_row("cluster"),
                                                ("server", "${__data.fields.Primary}"))]),
                  column("Primaries", steps=primaries),
                  column("Streaming", steps=parts.NEEDED),
                  column("Lag", unit="s", steps=parts.LAG_STEPS),
                  column("Lag bytes", unit="bytes", steps=parts.LAG_BYTES_STEPS),
                  column("Sync ok", mappings=YES),
                  column("Exposure", unit="s"),
                  column("Not archived", unit="s"),
                  column("Connections", unit="percentunit", steps=ratio),
                  column("XIDs used", unit="percentunit", steps=age),
                  column("Alerts", steps=[{"color": GREEN, "value": None}, {"color": ORANGE, "value": 1}]),
              ]),
        parts.firing_alerts(),
    )


def history():
    return row(
        "History",
        panel("state-timeline", "Primaries",
              "How many servers answered as a primary. Gaps and red are the minutes in which applications "
              "could not write, or wrote to two places; compare with the failovers marked below.",
              [query(PRIMARIES, "{{cluster}}")], width=24, height=6, unit="none", links=TO_CLUSTER,
              steps=[{"color": RED, "value": None}, {"color": GREEN, "value": 1}, {"color": RED, "value": 2}],
              mappings=values(v0=("none", RED), v1=("one", GREEN), v2=("two", RED))),
        panel("timeseries", "Worst lag of each cluster",
              "The standby that is furthest behind. A line that climbs by a second a second is a standby that "
              "replays nothing: open the cluster.",
              [query(f"max by (cluster) ({LAG})", "{{cluster}}")], unit="s", width=12, minimum=0,
              links=TO_CLUSTER),
        panel("timeseries", "Would be lost with the primary",
              "Age of the oldest change that exists on no standby. It must stay below the recovery point "
              "objective of the cluster.",
              [query("min by (cluster) (pg_cluster_data_loss_exposure_seconds)", "{{cluster}}")], unit="s",
              width=12, minimum=0, links=TO_CLUSTER),
        panel("timeseries", "Transactions",
              "Committed and rolled back by all servers of the cluster. A sudden end is an outage that "
              "applications feel.",
              [query("sum by (cluster) (max by (cluster, server) (pg_server_transactions_per_second))",
                     "{{cluster}}", with_server=False)], unit="ops", width=12, minimum=0, links=TO_CLUSTER),
        panel("timeseries", "WAL written",
              "By the primary of each cluster. Every standby must receive and replay as much, and the archive "
              "must take it.",
              [query("max by (cluster) (max by (cluster, server) "
                     "(clamp_min(deriv(pg_wal_position_bytes[$__rate_interval]), 0)))", "{{cluster}}")],
              unit="Bps", width=12, minimum=0, links=TO_CLUSTER),
        parts.alert_history(),
    )


def build():
    return dashboard(
        "pg-overview", "PostgreSQL clusters",
        "Every cluster in one line, what fires, and how it was. Start here.",
        variables(), [now(), clusters(), history()])
