#!/usr/bin/env python3
"""Writes alerts/tests/scenarios.yml: tests/alerts/scenarios.py > alerts/tests/scenarios.yml

A scenario is a healthy world of three exporters, a primary and two standbys, in which some series
take another course. At the given times the complete set of firing alerts is compared, so that what
must stay silent is asserted as well.
"""

MINUTES = 60
PER_MINUTE = 4  # a scrape every 15 seconds
GROUPS = ["recording", "availability", "replication", "slots-wal", "capacity", "pgbouncer",
          "patroni", "monitoring"]
PRIMARY, STANDBY = 'role="primary"', 'role="standby"'
SLOT = 'slot_name="pg_2", slot_type="physical"'
ENDPOINT = 'endpoint="write", expect="primary"'
OF_A_SERVER_THAT_ANSWERS = {
    "pg_server_timeline": 4, "pg_server_clock_offset_seconds": 0.01, "pg_archive_enabled": 1,
    "pg_archive_ready_files": 0, "pg_archive_last_archived_timestamp_seconds": 1,
    "pg_archive_last_failed_timestamp_seconds": 0,
}


def course(*parts):
    """Values of (value or None for absent, minutes); the value "0+15" rises from 0 by 15."""
    words = []
    for value, minutes in parts:
        count = int(minutes * PER_MINUTE)
        if count == 0:
            continue
        if value is None:
            words.append(("stale" if words else "_") + (f" _x{count - 2}" if count > 1 else ""))
        else:
            words.append(f"{value}x{count - 1}")
    return " ".join(words)


def always(value):
    return course((value, MINUTES))


def from_minute(start, before, after):
    return course((before, start), (after, MINUTES - start))


def healthy(servers):
    """(series, server, further labels, values) as one exporter shows them."""
    yield "up", "", "", always(1)
    yield "pg_exporter_config_last_reload_successful", "", "", always(1)
    yield "pg_cluster_servers", "", "", always(servers)
    yield "pg_cluster_expected_standbys", "", "", always(servers - 1)
    yield "pg_cluster_objective_seconds", "", 'objective="rpo"', always(900)
    yield "pg_cluster_data_loss_exposure_seconds", "", "", always(0)
    for anomaly in ("no_primary", "split_brain", "mixed_system_identifiers"):
        yield "pg_cluster_anomaly", "", f'anomaly="{anomaly}"', always(0)
    yield "pg_endpoint_up", "", ENDPOINT, always(1)
    yield "pg_endpoint_ok", "", ENDPOINT, always(1)
    for number in range(1, servers + 1):
        yield from healthy_server(f"pg-{number}", number == 1)


def healthy_server(server, is_primary):
    yield "pg_up", server, "", always(1)
    yield "pg_server_role", server, PRIMARY, always(int(is_primary))
    yield "pg_server_role", server, STANDBY, always(int(not is_primary))
    for name, value in OF_A_SERVER_THAT_ANSWERS.items():
        yield name, server, "", always(value)
    yield "pg_exporter_last_tick_timestamp_seconds", server, "", always("0+15")
    yield "pg_standby_lag_threshold_seconds", server, 'severity="warning"', always(30)
    yield "pg_standby_lag_threshold_seconds", server, 'severity="critical"', always(300)
    yield "pg_slot_has_consumer", server, SLOT, always(1) if is_primary else None
    yield "pg_slot_holds_wal", server, SLOT, always(1) if is_primary else None
    for name, value in (("pg_standby_streaming", 1), ("pg_standby_lag_seconds", 0),
                        ("pg_standby_lag_bytes", 0), ("pg_failover_ready", 1)):
        yield name, server, "", None if is_primary else always(value)


def world(changes=None, cluster="main", exporters=(1, 2, 3), courses=None):
    """`changes` gives series another course, for all exporters or, with its number at the end of
    the key, for one; `courses` maps an exporter to a function on all its values."""
    changes, series = changes or {}, []
    for exporter in exporters:
        for name, server, labels, values in healthy(3):
            keys = [(name, server, labels, exporter), (name, server, labels), (name, server), (name,)]
            values = next((changes[key] for key in keys if key in changes), values)
            if values is None or (cluster != "main" and name == "up"):
                continue
            if courses and exporter in courses:
                values = courses[exporter](values)
            of_cluster = name not in ("up", "pg_exporter_config_last_reload_successful")
            pairs = [f'cluster="{cluster}"' if of_cluster else "", f'server="{server}"' if server
                     else "", labels, 'job="postgres"', f'instance="node-{exporter}:9187"']
            series.append((name + "{" + ", ".join(filter(None, pairs)) + "}", values))
    return series


def endpoint_gone(at, gap):
    values = course((1, at), (0, gap), (1, MINUTES - at - gap))
    return {("pg_endpoint_up",): values, ("pg_endpoint_ok",): values}


def dead(server, at=20):
    """The server answers nobody from this minute on."""
    is_primary = server == "pg-1"
    changes = {("pg_up", server): from_minute(at, 1, 0),
               ("pg_server_role", server, PRIMARY): from_minute(at, int(is_primary), None),
               ("pg_server_role", server, STANDBY): from_minute(at, int(not is_primary), None),
               ("pg_exporter_last_tick_timestamp_seconds", server): from_minute(at, "0+15", None)}
    for name, value in OF_A_SERVER_THAT_ANSWERS.items():
        changes[name, server] = from_minute(at, value, None)
    if is_primary:
        changes["pg_slot_has_consumer", server] = from_minute(at, 1, None)
    else:
        changes["pg_standby_streaming", server] = from_minute(at, 1, None)
        changes["pg_failover_ready", server] = from_minute(at, 1, 0)
    return changes


def promoted(at, streamed_until):
    """pg-2 becomes the primary at this minute, pg-3 follows it half a minute later."""
    gap = at - streamed_until
    return {
        ("pg_server_role", "pg-2", PRIMARY): from_minute(at, 0, 1),
        ("pg_server_role", "pg-2", STANDBY): from_minute(at, 1, 0),
        ("pg_server_timeline", "pg-2"): from_minute(at, 4, 5),
        ("pg_server_timeline", "pg-3"): from_minute(at + 0.5, 4, 5),
        ("pg_standby_streaming", "pg-2"): course((1, streamed_until), (0, gap), (None, MINUTES - at)),
        ("pg_standby_streaming", "pg-3"): course(
            (1, streamed_until), (0, gap + 0.5), (1, MINUTES - at - 0.5)),
        ("pg_standby_lag_seconds", "pg-2"): from_minute(at, 0, None),
        ("pg_standby_lag_bytes", "pg-2"): from_minute(at, 0, None),
        ("pg_failover_ready", "pg-2"): from_minute(at, 1, None),
    }


def no_failover():
    changes = dead("pg-1") | endpoint_gone(20, 40)
    changes["pg_cluster_data_loss_exposure_seconds",] = from_minute(20, 0, None)
    for server in ("pg-2", "pg-3"):
        changes["pg_standby_streaming", server] = from_minute(20, 1, 0)
        changes["pg_standby_lag_seconds", server] = from_minute(24, 0, None)
        changes["pg_failover_ready", server] = from_minute(24, 1, 0)
    return changes


def one_exporter_cut_off():
    return {("pg_up", "pg-2", "", 1): from_minute(20, 1, 0),
            ("pg_server_timeline", "pg-2", "", 1): from_minute(20, 4, None),
            ("pg_standby_streaming", "pg-2", "", 1): from_minute(20, 1, None),
            ("pg_failover_ready", "pg-2", "", 1): from_minute(20, 1, 0),
            ("pg_standby_lag_seconds", "pg-2", "", 1): from_minute(20, 0, 200),
            ("pg_server_role", "pg-2", PRIMARY, 1): from_minute(20, 0, None),
            ("pg_server_role", "pg-2", STANDBY, 1): from_minute(20, 1, None)}


def two_primaries():
    changes = promoted(20, 20)
    del changes["pg_server_timeline", "pg-3"], changes["pg_standby_streaming", "pg-3"]
    changes["pg_standby_lag_seconds", "pg-3"] = from_minute(20, 0, None)
    changes["pg_cluster_anomaly", "", 'anomaly="split_brain"'] = from_minute(20, 0, 1)
    return changes


def all_down():
    changes = endpoint_gone(20, 40)
    changes["pg_cluster_data_loss_exposure_seconds",] = from_minute(20, 0, None)
    for server in ("pg-1", "pg-2", "pg-3"):
        changes |= dead(server)
    for server in ("pg-2", "pg-3"):
        changes["pg_standby_lag_seconds", server] = from_minute(20, 0, None)
        changes["pg_standby_lag_bytes", server] = from_minute(20, 0, None)
    return changes


def switchover():
    return promoted(20, 20) | {
        ("pg_server_role", "pg-1", PRIMARY): from_minute(20, 1, 0),
        ("pg_server_role", "pg-1", STANDBY): from_minute(20, 0, 1),
        ("pg_server_timeline", "pg-1"): from_minute(20.25, 4, 5),
        ("pg_standby_streaming", "pg-1"): course((None, 20), (0, 0.5), (1, 39.5)),
        ("pg_standby_lag_seconds", "pg-1"): from_minute(20, None, 0),
        ("pg_failover_ready", "pg-1"): from_minute(20, None, 1),
        ("pg_slot_has_consumer", "pg-1"): from_minute(20, 1, None)}


def ends(values):
    """The exporter is gone after 20 minutes."""
    value, count = values.split(" ")[0].rsplit("x", 1)
    return f"{value}x{min(int(count), 79)} stale"


def begins(scrapes):
    def late(values):
        value, count = values.rsplit("x", 1)
        start, _, step = value.partition("+")
        if step:
            value = f"{int(start) + int(step) * scrapes}+{step}"
        return f"_x{scrapes - 1} {value}x{int(count) - scrapes}"
    return late


def blinks(values):
    """The exporter misses three scrapes."""
    value, count = values.rsplit("x", 1)
    start, _, step = value.partition("+")
    later = f"{int(start) + int(step) * 82}+{step}" if step else value
    return f"{value}x79 stale _x1 {later}x{int(count) - 83}"


def delayed():
    threshold = "pg_standby_lag_threshold_seconds"
    return {("pg_standby_lag_seconds", "pg-3"): always(7201),
            (threshold, "pg-3", 'severity="warning"'): always(7500),
            (threshold, "pg-3", 'severity="critical"'): always(9000)}


def deadlocks(server, values):
    return (f'pg_stat_database_deadlocks{{cluster="main", server="{server}", datid="5", '
            'datname="app", instance="node-1:9187", job="postgres"}', values)


LOST_SLOT = f'pg_slot_wal_status{{cluster="main", server="pg-1", {SLOT}, wal_status="lost"}}'
SPIKE = course((0, 20), (90, 1.5), (0, 18.5), (400, 20))
NO_PRIMARY = ["PgClusterNoPrimary", "PgServerDown pg-1", "PgWriteEndpointDown"]

# Title, series, and at which times exactly these alerts fire: name, server, cluster if not main.
SCENARIOS = [
    ("S1 healthy and idle", world(), {"30m": [], "59m": []}),
    ("S2 primary dies, failover in 45 seconds",
     world(dead("pg-1") | promoted(20.75, 20) | endpoint_gone(20, 0.75)),
     {"21m30s": ["PgPrimaryChanged pg-2"], "25m": ["PgPrimaryChanged pg-2", "PgServerDown pg-1"],
      "45m": ["PgServerDown pg-1", "PgClusterReplicasBelowExpected"]}),
    ("S3 primary dies, no failover", world(no_failover()),
     {"20m30s": [], "25m": NO_PRIMARY,
      "35m": NO_PRIMARY + ["PgReplicaLagUnknown pg-2", "PgReplicaLagUnknown pg-3"]}),
    ("S4 standby disconnected while the primary is idle",
     world({("pg_standby_streaming", "pg-2"): from_minute(20, 1, 0)}),
     {"25m": ["PgReplicaNotStreaming pg-2"],
      "35m": ["PgReplicaNotStreaming pg-2", "PgClusterReplicasBelowExpected"]}),
    ("S5 one of three exporters loses one server", world(one_exporter_cut_off()),
     {"40m": ["PgServerPartiallyReachable pg-2"]}),
    ("S6 all exporters vanish", world(courses={1: ends, 2: ends, 3: ends}),
     {"22m": [], "40m": ["PgExporterAbsent"]}),
    ("S7 two primaries", world(two_primaries()),
     {"22m": ["PgClusterSplitBrain", "PgPrimaryChanged pg-2"],
      "45m": ["PgClusterSplitBrain", "PgTimelineDiverged", "PgReplicaLagUnknown pg-3",
              "PgClusterReplicasBelowExpected"]}),
    ("S8 standby delayed by two hours with its own thresholds", world(delayed()), {"59m": []}),
    ("S9 all servers down", world(all_down()),
     {"45m": NO_PRIMARY + ["PgClusterDown", "PgServerDown pg-2", "PgServerDown pg-3"]}),
    ("S10 the only exporter restarts in 45 seconds", world(exporters=(1,), courses={1: blinks}),
     {"20m30s": [], "22m": [], "40m": []}),
    ("S11 slot without consumer on a standby and on the primary",
     world({("pg_slot_has_consumer", "pg-1"): from_minute(20, 1, 0),
            ("pg_slot_has_consumer", "pg-2"): always(0)}),
     {"19m": [], "40m": ["PgSlotInactive pg-1"]}),
    ("S12 a spike of 90 seconds, then 400 s that stay",
     world({("pg_standby_lag_seconds", "pg-2"): SPIKE}),
     {"22m": [], "30m": [], "45m": ["PgReplicaLagHigh pg-2"]}),
    ("S13 first start, no history", world(courses={n: begins(80) for n in (1, 2, 3)}),
     {"19m": ["PgExporterAbsent"], "25m": [], "59m": []}),
    ("S14 two clusters with equal names of servers",
     world() + world({("pg_standby_streaming", "pg-2"): from_minute(20, 1, 0)}, cluster="other"),
     {"25m": ["PgReplicaNotStreaming pg-2 other"]}),
    ("a switchover by Patroni", world(switchover()), {"22m": ["PgPrimaryChanged pg-2"], "40m": []}),
    ("a lost slot", world() + [(LOST_SLOT, from_minute(20, 0, 1))], {"25m": ["PgSlotWalAtRisk pg-1"]}),
    ("a hung archive_command", world({("pg_archive_ready_files", "pg-1"): from_minute(20, 0, "0+3")}),
     {"25m": [], "50m": ["PgWalArchiveBacklog pg-1"]}),
    ("counters begin again at a failover",
     world() + [deadlocks("pg-1", from_minute(20, 900, 0)), deadlocks("pg-2", always(3))],
     {"25m": [], "50m": []}),
    ("the exporter's task moves to another node",
     world(exporters=(1, 2), courses={1: ends, 2: begins(82)}), {"20m30s": [], "22m": [], "40m": []}),
]


def sample(alert):
    name, server, cluster, *_ = [*alert.split(" "), "", ""]
    pairs = [f'alertname="{name}"', f'cluster="{cluster or "main"}"' if name != "PgExporterAbsent"
             else "", f'server="{server}"' if server else ""]
    return "{" + ", ".join(filter(None, pairs)) + "}"


def main():
    print("# Written by tests/alerts/scenarios.py.\nrule_files:")
    print("\n".join(f"  - ../{group}.yml" for group in GROUPS))
    print("group_eval_order:")
    print("\n".join(f"  - pg-{group}" for group in GROUPS))
    print("evaluation_interval: 30s\ntests:")
    for title, series, checks in SCENARIOS:
        print(f"  - name: {title!r}\n    interval: 15s\n    input_series:")
        for name, values in series:
            print(f"      - {{ series: '{name}', values: '{values}' }}")
        print("    promql_expr_test:")
        for time, alerts in checks.items():
            print("      - expr: 'group by (alertname, cluster, server) (ALERTS{alertstate="
                  '"firing", alertname!="PgMonitoringWatchdog"})\'')
            print(f"        eval_time: {time}\n        exp_samples:" + ("" if alerts else " []"))
            for alert in alerts:
                print(f"          - {{ labels: '{sample(alert)}', value: 1 }}")


if __name__ == "__main__":
    main()
