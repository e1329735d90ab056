// What is asked of a server, as data: one query, its SQL by version, and what its columns become.
#pragma once

#include "pg/server_version.h"
#include "pg/statement.h"
#include "support/errors.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgrepl::catalogue {

enum class Role : std::uint8_t { Primary, Standby };

enum class ColumnUsage : std::uint8_t {
  Label,
  Counter,
  Gauge,
  Untyped,
  Discard,
  Suffix,        // its text ends the name of the row's series
  Histogram,     // an array of bounds; the columns NAME_bucket, NAME_sum, NAME_count have the rest
  Distribution,  // each row is one observation; its bounds stand in the file
  Mapped,        // a gauge: its text stands for a number
  Duration,      // a gauge in milliseconds: "1h30m", "250ms"
};

struct Column {
  std::string name;  // as the SQL names it
  ColumnUsage usage = ColumnUsage::Discard;
  std::string help;    // empty for labels
  std::string family;  // the series' full name, or the label's; empty where it is neither
  double scale = 1;
  std::optional<double> fallback;         // the value of NULL
  std::map<std::string, double> mapping;  // Mapped: what each text stands for
  std::vector<double> bounds;             // Distribution: upper bounds, increasing
};

struct Variant {
  pg::VersionRange versions;
  pg::Statement sql;
};

// A question whose answer decides whether a query runs: one row, one boolean. No row means no.
struct Predicate {
  std::string sql;
  std::chrono::milliseconds keeps{0};  // how long an answer holds

  friend bool operator==(const Predicate&, const Predicate&) = default;
};

enum class Origin : std::uint8_t {
  Catalogue,  // our own format: each series belongs to one query
  Custom,     // of another exporter's file
};

// Where a query's SQL finds what it does not name by its schema.
enum class SearchPath : std::uint8_t { PgCatalog, PgCatalogAndPublic };

// What the model takes from a query's rows besides the series they become.
enum class Feeds : std::uint8_t {
  Nothing,
  Tick,
  ServerFacts,
  ReplicationSlots,
  Archiver,
  DatabaseTotals,
  Sessions,
  WalFiles,
  SyncWaits,
};

struct Query {
  std::string name;  // "stat_database": the `collector` label of its success and duration
  std::string help;
  std::vector<Role> runs_on;                         // never empty
  std::chrono::milliseconds every{0};                // 0: in each round
  std::optional<std::chrono::milliseconds> timeout;  // shorter than the statement_timeout of all
  Feeds feeds = Feeds::Nothing;
  Origin origin = Origin::Catalogue;
  SearchPath search_path = SearchPath::PgCatalog;
  bool enabled = true;                // unless the user says otherwise
  int from_version = 0;               // server_version_num, itself included
  std::optional<int> before_version;  // likewise, itself excluded
  std::vector<Predicate> predicates;  // all must hold
  // It says something about the database it runs in, so that others of the server may be asked too.
  bool per_database = false;
  std::vector<std::string> databases;  // patterns of those it always runs in; none: see `Databases`
  std::optional<std::string> rest_prefix;  // columns that are not listed become PREFIX_COLUMN
  std::vector<Variant> variants;           // disjoint, in ascending order
  std::vector<Column> columns;             // in the order of the file
  SourceLocation where;
};

// A query, or a whole file, of which nothing can be run.
struct BrokenQuery {
  std::string name;
  Errors errors;
};

// A file that the user gave.
struct UserFile {
  std::string name;
  std::string hash;  // of its text
  bool has_mistakes = false;
};

struct Catalogue {
  std::vector<Query> queries;  // unique names, in the order they were first seen
  std::vector<BrokenQuery> broken;
  std::vector<UserFile> user_files;

  // Null when there is none of that name.
  [[nodiscard]] const Query* find(std::string_view name) const;
  // The one query that feeds `what`; null when none does.
  [[nodiscard]] const Query* feeding(Feeds what) const;
  // Of all queries, those that are broken too; views into them.
  [[nodiscard]] std::vector<std::string_view> names() const;
};

}  // namespace pgrepl::catalogue
