"""What all dashboards share: variables, links, annotations, and the settings around them."""

import series
from grafana import DATASOURCE, lay_out

TAG = "pg-cluster"


def variable(name, label, question, hidden=False):
    return {
        "allValue": ".+",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "datasource": DATASOURCE,
        "definition": question,
        "hide": 2 if hidden else 0,
        "includeAll": True,
        "label": label,
        "multi": True,
        "name": name,
        "options": [],
        "query": {"query": question, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
        "refresh": 2,
        "regex": "",
        "sort": 1,
        "type": "query",
    }


def variables(*extra, shows_exporters=False):
    """By what is chosen before: exporters, then clusters, then servers, then what is special."""
    chosen = 'job=~"$job", instance=~"$instance"'
    return [
        {"current": {}, "hide": 0, "includeAll": False, "label": "Data source", "multi": False,
         "name": "datasource", "options": [], "query": "prometheus", "refresh": 1, "regex": "",
         "type": "datasource"},
        variable("job", "Job", "label_values(pg_exporter_build_info, job)", hidden=not shows_exporters),
        variable("instance", "Instance", 'label_values(pg_exporter_build_info{job=~"$job"}, instance)',
                 hidden=not shows_exporters),
        variable("cluster", "Cluster", f"label_values(pg_cluster_servers{{{chosen}}}, cluster)"),
        *extra,
    ]


def server_variable():
    return variable("server", "Server", 'label_values(pg_up{job=~"$job", instance=~"$instance", '
                                        'cluster=~"$cluster"}, server)')


def annotation(name, colour, expression, title, text, tags, at_value=False, step="60s"):
    made = {
        "datasource": DATASOURCE,
        "enable": True,
        "expr": series.scope(expression, with_server=False),
        "hide": False,
        "iconColor": colour,
        "name": name,
        "step": step,
        "tagKeys": tags,
        "textFormat": text,
        "titleFormat": title,
    }
    if at_value:
        made["useValueForTime"] = True
    return made


def annotations():
    """The first two stand at the instants that the exporter and the servers themselves report."""
    return [
        {"builtIn": 1, "datasource": {"type": "grafana", "uid": "-- Grafana --"}, "enable": True,
         "hide": True, "iconColor": "rgba(0, 211, 255, 1)", "name": "Annotations & Alerts",
         "type": "dashboard"},
        annotation("Failovers", "purple",
                   "max by (cluster) (pg_cluster_last_failover_timestamp_seconds) * 1000",
                   "Failover of {{cluster}}", "Another server became the primary.", "cluster",
                   at_value=True),
        annotation("Restarts", "blue",
                   "max by (cluster, server) (pg_postmaster_start_time_seconds) * 1000",
                   "{{server}} started", "The postmaster of {{server}} ({{cluster}}) started.",
                   "cluster,server", at_value=True),
        annotation("Critical alerts", "red",
                   'ALERTS{alertname=~"Pg.+", alertstate="firing", severity="critical", cluster=~"$cluster|"}',
                   "{{alertname}}", "{{cluster}} {{server}}", "alertname,cluster,server"),
        annotation("Warnings", "orange",
                   'ALERTS{alertname=~"Pg.+", alertstate="firing", severity="warning", cluster=~"$cluster|"}',
                   "{{alertname}}", "{{cluster}} {{server}}", "alertname,cluster,server"),
    ]


def dashboard(uid, title, text, chosen, rows):
    if not any(each["name"] == "server" for each in chosen):
        for target in (t for each in rows for one in each["panels"] for t in one["targets"]):
            target["expr"] = series.without_server(target["expr"])
    return {
        "annotations": {"list": annotations()},
        "description": text,
        "editable": False,
        "fiscalYearStartMonth": 0,
        "graphTooltip": 1,
        "id": None,
        "links": [{"asDropdown": True, "icon": "external link", "includeVars": True,
                   "keepTime": True, "tags": [TAG], "targetBlank": False,
                   "title": "PostgreSQL", "tooltip": "The other dashboards of these clusters",
                   "type": "dashboards", "url": ""}],
        "liveNow": False,
        "panels": lay_out(rows),
        "refresh": "30s",
        "schemaVersion": 39,
        "tags": ["postgresql", TAG],
        "templating": {"list": chosen},
        "time": {"from": "now-6h", "to": "now"},
        "timepicker": {},
        "timezone": "browser",
        "title": title,
        "uid": uid,
        "version": 1,
        "weekStart": "",
    }
