"""One cluster: who is who, who follows whom, and who can be reached."""

import parts
from frame import dashboard, server_variable, variables
from grafana import (BAD, GREEN, ORANGE, RED, UP, YES, column, joined, link, of_row, of_series,
                     panel, query, row, values)

TO_SERVER = [link("Server", "pg-server", of_series("cluster"), of_series("server"))]
TO_REPLICATION = [link("Replication", "pg-replication", of_series("cluster"), of_series("server"))]
LAG = "cluster_server:pg_replica_lag_seconds:max"


def tile(title, text, **more):
    return panel("stat", title, text, more.pop("targets", []), width=3, height=4,
                 legend=more.pop("legend", "{{cluster}}"), **{"unit": "none", **more})


def header():
    return row(
        "Now",
        tile("Answers", "Whether at least one server answers at least one exporter. If not, look at the "
             "network and the hosts first.", alerts=["PgClusterDown"], mappings=UP),
        tile("Primaries", "Servers that answer as a primary. 0: nothing can be written. 2: writes diverge, fence "
             "one.", alerts=["PgClusterNoPrimary", "PgClusterSplitBrain"], whole=True),
        tile("Streaming standbys", "Standbys whose WAL receiver streams. Fewer than expected: find the one that "
             "does not below.", alerts=["PgClusterNoStreamingReplica"], whole=True),
        tile("Could take over", "Whether a standby could be promoted now within the recovery point objective. "
             "No: do not switch over, and repair the standbys.",
             alerts=["PgClusterNoFailoverCandidate"], mappings=YES),
        tile("Worst lag", "The standby that is furthest behind the primary. The replication dashboard says at "
             "which stage.", targets=[query(f"max by (cluster) ({LAG})", "{{cluster}}")], unit="s",
             steps=parts.LAG_STEPS),
        tile("Would be lost now", "Age of the oldest change that exists on no standby.",
             targets=[query("min by (cluster) (pg_cluster_data_loss_exposure_seconds)", "{{cluster}}")],
             unit="s", steps=parts.PLAIN),
        tile("Failovers", "Promotions seen in the range chosen above. More than planned: look at the "
             "orchestrator's log.",
             targets=[query("round(max by (cluster) (increase(pg_cluster_failovers_total[$__range])))",
                            "{{cluster}}")], steps=parts.PLAIN, options={"textMode": "value"}),
        tile("Best candidate", "The standby whose promotion would lose least, as most exporters see it. Promote "
             "this one if you must.",
             targets=[query("topk by (cluster) (1, count by (cluster, candidate) "
                            "(pg_cluster_best_candidate_info))", "{{candidate}}", instant=True)],
             steps=parts.PLAIN, options={"textMode": "name"}),
    )


def topology():
    states = values(v1=("primary", GREEN), v0=("standby", "blue"))
    names = ["Role", None, None, "Lag", "Lag bytes", "Timeline", None, "Started", "Up"]
    questions = [
        'max by (cluster, server) (pg_server_role{role="primary"})',
        "max by (cluster, server, upstream, slot_name) (pg_standby_upstream_info)",
        "max by (cluster, server, state) (pg_standby_state == 1)",
        LAG,
        "cluster_server:pg_replica_lag_bytes:max",
        "max by (cluster, server) (pg_server_timeline)",
        "max by (cluster, server, short_version) (pg_server_info)",
        "max by (cluster, server) (pg_postmaster_start_time_seconds) * 1000",
        "cluster_server:pg_up:max",
    ]
    return row(
        "Topology",
        panel("table", "Servers",
              "Who replicates from whom, in which state, and how far behind. All timelines should be equal and "
              "every standby should be streaming; click a server for its own dashboard.",
              [query(question, "{{server}}") for question in questions],
              width=24, height=8, unit="none", transformations=joined(names),
              overrides=[
                  column("server", links=[link("Server", "pg-server", of_row("cluster"), of_row("server"))]),
                  column("cluster", links=[link("Replication", "pg-replication", of_row("cluster"))]),
                  column("Role", mappings=states, text="no answer"),
                  column("Lag", unit="s", steps=parts.LAG_STEPS),
                  column("Lag bytes", unit="bytes", steps=parts.LAG_BYTES_STEPS),
                  column("Started", unit="dateTimeFromNow"),
                  column("Up", mappings=UP),
              ]),
    )


def roles():
    return row(
        "Roles",
        panel("state-timeline", "Role of each server",
              "Who was the primary when. A change that nobody ordered is a failover: its cause is on the old "
              "primary. A server that does not answer has no role.",
              alerts=["PgPrimaryChanged"], width=12, height=7, unit="none", links=TO_SERVER,
              steps=[{"color": GREEN, "value": None}, {"color": "blue", "value": 1}],
              mappings=values(v0=("PRIMARY", GREEN), v1=("standby", "blue"))),
        panel("timeseries", "Timeline of each server",
              "Rises by one at each promotion. A server that stays on an older one does not follow the new "
              "primary; it needs pg_rewind or a new copy.",
              [query("max by (cluster, server) (pg_server_timeline)", "{{server}}")],
              width=6, height=7, unit="none"),
        panel("timeseries", "Downtime of the last failover",
              "From the last answer of the old primary to the first of the new one. Beyond the objective: "
              "shorten the orchestrator's timeouts.",
              alerts=["PgFailoverDowntimeOverObjective"], legend="{{cluster}}", width=6, height=7, unit="s",
              empty="no failover since the exporter started", minimum=0, logarithmic=1),
        panel("timeseries", "Streaming standbys and how many there should be",
              "Below the dashed line a standby is missing: it is down, or its WAL receiver does not stream.",
              alerts=["PgClusterReplicasBelowExpected"], legend="{{cluster}}", width=6, height=6, unit="none",
              minimum=0),
        panel("state-timeline", "Write endpoints",
              "Whether what applications write to leads to a writable primary. No: mend the proxy or the "
              "address, the servers may be well.",
              alerts=["PgWriteEndpointDown"], legend="{{endpoint}}", width=6, height=6, unit="none",
              mappings=YES, empty="no write endpoint is configured"),
        panel("state-timeline", "Read endpoints",
              "Whether what applications read from leads to a standby.",
              alerts=["PgReadEndpointDown"], legend="{{endpoint}}", width=6, height=6, unit="none",
              mappings=YES, empty="no read endpoint is configured"),
        panel("state-timeline", "Endpoints: connected and right",
              "Connected without being right means that the endpoint leads to a server of the wrong role: its "
              "health checks are wrong.",
              [query("max by (cluster, endpoint, expect) (pg_endpoint_ok)", "{{endpoint}} right")],
              alerts=["PgEndpointWrongServer"], legend="{{endpoint}} connected", width=6, height=6,
              unit="none", steps=[{"color": RED, "value": None}, {"color": GREEN, "value": 1}],
              mappings=YES, empty="no endpoint is configured"),
        panel("table", "Where the endpoints lead now",
              "The server that answered behind each endpoint, and how long the whole way took.",
              [query("max by (cluster, endpoint, server) (pg_endpoint_server_info)", "{{endpoint}}",
                     with_server=False),
               query("max by (cluster, endpoint) (pg_endpoint_duration_seconds)", "{{endpoint}}")],
              width=24, height=5, unit="none", transformations=joined([None, "Time to answer"]),
              overrides=[column("Time to answer", unit="s"),
                         column("server", links=[link("Server", "pg-server", of_row("cluster"),
                                                      of_row("server"))])],
              empty="no endpoint is configured"),
    )


def reachability():
    return row(
        "Reachability",
        panel("status-history", "Server by exporter",
              "Each line is one server as one exporter sees it. One exporter red for all servers: that host's "
              "network. One server red for all: the server.",
              [query("max by (cluster, server, job, instance) (pg_up)", "{{server}} from {{instance}}",
                     with_server=True)],
              width=12, height=7, unit="none", mappings=UP,
              steps=[{"color": RED, "value": None}, {"color": GREEN, "value": 1}]),
        panel("timeseries", "Share of the exporters that reach it",
              "Below 100 %: some hosts have lost the server. Look at the network between them.",
              alerts=["PgServerPartiallyReachable"], width=12, height=7, unit="percentunit",
              minimum=0, maximum=1, links=TO_SERVER,
              steps=[{"color": ORANGE, "value": None}, {"color": GREEN, "value": 1}]),
        panel("state-timeline", "Why it does not answer",
              "The reason for the last failure to connect: refused (not running), timeout (host or network), "
              "auth, tls, too_many_connections and others.",
              [query("max by (cluster, server, reason) (pg_up_reason == 1)", "{{server}}: {{reason}}")],
              width=12, height=7, unit="none", steps=[{"color": "blue", "value": None}],
              mappings=values(v1=("holds", "blue"))),
        panel("state-timeline", "Anomalies",
              "What contradicts itself in the topology. The exporter's status page says in words which servers "
              "it concerns.",
              alerts=["PgClusterAnomaly"], legend="{{cluster}}: {{anomaly}}", width=12, height=7,
              unit="none", mappings=BAD),
        panel("state-timeline", "Writes on a left timeline",
              "The only server that answers as a primary is on a timeline that the cluster has left. Stop "
              "writes to it.",
              alerts=["PgClusterStalePrimary"], legend="{{cluster}}", unit="none", mappings=BAD),
        panel("state-timeline", "Primary went back",
              "The primary stands at an older position than before. A standby that is ahead may hold what is "
              "lost.",
              alerts=["PgClusterPrimaryRewound"], legend="{{cluster}}", unit="none", mappings=BAD),
        panel("state-timeline", "Writes on two sites",
              "This cluster was promoted while the one that it follows goes on. Stop writes to one of them.",
              alerts=["PgClusterTwoOrigins"], legend="{{cluster}}", unit="none", mappings=BAD),
        panel("state-timeline", "Hidden from us",
              "Our role may not see receivers, senders or sessions. Grant it pg_monitor.",
              alerts=["PgMonitoringNotPermitted"], legend="{{cluster}}", unit="none", mappings=BAD),
    )


def load():
    return row(
        "Load",
        panel("timeseries", "Transactions",
              "Committed and rolled back, by each server. Reads should be spread over the standbys as intended.",
              [query("max by (cluster, server) (pg_server_transactions_per_second)", "{{server}}")],
              unit="ops", minimum=0, links=TO_SERVER),
        panel("timeseries", "WAL written and replayed",
              "The primary's line is what it writes, a standby's what it replays. They should lie on each "
              "other; a standby below falls behind.",
              [query("max by (cluster, server) (clamp_min(deriv(pg_wal_position_bytes[$__rate_interval]), 0))",
                     "{{server}}")], unit="Bps", minimum=0, links=TO_REPLICATION),
        panel("timeseries", "Sessions of clients",
              "All states together. The server's dashboard compares them with max_connections.",
              [query("sum by (cluster, server) (max by (cluster, server, state) (pg_server_connections))",
                     "{{server}}")], unit="none", minimum=0, links=TO_SERVER),
    )


def patroni():
    return row(
        "Patroni (when its own /metrics are scraped)",
        panel("stat", "Leaders", "Leaders of each Patroni cluster. 0: look at the configuration store and at "
              "patronictl list.", alerts=["PgPatroniNoLeader"], legend="{{scope}}", width=6, height=5,
              unit="none", empty="Patroni is not scraped"),
        panel("timeseries", "Since the configuration store was seen",
              "Beyond the ttl, the leader gives up its role. Look at etcd or Consul.",
              alerts=["PgPatroniDcsUnreachable"], legend="{{name}}", width=6, height=5, unit="s",
              empty="Patroni is not scraped"),
        panel("stat", "Failsafe mode", "The configuration store is away and the primary is kept alive by all "
              "members agreeing: no failover is possible until the store is back.",
              alerts=["PgPatroniFailsafeActive"], legend="{{scope}}", width=6, height=5, unit="none",
              mappings=BAD, empty="Patroni is not scraped"),
        panel("stat", "Paused", "Maintenance mode. Nobody will fail over; resume it with patronictl resume.",
              alerts=["PgPatroniPaused"], legend="{{scope}}", width=6, height=5, unit="none", mappings=BAD,
              empty="Patroni is not scraped"),
        collapsed=True,
    )


def build():
    return dashboard(
        "pg-cluster", "PostgreSQL cluster",
        "The topology of one cluster, its roles and failovers, and who reaches whom.",
        variables(server_variable()),
        [header(), topology(), roles(), reachability(), load(),
         row("Alerts", parts.firing_alerts(), parts.alert_history()), patroni()])
