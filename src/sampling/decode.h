// Result sets of the queries that feed the model, as the model's types. One function per fact.
#pragma once

#include "cluster/endpoint.h"
#include "cluster/sample.h"
#include "pg/result_set.h"
#include "support/expected.h"

#include <string>
#include <vector>

namespace pgrepl::sampling {

// The rows of queries/tick.yaml: one for each WAL sender, one without a sender if there is none.
// The error names the column that is missing or unreadable.
[[nodiscard]] Expected<cluster::TickReading, std::string> decode_tick(const pg::ResultSet& rows);

// The row of queries/server_facts.yaml; the version is the connection's own.
[[nodiscard]] cluster::ServerFacts decode_server_facts(
    const pg::ResultSet& rows, pg::ServerVersion version
);

// The row of queries/stat_archiver.yaml.
[[nodiscard]] cluster::Archiver decode_archiver(const pg::ResultSet& rows);

// Sums over the rows of the query stat_database, which were asked for at `read_at`.
[[nodiscard]] cluster::DatabaseTotals decode_database_totals(
    const pg::ResultSet& rows, cluster::Instant read_at
);

// The rows of the query stat_activity, added up for each state.
[[nodiscard]] cluster::SessionCounts decode_sessions(const pg::ResultSet& rows);

// The row of the query in queries/wal.yaml that feeds wal_files. Absent when there is no row: our
// role may not list pg_wal.
[[nodiscard]] std::optional<cluster::WalFiles> decode_wal_files(const pg::ResultSet& rows);

// Hidden when our role may not see what other sessions wait for.
[[nodiscard]] cluster::Seen<cluster::SyncWaits> decode_sync_waits(
    const pg::ResultSet& rows, cluster::Instant read_at
);

// The rows of queries/replication_slots.yaml.
[[nodiscard]] std::vector<cluster::ReplicationSlot> decode_replication_slots(
    const pg::ResultSet& rows
);

// The number of the place that ObserverPlace::claim_sql() was given.
[[nodiscard]] std::optional<int> decode_place(const pg::ResultSet& rows);

// Absent when the column is.
[[nodiscard]] std::optional<cluster::ServerTime> decode_start_time(const pg::ResultSet& rows);

// The row that the server behind an endpoint answers.
[[nodiscard]] Expected<cluster::EndpointReading, std::string> decode_endpoint(
    const pg::ResultSet& rows
);

}  // namespace pgrepl::sampling
