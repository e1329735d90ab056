// What is asked of a server, as data: one query, its SQL by version, and what its columns become.
#pragma once

#include "pg/server_version.h"
#include "support/errors.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgrepl::catalogue {

enum class Role : std::uint8_t { Primary, Standby };

enum class ColumnUsage : std::uint8_t { Label, Counter, Gauge, Untyped, Discard };

struct Column {
  std::string name;  // as the SQL names it
  ColumnUsage usage = ColumnUsage::Discard;
  std::string help;    // one line; empty for labels
  std::string family;  // the series' full name; empty for labels and discarded columns
};

struct Variant {
  pg::VersionRange versions;
  std::string sql;
};

// What the model takes from a query's rows besides the series they become.
enum class Feeds : std::uint8_t { Nothing, Tick, ServerFacts, ReplicationSlots, Archiver };

struct Query {
  std::string name;  // "stat_database": the `collector` label of its success and duration
  std::string help;
  std::vector<Role> runs_on;           // never empty
  std::chrono::milliseconds every{0};  // 0: in each round
  Feeds feeds = Feeds::Nothing;
  std::vector<Variant> variants;  // disjoint, in ascending order
  std::vector<Column> columns;    // in the order of the file
  SourceLocation where;
};

struct Catalogue {
  std::vector<Query> queries;  // unique names, in the order they were first seen

  // Null when there is none of that name.
  [[nodiscard]] const Query* find(std::string_view name) const;
  // The one query that feeds `what`; null when none does.
  [[nodiscard]] const Query* feeding(Feeds what) const;
};

}  // namespace pgrepl::catalogue
