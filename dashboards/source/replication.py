"""How far behind, where it waits, and what WAL is kept, archived or about to be lost."""

import parts
from frame import dashboard, server_variable, variables
from grafana import (BAD, GREEN, ORANGE, RED, YES, column, joined, link, of_row, of_series, panel,
                     query, row, values)

TO_SERVER = [link("Server", "pg-server", of_series("cluster"), of_series("server"))]
SLOT = "{{slot_name}} on {{server}}"


def lag():
    return row(
        "Lag",
        panel("timeseries", "Lag of each standby",
              "Age of the primary's state that the standby shows: 0 when it shows everything, growing when it "
              "does not, whether it answers or not. Dashed lines are the limits of the configuration. Which "
              "stage holds it back is below.",
              alerts=["PgReplicaLagHigh", "PgReplicaNotCatchingUp"], unit="s", width=12, height=9, logarithmic=1,
              minimum=0, links=TO_SERVER),
        panel("timeseries", "WAL not yet replayed",
              "What a promotion would have to replay first. Beyond the limit: look for a long query or slow "
              "disks on the standby.",
              alerts=["PgReplicaLagBytesHigh"], unit="bytes", width=12, height=9, minimum=0, links=TO_SERVER),
        panel("timeseries", "Where the bytes wait",
              "send: not yet sent by the upstream (network, walsender); write and flush: not yet on the "
              "standby's disk; replay: on disk and not yet replayed (conflicts, one busy process).",
              [query("max by (cluster, server, stage) (pg_standby_stage_lag_bytes)", "{{server}} {{stage}}")],
              unit="bytes", stacked=True, minimum=0, links=TO_SERVER),
        panel("timeseries", "Where the seconds wait",
              "The part of the lag that arises in each stage, as the bytes beside it.",
              [query("max by (cluster, server, stage) (pg_standby_stage_lag_seconds)",
                     "{{server}} {{stage}}")], unit="s", stacked=True, minimum=0, links=TO_SERVER),
        panel("state-timeline", "Bottleneck",
              "The stage that holds most of the lag. send: network; write, flush: the standby's disk; replay: "
              "queries that conflict, or the one replaying process at its limit.",
              [query("max by (cluster, server, stage) (pg_standby_bottleneck == 1)", "{{server}}: {{stage}}")],
              unit="none", steps=[{"color": "blue", "value": None}], links=TO_SERVER,
              mappings=values(v1=("here", "blue"))),
        panel("timeseries", "WAL written and replayed",
              "The primary's rate against what each standby replays. A standby below the primary's rate falls "
              "behind for as long as that lasts.",
              [query('max by (cluster, server) (clamp_min(deriv(pg_wal_position_bytes[$__rate_interval]), 0)) '
                     'and on (cluster, server) max by (cluster, server) (pg_server_role{role="primary"}) == 1',
                     "{{server}} writes", with_server=False),
               query("max by (cluster, server) (pg_standby_replay_bytes_per_second)", "{{server}} replays")],
              unit="Bps", width=12, minimum=0),
        panel("timeseries", "Time to catch up",
              "At the rates of the last minute. No line while the lag does not shrink (infinite): the standby "
              "needs less to replay or faster disks.",
              [query("min by (cluster, server) (pg_standby_catchup_seconds)", "{{server}}")], unit="s", width=12,
              minimum=0, links=TO_SERVER),
        panel("table", "How sure the lag is",
              "The basis says how the lag was found, the uncertainty how far off it can be. A lag from the last "
              "known position belongs to a standby that does not answer.",
              [query("max by (cluster, server, basis) (pg_standby_lag_basis == 1)", "{{server}}"),
               query("max by (cluster, server) (pg_standby_lag_seconds)", "{{server}}"),
               query("max by (cluster, server) (pg_standby_lag_uncertainty_seconds)", "{{server}}"),
               query("max by (cluster, server) (pg_standby_configured_delay_seconds)", "{{server}}")],
              unit="s", width=24, height=6, transformations=joined([None, "Lag", "Uncertainty", "Delay by design"]),
              overrides=[column("server", links=[link("Server", "pg-server", of_row("cluster"),
                                                      of_row("server"))])]),
    )


def standbys():
    return row(
        "Standbys",
        panel("state-timeline", "State of each standby",
              "streaming is well; catchup and archive_recovery end by themselves; paused, disconnected, "
              "upstream_down and unreachable need somebody.",
              [query("max by (cluster, server, state) (pg_standby_state == 1)", "{{server}}: {{state}}")],
              width=12, unit="none", steps=[{"color": "blue", "value": None}], links=TO_SERVER,
              mappings=values(v1=("holds", "blue"))),
        panel("state-timeline", "Receives WAL",
              "Whether the WAL receiver streams. No, while the server answers: look at its log for the reason "
              "(pg_hba.conf, a missing slot, a removed segment).",
              alerts=["PgReplicaNotStreaming"], width=12, unit="none", mappings=YES, links=TO_SERVER),
        panel("state-timeline", "Replay paused",
              "Somebody called pg_wal_replay_pause(), or a parameter is too small to go on. End it with "
              "pg_wal_replay_resume().",
              alerts=["PgReplicaReplayPaused"], unit="none", mappings=BAD, links=TO_SERVER),
        panel("state-timeline", "Diverged",
              "The standby holds WAL that the primary does not have. It cannot follow any more: pg_rewind, or a "
              "new copy.",
              alerts=["PgReplicaDiverged"], unit="none", mappings=BAD, links=TO_SERVER),
        panel("timeseries", "Standbys whose lag is unknown",
              "They answer as standbys, and nothing says how far behind they are: the primary is not "
              "monitored, or rights are missing. Must be 0.",
              [query("count by (cluster) (cluster_server:pg_is_replica:max == 1 "
                     "unless on (cluster, server) cluster_server:pg_replica_lag_seconds:max "
                     "unless on (cluster, server) (max by (cluster, server) "
                     "(pg_standby_state{state=~\"foreign|ahead|diverged\"}) == 1)) "
                     "or on (cluster) 0 * max by (cluster) (pg_cluster_servers)", "{{cluster}}",
                     with_server=False)],
              alerts=["PgReplicaLagUnknown"], instead=["PgReplicaLagUnknown"], unit="none", minimum=0,
              steps=[{"color": GREEN, "value": None}, {"color": ORANGE, "value": 1}]),
        panel("timeseries", "Since the upstream was heard",
              "An idle upstream still sends a sign of life every wal_receiver_status_interval. Growing: the "
              "connection is dead and nobody has noticed yet.",
              [query("max by (cluster, server) (pg_standby_last_message_age_seconds)", "{{server}}")],
              unit="s", minimum=0, links=TO_SERVER),
        panel("timeseries", "Highest and lowest timeline",
              "Apart for longer than a failover takes: a server does not follow the new primary.",
              alerts=["PgTimelineDiverged"], legend="highest in {{cluster}}", unit="none"),
        panel("timeseries", "Queries cancelled by replay",
              "Conflicts between replay and queries on the standby, by reason. Many: hot_standby_feedback, or a "
              "longer max_standby_streaming_delay.",
              [query(f"max by (cluster, server) (sum without (datid, datname) "
                     f"(rate(pg_stat_database_conflicts_confl_{kind}[$__rate_interval])))",
                     f"{{{{server}}}} {kind}")
               for kind in ("lock", "snapshot", "bufferpin", "deadlock", "tablespace")],
              unit="ops", minimum=0, links=TO_SERVER),
    )


def safety():
    return row(
        "What a failure would cost",
        panel("timeseries", "Would be lost with the primary",
              "Age of the oldest change that exists on no standby, against the recovery point objective.",
              alerts=["PgDataLossExposureHigh"], legend="{{cluster}}", unit="s", minimum=0, logarithmic=1),
        panel("timeseries", "A restore would lack",
              "Age of the oldest change that is not in the archive. Grows with a failing archive_command, and "
              "on a quiet cluster up to archive_timeout.",
              alerts=["PgArchiveExposureHigh"], legend="{{cluster}}", unit="s", minimum=0, logarithmic=1),
        panel("timeseries", "Synchronous standbys",
              "Those that take part in commits, and how many synchronous_standby_names asks for.",
              alerts=["PgSyncReplicationDegraded"], legend="{{cluster}}", unit="none", minimum=0),
        panel("timeseries", "Commits that wait",
              "How long the first session has waited for synchronous replication. Bring the synchronous "
              "standby back.",
              alerts=["PgClusterCommitsWaiting"], legend="{{cluster}}", unit="s", minimum=0,
              empty="our role may not see it"),
        panel("state-timeline", "Replication loops",
              "Standbys that receive from each other receive nothing. Point one of them at the primary.",
              alerts=["PgReplicationLoop"], legend="{{cluster}}", unit="none", mappings=BAD),
    )


def slots():
    return row(
        "Replication slots",
        panel("table", "Slots",
              "What each slot keeps, what is left before it may be lost, and in which state its WAL is. A slot "
              "without a consumer that nobody will miss: drop it.",
              [query("max by (cluster, server, slot_name, slot_type) (pg_slot_retained_bytes)", SLOT),
               query("max by (cluster, server, slot_name, slot_type) (pg_slot_has_consumer)", SLOT),
               query("max by (cluster, server, slot_name, slot_type) (pg_slot_inactive_seconds)", SLOT),
               query("max by (cluster, server, slot_name, slot_type) (pg_slot_safe_wal_bytes)", SLOT),
               query("min by (cluster, server, slot_name, slot_type) (pg_slot_time_to_loss_seconds)", SLOT),
               query("max by (cluster, server, slot_name, slot_type, wal_status) (pg_slot_wal_status == 1)",
                     SLOT)],
              width=24, height=7, unit="none", empty="no slot exists",
              transformations=joined(["Kept", "In use", "Unused for", "Left", "Lost in", None]),
              overrides=[column("Kept", unit="bytes"), column("In use", mappings=YES),
                         column("Unused for", unit="s"), column("Left", unit="bytes", text="no limit"),
                         column("Lost in", unit="s", text="no limit", steps=[
                             {"color": RED, "value": None}, {"color": ORANGE, "value": 900},
                             {"color": GREEN, "value": 3600}])]),
        panel("timeseries", "WAL kept by slots",
              "Grows while a consumer is away, until the disk is full or max_slot_wal_keep_size is reached.",
              alerts=["PgSlotRetainedWalHigh"], legend=SLOT, unit="bytes", minimum=0, empty="no slot exists"),
        panel("timeseries", "Time until a slot is lost",
              "At the rate at which its consumer falls behind. Bring it back, or raise "
              "max_slot_wal_keep_size while the disk has room.",
              alerts=["PgSlotLossImminent"], legend=SLOT, unit="s", minimum=0,
              empty="no slot with a limit exists"),
        panel("state-timeline", "Slots in use",
              "A slot on a primary without a consumer keeps WAL for nobody. Bring its consumer back or drop it.",
              alerts=["PgSlotInactive"], legend=SLOT, unit="none", mappings=YES, empty="no slot exists"),
        panel("state-timeline", "Slots at risk",
              "unreserved: the next checkpoint may remove the WAL; lost: its consumer needs a new copy.",
              alerts=["PgSlotWalAtRisk"], legend="{{slot_name}} on {{server}}: {{wal_status}}", width=24,
              height=7, unit="none", mappings=BAD, empty="no slot exists"),
    )


def archive():
    return row(
        "WAL and archive",
        panel("timeseries", "Size of pg_wal",
              "Beyond twice max_wal_size something keeps WAL: a slot, a failing archive, or wal_keep_size.",
              alerts=["PgWalDirectoryLarge"], unit="bytes", minimum=0, links=TO_SERVER),
        panel("timeseries", "Files that wait for the archive",
              "More and more: archive_command is too slow, hangs or fails. Run it by hand as the server's user.",
              alerts=["PgWalArchiveBacklog"], unit="none", minimum=0, links=TO_SERVER),
        panel("timeseries", "Archived and failed",
              "Attempts a second. Failures repeat until they succeed: the server's log has the command's words.",
              [query("max by (cluster, server) (rate(pg_stat_archiver_archived_count[$__rate_interval]))",
                     "{{server}} archived"),
               query("max by (cluster, server) (rate(pg_stat_archiver_failed_count[$__rate_interval]))",
                     "{{server}} failed")], unit="ops", minimum=0),
        panel("state-timeline", "Archiving",
              "Fails while the last failure of a primary is later than its last success: nothing has been "
              "archived since. The server's log has the words of archive_command.",
              [query("(max by (cluster, server) (pg_archive_last_failed_timestamp_seconds) "
                     "> bool on (cluster, server) "
                     "max by (cluster, server) (pg_archive_last_archived_timestamp_seconds)) "
                     "and on (cluster, server) (max by (cluster, server) (pg_archive_enabled) == 1) "
                     "and on (cluster, server) (cluster_server:pg_is_replica:max == 0)", "{{server}}")],
              alerts=["PgWalArchivingFailing"], instead=["PgWalArchivingFailing"], unit="none", width=12,
              steps=parts.UNWANTED, mappings=values(v0=("works", GREEN), v1=("FAILS", RED)),
              empty="no primary archives"),
        panel("timeseries", "Since the last file was archived",
              "On a busy primary seconds to minutes; on a quiet one up to archive_timeout.",
              [query("max by (cluster, server) (pg_stat_archiver_last_archive_age)", "{{server}}")], unit="s",
              width=12, minimum=0),
    )


def build():
    return dashboard(
        "pg-replication", "PostgreSQL replication, slots and WAL",
        "How far behind the standbys are and why, and what WAL is kept, archived or about to be lost.",
        variables(server_variable()), [lag(), standbys(), safety(), slots(), archive()])
