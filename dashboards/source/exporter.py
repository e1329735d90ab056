"""The monitoring itself: does it see, is it fresh, and do alerts arrive."""

import parts
from frame import dashboard, server_variable, variables
from grafana import GREEN, RED, UP, YES, column, joined, panel, query, row, values

OURS = "on (job) count by (job) (last_over_time(pg_exporter_build_info[$__range]))"
ONE = "{{instance}}"


def now():
    return row(
        "Now",
        panel("stat", "Exporters that answer",
              "None: nothing of PostgreSQL is monitored, and every other panel is blind. Start the exporters.",
              [query(f"count(up == 1 and {OURS}) or on () vector(0)", "exporters")],
              alerts=["PgExporterAbsent"], instead=["PgExporterAbsent"], width=4, height=5, unit="none",
              steps=parts.NEEDED),
        panel("stat", "Rules are evaluated",
              "The watchdog always fires; its absence means that Prometheus does not evaluate these rules.",
              [query('count(ALERTS{alertname="PgMonitoringWatchdog", alertstate="firing"}) or on () vector(0)',
                     "watchdog")],
              alerts=["PgMonitoringWatchdog"], instead=["PgMonitoringWatchdog"], width=4, height=5,
              unit="none", steps=parts.NEEDED, mappings=values(v0=("no", RED), v1=("yes", GREEN))),
        panel("state-timeline", "Exporters",
              "Each exporter as Prometheus reaches it. Down for all its servers at once: its host.",
              [query(f"up and {OURS}", ONE)], alerts=["PgExporterDown"], instead=["PgExporterDown"],
              width=8, height=5, unit="none", steps=parts.NEEDED, mappings=UP),
        panel("state-timeline", "Configuration accepted",
              "No: it runs with its old configuration. Its log, and the command check, say which line is wrong.",
              alerts=["PgExporterConfigReloadFailed"], legend=ONE, width=8, height=5, unit="none",
              mappings=YES),
        panel("table", "Versions",
              "All exporters should run one version.",
              [query("max by (job, instance, version) (pg_exporter_build_info)", ONE),
               query(f"max by (job, instance) (process_start_time_seconds and {OURS}) * 1000", ONE),
               query("max by (job, instance) (pg_exporter_config_last_reload_success_timestamp_seconds) * 1000",
                     ONE)],
              width=24, height=5, unit="none", transformations=joined([None, "Started", "Configured"]),
              overrides=[column("Started", unit="dateTimeFromNow"),
                         column("Configured", unit="dateTimeFromNow")]),
    )


def sampling():
    return row(
        "Sampling",
        panel("timeseries", "Age of the data",
              "Since the server last answered a tick. Beyond the limit though it answers: the exporter is "
              "overloaded or stuck.",
              alerts=["PgExporterDataStale"], unit="s", minimum=0),
        panel("timeseries", "Duration of a round",
              "99 % end within. It must stay below the scrape timeout; one frozen server costs its own series "
              "only.",
              [query("histogram_quantile(0.99, sum by (job, instance, le) "
                     "(rate(pg_exporter_round_duration_seconds_bucket[$__rate_interval])))", ONE)], unit="s",
              minimum=0),
        panel("timeseries", "Duration of a scrape",
              "As Prometheus sees it, with the way over the network.",
              [query(f"scrape_duration_seconds and {OURS}", ONE)], unit="s", minimum=0),
        panel("timeseries", "Round trip to each server",
              "Of the last tick. Rises with the network, or with a server that has no time.",
              [query("max by (cluster, server) (pg_exporter_server_round_trip_seconds)", "{{server}}")],
              unit="s", minimum=0),
        panel("timeseries", "Slowest queries of the exporter",
              "Each query of the catalogue by name. A slow one can be left out with queries.disable.",
              [query("topk(10, max by (collector) (pg_exporter_collector_duration_seconds))", "{{collector}}")], unit="s", minimum=0),
        panel("timeseries", "Queries that fail",
              "1 is well. The series of a query at 0 are missing, mostly for want of a right: GRANT pg_monitor.",
              alerts=["PgExporterCollectorFailing"], legend="{{collector}} on {{server}}", unit="none",
              minimum=0, maximum=1, fill=0),
        panel("timeseries", "Errors",
              "Failed logins and statements a second, by reason. The exporter's log says more, once for each "
              "change.",
              [query("max by (cluster, server, reason) (rate(pg_exporter_errors_total[$__rate_interval]))",
                     "{{server}} {{reason}}")], unit="ops", minimum=0, empty="no error since the start"),
        panel("timeseries", "Connections opened",
              "Two for each server at the start, none afterwards. A steady rate: something closes them; look "
              "at idle_session_timeout and firewalls.",
              [query("max by (cluster, server) (rate(pg_exporter_connections_opened_total[$__rate_interval]))",
                     "{{server}}")], unit="ops", minimum=0),
        panel("timeseries", "Samples left out",
              "Duplicates, and texts that are no number, mostly of custom queries.",
              [query("max by (cluster, server, collector, reason) (pg_exporter_dropped_samples)",
                     "{{collector}} on {{server}}: {{reason}}")], unit="none", minimum=0,
              empty="none is left out"),
    )


def process():
    return row(
        "Process",
        panel("timeseries", "Series of a scrape", "Grows with servers, databases, tables and custom queries.",
              [query(f"scrape_samples_scraped and {OURS}", ONE)], unit="none", width=6, minimum=0),
        panel("timeseries", "Processor", "Of one core. Rises with the number of servers and of queries; a tick costs next to nothing.",
              [query("max by (job, instance) (rate(process_cpu_seconds_total[$__rate_interval]) "
                     f"and {OURS})", ONE)], unit="percentunit", width=6, minimum=0),
        panel("timeseries", "Memory", "Resident. It should not grow for days on end.",
              [query(f"max by (job, instance) (process_resident_memory_bytes and {OURS})", ONE)],
              unit="bytes", width=6, minimum=0),
        panel("timeseries", "Open files", "Two for each server, and one for each scraper.",
              [query(f"max by (job, instance) (process_open_fds and {OURS})", ONE)], unit="none", width=6,
              minimum=0),
    )


def prometheus():
    return row(
        "Prometheus (when it scrapes itself)",
        panel("timeseries", "Rules that fail",
              "Any: Prometheus' log says which rule and why. Its alerts do not fire.",
              [query("sum by (instance) (rate(prometheus_rule_evaluation_failures_total[$__rate_interval]))",
                     ONE)], unit="ops", minimum=0, empty="Prometheus does not scrape itself"),
        panel("timeseries", "Notifications that fail",
              "Alerts that Alertmanager did not take, or that were dropped on the way.",
              [query("sum by (instance) (rate(prometheus_notifications_errors_total[$__rate_interval]))",
                     f"{ONE} refused"),
               query("sum by (instance) (rate(prometheus_notifications_dropped_total[$__rate_interval]))",
                     f"{ONE} dropped")], unit="ops", minimum=0, empty="Prometheus does not scrape itself"),
        panel("timeseries", "Alertmanagers found",
              "None: alerts fire and nobody is told. See the section alerting of Prometheus' configuration.",
              [query("max by (instance) (prometheus_notifications_alertmanagers_discovered)", ONE)],
              unit="none", minimum=0, empty="Prometheus does not scrape itself"),
    )


def build():
    return dashboard(
        "pg-exporter", "PostgreSQL exporter and monitoring",
        "Whether the monitoring sees, is fresh, and can raise the alarm.",
        variables(server_variable(), shows_exporters=True),
        [now(), sampling(), process(), prometheus(),
         row("Alerts", parts.firing_alerts(), parts.alert_history())])
