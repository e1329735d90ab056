"""One server in depth; its tiles repeat for each one that is chosen."""

import parts
from frame import dashboard, server_variable, variables
from grafana import BLUE, GREEN, UP, column, joined, panel, query, row, values

C, CD = "max by (cluster, server)", "max by (cluster, server, datname)"


def per_second(name, by="max by (cluster, server)", inner="sum without (datid, datname)"):
    return f"{by} ({inner} (rate({name}[$__rate_interval])))"


def tile(title, text, expression, unit="none", steps=parts.PLAIN, legend="{{server}}", **more):
    return panel("stat", title, text, [query(expression, legend)], unit=unit, width=3, height=4, steps=steps,
                 **more)


def health():
    return row(
        "Now: $server",
        tile("Answers", "Whether any exporter reaches it. No: see why on the cluster's dashboard.",
             "cluster_server:pg_up:max", steps=parts.NEEDED, mappings=UP),
        tile("Role", "What it answers as. Unknown: it does not answer.", f'{C} (pg_server_role{{role="primary"}})',
             mappings=values(v1=("PRIMARY", GREEN), v0=("standby", BLUE)), empty="unknown"),
        tile("Version", "Patch releases repair bugs that lose data: keep to the newest of the major.",
             "max by (cluster, server, short_version) (pg_server_info)", legend="{{short_version}}",
             options={"textMode": "name"}),
        tile("Running for", "Shorter than you think: it restarted. Look at its log.",
             f"time() - {C} (pg_postmaster_start_time_seconds)", unit="dtdurations"),
        tile("Connections used", "Of those that applications may open. Near the limit: use a pooler, or find "
             "who keeps them.", "cluster_server:pg_connections:ratio", unit="percentunit", steps=[
                 {"color": GREEN, "value": None}, {"color": "orange", "value": 0.8},
                 {"color": "red", "value": 0.95}]),
        tile("Cache hits", "Share of the blocks that were in shared_buffers over the last minute.",
             f"{C} (pg_server_cache_hit_ratio)", unit="percentunit", empty="nothing was read"),
        tile("Transactions", "Committed and rolled back a second over the last minute.",
             f"{C} (pg_server_transactions_per_second)", unit="ops"),
        tile("Oldest XID", "Share of the range that the oldest unfrozen transaction has used. High: find what "
             "holds vacuum back.", f"{C} (pg_database_wraparound_age) / 2^31", unit="percentunit", steps=[
                 {"color": GREEN, "value": None}, {"color": "orange", "value": 0.5},
                 {"color": "red", "value": 0.75}]),
        repeat="server",
    )


def sessions():
    return row(
        "Sessions",
        panel("timeseries", "Share of the exporters that reach it",
              "Below a half: the server is down. Check its host, then its log.",
              alerts=["PgServerDown"], unit="percentunit", minimum=0, maximum=1),
        panel("timeseries", "Connections used",
              "Of max_connections without those reserved. At the limit applications are refused.",
              alerts=["PgConnectionsHigh"], unit="percentunit", minimum=0),
        panel("timeseries", "Sessions by state",
              "Many active: work queues up. Many idle in transaction: an application does not end what it "
              "begins.",
              [query("max by (cluster, server, state) (pg_server_connections)", "{{server}} {{state}}")],
              unit="none", stacked=True, minimum=0),
        panel("timeseries", "Oldest idle transaction",
              "It holds locks and keeps vacuum from cleaning up. End the session with pg_terminate_backend() "
              "and mend the application.",
              alerts=["PgIdleInTransactionLong"], legend="{{server}} {{datname}}", unit="s", minimum=0,
              empty="no session is idle in a transaction"),
        panel("timeseries", "Oldest transaction",
              "Of any state. Hours: reports and forgotten sessions that hold vacuum back.",
              [query(f"{CD} (pg_stat_activity_max_tx_duration)", "{{server}} {{datname}}")], unit="s",
              minimum=0),
        panel("timeseries", "What sessions wait for",
              "Lock: other sessions; IO: disks; LWLock: inside PostgreSQL; Client: the application.",
              [query("max by (cluster, server, wait_event_type) (sum without (datname, state, usename, "
                     "application_name, backend_type, wait_event) (pg_stat_activity_count))",
                     "{{server}} {{wait_event_type}}")], unit="none", stacked=True, minimum=0),
        panel("timeseries", "Locks by mode",
              "AccessExclusiveLock that stays: a schema change that waits, and lets all others wait behind it.",
              [query("max by (cluster, server, mode) (sum without (datname) (pg_locks_count))",
                     "{{server}} {{mode}}")], unit="none", minimum=0),
        panel("timeseries", "Deadlocks in 10 minutes",
              "The server's log has both statements. Applications should lock in one order.",
              alerts=["PgDeadlocksHigh"], legend="{{server}} {{datname}}", unit="none", minimum=0),
        panel("timeseries", "Clock against the exporters",
              "Beyond a second: start time synchronisation on the host. Lag here does not depend on it; logs "
              "and applications do.",
              alerts=["PgServerClockOffset"], unit="s"),
    )


def work():
    return row(
        "Work",
        panel("timeseries", "Commits and rollbacks",
              "Rollbacks that rise alone: an application fails. Look at the server's log.",
              [query(per_second("pg_stat_database_xact_commit"), "{{server}} commits"),
               query(per_second("pg_stat_database_xact_rollback"), "{{server}} rollbacks")], unit="ops",
              minimum=0),
        panel("timeseries", "Rows changed",
              "By statement. Updates and deletes make work for vacuum.",
              [query(per_second(f"pg_stat_database_tup_{kind}"), f"{{{{server}}}} {kind}")
               for kind in ("inserted", "updated", "deleted")], unit="rowsps", minimum=0),
        panel("timeseries", "Rows read",
              "returned far above fetched: scans read many rows to find few; an index may be missing.",
              [query(per_second(f"pg_stat_database_tup_{kind}"), f"{{{{server}}}} {kind}")
               for kind in ("returned", "fetched")], unit="rowsps", minimum=0),
        panel("timeseries", "Cache hit ratio",
              "Share of blocks found in shared_buffers over 5 minutes. It alerts only beyond 1000 reads a "
              "second: a quiet server's ratio means nothing.",
              alerts=["PgCacheHitRatioLow"], unit="percentunit", maximum=1),
        panel("timeseries", "Blocks read",
              "From outside shared_buffers, that is from the kernel's cache or the disk.",
              [query(per_second("pg_stat_database_blks_read"), "{{server}}")], unit="iops", minimum=0),
        panel("timeseries", "Temporary files written",
              "Sorts and hashes beyond work_mem. Much: raise it for the queries concerned.",
              [query(per_second("pg_stat_database_temp_bytes"), "{{server}}")], unit="Bps", minimum=0),
    )


def writing():
    return row(
        "Checkpoints and buffers",
        panel("timeseries", "Checkpoints requested in 30 minutes",
              "More than timed ones: max_wal_size is too small for the load.",
              alerts=["PgCheckpointsTooFrequent"], unit="none", minimum=0),
        panel("timeseries", "Checkpoints, timed and requested",
              "The name before PostgreSQL 17 and the one since are both filled, so this panel survives an "
              "upgrade.",
              [query(f"{C} (rate(pg_stat_checkpointer_num_timed_total[$__rate_interval])) * 3600",
                     "{{server}} timed"),
               query(f"{C} (rate(pg_stat_checkpointer_num_requested_total[$__rate_interval])) * 3600",
                     "{{server}} requested")], unit="cph", minimum=0),
        panel("timeseries", "Time spent in checkpoints",
              "Milliseconds a second, writing and synchronizing. Much of the latter: slow disks.",
              [query(f"{C} (rate(pg_stat_checkpointer_write_time_total[$__rate_interval]))",
                     "{{server}} write"),
               query(f"{C} (rate(pg_stat_checkpointer_sync_time_total[$__rate_interval]))",
                     "{{server}} sync")], unit="ms", minimum=0),
        panel("timeseries", "Buffers written by whom",
              "Backends should write little: it delays their queries. Much: a more eager background writer.",
              [query(f"{C} (rate(pg_stat_bgwriter_buffers_{name}_total[$__rate_interval]))",
                     f"{{{{server}}}} {words}")
               for name, words in (("checkpoint", "checkpointer"), ("clean", "background writer"),
                                   ("backend", "backends"))], unit="ops", minimum=0, width=12),
        panel("timeseries", "Buffers allocated",
              "How fast blocks come into shared_buffers.",
              [query(f"{C} (rate(pg_stat_bgwriter_buffers_alloc_total[$__rate_interval]))", "{{server}}")],
              unit="ops", minimum=0, width=12),
    )


def databases():
    return row(
        "Databases and freezing",
        panel("timeseries", "Size of databases",
              "A bend upwards without new data: dead rows that vacuum does not clean up.",
              [query(f"{CD} (pg_database_size_bytes)", "{{server}} {{datname}}")], unit="bytes", minimum=0),
        panel("timeseries", "Range of transaction IDs used",
              "At 100 % the server stops accepting writes. Find old transactions, slots and prepared "
              "transactions that hold freezing back, then vacuum.",
              alerts=["PgXidWraparoundRisk"], legend="{{server}} {{datname}} {{kind}}", unit="percentunit",
              minimum=0),
        panel("timeseries", "Dead rows",
              "Of the ten worst tables. Growing for hours: autovacuum does not get through.",
              [query("topk(10, max by (cluster, server, datname, relname) (pg_stat_user_tables_n_dead_tup))",
                     "{{server}} {{datname}} {{relname}}")], unit="none", minimum=0,
              empty="no tables of users"),
        panel("timeseries", "Pages with a wrong checksum in an hour",
              "Data is damaged. Stop, copy the data directory, and find out what the storage did.",
              alerts=["PgChecksumFailures"], legend="{{server}} {{datname}}", unit="none", minimum=0,
              empty="checksums are off", width=12),
        panel("timeseries", "Rows changed since the last ANALYZE",
              "Of the ten worst tables. Plans go wrong with old statistics.",
              [query("topk(10, max by (cluster, server, datname, relname) "
                     "(pg_stat_user_tables_n_mod_since_analyze))", "{{server}} {{datname}} {{relname}}")],
              unit="none", minimum=0, width=12, empty="no tables of users"),
    )


SETTINGS = (("max_connections", "none"), ("shared_buffers_bytes", "bytes"), ("work_mem_bytes", "bytes"),
            ("max_wal_size_bytes", "bytes"), ("checkpoint_timeout_seconds", "s"),
            ("max_wal_senders", "none"), ("max_replication_slots", "none"), ("hot_standby_feedback", "none"),
            ("track_io_timing", "none"), ("data_checksums", "none"))


def settings():
    names = [name for name, _ in SETTINGS]
    return row(
        "Settings",
        panel("table", "Settings that matter here",
              "Servers of one cluster should agree: after a failover the standby's settings hold.",
              [query(f"{C} (pg_settings_{name})", "{{server}}") for name in names],
              width=24, height=7, unit="none", transformations=joined(names),
              overrides=[column(name, unit=unit) for name, unit in SETTINGS if unit != "none"]),
        collapsed=True)


def of_versions():
    return [
        row("PostgreSQL 14 and later",
            panel("timeseries", "Sessions executing at once",
                  "Seconds of execution a second: the average number of busy sessions. Beyond the number of "
                  "processors they queue.",
                  [query(per_second("pg_stat_database_active_time_seconds_total"), "{{server}}")],
                  unit="none", width=24, minimum=0), collapsed=True),
        row("PostgreSQL 16 and later",
            panel("timeseries", "Logical slots cancelled by replay",
                  "Uses of logical slots on a standby that needed rows or WAL which are gone. Its consumer "
                  "needs a new start.",
                  [query("max by (cluster, server) (sum without (datid, datname) "
                         "(pg_stat_database_conflicts_confl_active_logicalslot))", "{{server}}")],
                  unit="none", width=24, minimum=0), collapsed=True),
        row("PostgreSQL 17 and later",
            panel("timeseries", "Restartpoints of standbys",
                  "Due, requested and done. Done far below due: a standby that restarts must replay much.",
                  [query(f"{C} (rate(pg_stat_checkpointer_restartpoints_{kind}_total[$__rate_interval])) * 3600",
                         f"{{{{server}}}} {words}")
                   for kind, words in (("timed", "due"), ("req", "requested"), ("done", "done"))],
                  unit="cph", width=24, minimum=0), collapsed=True),
    ]


def build():
    return dashboard(
        "pg-server", "PostgreSQL server",
        "One server, or several beside each other: sessions, work, checkpoints, databases and settings.",
        variables(server_variable()),
        [health(), sessions(), work(), writing(), databases(), settings(), *of_versions()])
