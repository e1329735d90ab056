// Query files of other exporters, as their users have them: postgres_exporter's map of namespaces,
// with what CloudNativePG adds to it, and pg_exporter's map of collectors.
#pragma once

#include "catalogue/query.h"
#include "support/errors.h"
#include "support/yaml.h"

#include <cstdint>
#include <optional>

namespace pgrepl::catalogue {

enum class Dialect : std::uint8_t { PostgresExporter, CloudNativePg, PgExporter };

// By the keys that only one of them knows; `plain` where there are none of those.
[[nodiscard]] Dialect recognise(const yaml::Node& document, Dialect plain);

// One namespace or collector. Absent without a mistake for one that never runs on a PostgreSQL
// server: it is switched off, has no SQL, or is meant for PgBouncer or for a tag of the user's own.
[[nodiscard]] std::optional<Query> read_foreign_query(
    Dialect dialect, const yaml::Entry& entry, Errors& errors
);

}  // namespace pgrepl::catalogue
