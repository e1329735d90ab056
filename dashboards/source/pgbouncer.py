"""PgBouncer: who waits for a connection, and which limit is near."""

from frame import dashboard, variable, variables
from grafana import BAD, column, joined, panel, query, row

P, POOL = "max by (cluster, pgbouncer)", "max by (cluster, pgbouncer, database, user)"
DATABASE = "max by (cluster, pgbouncer, database)"
OF_POOL = "{{pgbouncer}} {{database}} {{user}}"
NONE = "no PgBouncer is configured"


def stats(name):
    return f"{DATABASE} (rate(pgbouncer_stats_{name}_total[$__rate_interval]))"


def now():
    return row(
        "Now",
        panel("state-timeline", "Answers", "Share of the exporters that reach its admin console. Not at all: "
              "applications cannot connect; restart it.", alerts=["PgBouncerDown"], legend="{{pgbouncer}}",
              unit="percentunit", width=12, empty=NONE),
        panel("timeseries", "Longest wait of a client",
              "For a connection to a server. Growing: the pool is too small, or transactions are too long.",
              alerts=["PgBouncerClientsWaiting"], legend=OF_POOL, unit="s", width=12, minimum=0, empty=NONE),
        panel("timeseries", "Clients against the limit",
              "At 100 % of max_client_conn new clients are refused.",
              alerts=["PgBouncerClientLimitNear"], legend="{{pgbouncer}}", unit="percentunit", minimum=0,
              empty="no PgBouncer with a limit"),
        panel("timeseries", "Clients that wait",
              "Some for a moment are normal, many for long are not: look at the longest wait.",
              [query(f"{POOL} (pgbouncer_pools_client_waiting_connections)", OF_POOL)], unit="none",
              minimum=0, empty=NONE),
        panel("timeseries", "Clients with a connection",
              "Linked to a server, or idle and free to ask for one.",
              [query(f"{POOL} (pgbouncer_pools_client_active_connections)", OF_POOL)], unit="none",
              minimum=0, empty=NONE),
    )


def pools():
    return row(
        "Pools",
        panel("timeseries", "Connections to servers by state",
              "active is at work, idle is free, used must be tested before use. Only active, at the pool's "
              "size: the pool is exhausted.",
              [query(f"{P} (sum without (database, user) (pgbouncer_pools_server_{state}_connections))",
                     f"{{{{pgbouncer}}}} {state}") for state in ("active", "idle", "used", "login")],
              unit="none", stacked=True, minimum=0, empty=NONE),
        panel("timeseries", "Use of each pool",
              "Connections to the server against pool_size. At 100 % clients begin to wait.",
              [query(f"{DATABASE} (pgbouncer_databases_current_connections) / on (cluster, pgbouncer, "
                     f"database) {DATABASE} (pgbouncer_databases_pool_size > 0)",
                     "{{pgbouncer}} {{database}}")], unit="percentunit", minimum=0, empty=NONE),
        panel("table", "Databases",
              "A paused or disabled database lets its clients wait or turns them away: RESUME or ENABLE it.",
              [query(f"{DATABASE} (pgbouncer_databases_paused)", "{{database}}"),
               query(f"{DATABASE} (pgbouncer_databases_disabled)", "{{database}}"),
               query(f"{DATABASE} (pgbouncer_databases_pool_size)", "{{database}}"),
               query(f"{DATABASE} (pgbouncer_databases_max_connections)", "{{database}}")],
              unit="none", empty=NONE, transformations=joined(["Paused", "Disabled", "Pool size", "Limit"]),
              overrides=[column("Paused", mappings=BAD), column("Disabled", mappings=BAD)]),
    )


def traffic():
    mean = {"query": ("queries_duration_seconds", "queries_pooled"),
            "transaction": ("server_in_transaction_seconds", "sql_transactions_pooled"),
            "wait": ("client_wait_seconds", "queries_pooled")}
    return row(
        "Traffic",
        panel("timeseries", "Queries",
              "A second, by database. A sudden end while clients wait: the server behind is stuck.",
              [query(stats("queries_pooled"), "{{pgbouncer}} {{database}}")], unit="reqps", minimum=0,
              empty=NONE),
        panel("timeseries", "Mean times",
              "Of a query and a transaction on the server, and of the wait for a connection. The wait must stay "
              "far below the query.",
              [query(f"{stats(sums)} / on (cluster, pgbouncer, database) ({stats(counts)} > 0)",
                     f"{{{{pgbouncer}}}} {{{{database}}}} {name}") for name, (sums, counts) in mean.items()],
              unit="s", minimum=0, empty="no queries"),
        panel("timeseries", "Bytes",
              "From and to clients.",
              [query(stats("received_bytes"), "{{pgbouncer}} {{database}} received"),
               query(stats("sent_bytes"), "{{pgbouncer}} {{database}} sent")], unit="Bps", minimum=0,
              empty=NONE),
    )


def build():
    chosen = variable("pgbouncer", "PgBouncer", 'label_values(pgbouncer_up{job=~"$job", '
                      'instance=~"$instance", cluster=~"$cluster"}, pgbouncer)')
    return dashboard("pg-pgbouncer", "PgBouncer", "Who waits for a connection, and which limit is near.",
                     variables(chosen), [now(), pools(), traffic()])
