#include "catalogue/foreign.h"

#include "catalogue/foreign_columns.h"
#include "catalogue/semver.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

namespace pgrepl::catalogue {

namespace {

using std::chrono::milliseconds;

constexpr std::chrono::minutes kTagKeeps{1};

template <std::size_t N>
bool has_any(const yaml::Node& node, const std::array<std::string_view, N>& keys) {
  return std::ranges::any_of(keys, [&node](std::string_view key) {
    return node.find(key) != nullptr;
  });
}

// A literal of SQL; quotes are doubled, and standard_conforming_strings is on since 9.1.
std::string literal(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c == '\'' ? std::string{"''"} : std::string{c};
  }
  return quoted + "'";
}

std::optional<milliseconds> seconds_of(yaml::Reader& reader, std::string_view key) {
  const auto seconds = reader.number(key);
  if (!seconds || !(*seconds > 0)) {
    return std::nullopt;
  }
  constexpr double kHundredYears = 100 * 365.25 * 86400;
  return milliseconds{std::llround(std::min(*seconds, kHundredYears) * 1000)};
}

Query begin_query(yaml::Reader& reader, const yaml::Entry& entry) {
  Query query{
      .name = entry.key,
      .origin = Origin::Custom,
      .search_path = SearchPath::PgCatalogAndPublic,
      .where = entry.key_where,
  };
  query.runs_on = {Role::Primary, Role::Standby};
  if (auto sql = reader.text("query"); sql && !sql->empty()) {
    query.variants.push_back({.versions = {.first = 0}, .sql = std::move(*sql)});
  }
  return query;
}

void read_runonserver(yaml::Reader& reader, Query& query) {
  const auto text = reader.text("runonserver");
  if (!text) {
    return;
  }
  const auto span = parse_semver_range(*text);
  if (!span) {
    reader.error("runonserver", "expected such as \">=13.0.0 <17.0.0\", found '" + *text + "'");
    return;
  }
  query.from_version = span->from;
  query.before_version = span->before;
}

// postgres_exporter and CloudNativePG. The former runs a query in every database it discovers,
// unless it says `master`; the latter in one database, unless it names others.
std::optional<Query> read_namespace(Dialect dialect, const yaml::Entry& entry, Errors& errors) {
  yaml::Reader reader{entry.value, errors};
  Query query = begin_query(reader, entry);
  read_runonserver(reader, query);
  const bool once = reader.boolean("master").value_or(false);
  query.per_database = !once && dialect == Dialect::PostgresExporter;
  query.databases = reader.texts("target_databases");
  if (const auto seconds = seconds_of(reader, "cache_seconds")) {
    query.every = *seconds;
  }
  if (const auto predicate = reader.text("predicate_query")) {
    query.predicates.push_back({.sql = *predicate, .keeps = milliseconds{0}});
  }
  if (reader.boolean("primary").value_or(false)) {
    query.runs_on = {Role::Primary};
  }
  const std::string name = reader.text("name").value_or(entry.key);
  const std::string prefix = (dialect == Dialect::CloudNativePg ? "cnpg_" : "") + name;
  if (const yaml::Node* metrics = reader.sequence("metrics")) {
    query.columns = read_foreign_columns(dialect, *metrics, prefix, errors);
  }
  query.rest_prefix = prefix;
  reader.finish();
  return query.variants.empty() ? std::nullopt : std::optional{std::move(query)};
}

// What one tag of pg_exporter asks of the server; false when it rules every server of ours out.
bool apply_tag(std::string_view tag, Query& query) {
  const auto rest = [tag](std::string_view prefix) { return literal(tag.substr(prefix.size())); };
  const auto ask = [&query](std::string sql) {
    query.predicates.push_back({.sql = std::move(sql), .keeps = kTagKeeps});
  };
  if (tag == "primary" || tag == "master") {
    query.runs_on = {Role::Primary};
  } else if (tag == "standby" || tag == "replica") {
    query.runs_on = {Role::Standby};
  } else if (tag.starts_with("dbname:")) {
    ask("SELECT pg_catalog.current_database() = " + rest("dbname:"));
  } else if (tag.starts_with("username:")) {
    ask("SELECT current_user = " + rest("username:"));
  } else if (tag.starts_with("extension:")) {
    ask("SELECT true FROM pg_catalog.pg_extension WHERE extname = " + rest("extension:"));
  } else if (tag.starts_with("schema:")) {
    ask("SELECT true FROM pg_catalog.pg_namespace WHERE nspname = " + rest("schema:"));
  } else {
    query.per_database = query.per_database && tag != "cluster";
    // `not:` excludes a tag, and we have none.
    return tag == "cluster" || tag.starts_with("not:");
  }
  return true;
}

void read_predicates(yaml::Reader& reader, Query& query, Errors& errors) {
  const yaml::Node* list = reader.sequence("predicate_queries");
  for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
    yaml::Reader item{list->items[i], errors};
    (void)item.any("name");
    const auto keeps = seconds_of(item, "ttl");
    if (auto sql = item.required_text("predicate_query")) {
      query.predicates.push_back({.sql = std::move(*sql), .keeps = keeps.value_or(milliseconds{0})}
      );
    }
    item.finish();
  }
}

void read_collector_limits(yaml::Reader& reader, Query& query) {
  constexpr std::int64_t kAnyVersion = 9'999'999;
  // Without a timeout pg_exporter gives a query 100 ms, which a distant server cannot keep; ours is
  // then that of every statement.
  query.timeout = seconds_of(reader, "timeout");
  if (const auto ttl = seconds_of(reader, "ttl")) {
    query.every = *ttl;
  }
  query.from_version = static_cast<int>(reader.integer("min_version", 0, kAnyVersion).value_or(0));
  const auto before = reader.integer("max_version", 0, kAnyVersion);
  if (before && *before > 0) {
    query.before_version = static_cast<int>(*before);
  }
}

std::optional<Query> read_collector(const yaml::Entry& entry, Errors& errors) {
  yaml::Reader reader{entry.value, errors};
  Query query = begin_query(reader, entry);
  const std::string prefix = reader.text("name").value_or(entry.key);
  query.help = reader.text("desc").value_or("");
  read_collector_limits(reader, query);
  read_predicates(reader, query, errors);
  query.per_database = true;
  bool runs = !reader.boolean("skip").value_or(false) && !query.variants.empty();
  for (const std::string& tag : reader.texts("tags")) {
    runs = apply_tag(tag, query) && runs;
  }
  for (const std::string_view key : {"priority", "fatal"}) {
    (void)reader.any(key);
  }
  if (const yaml::Node* metrics = reader.sequence("metrics")) {
    query.columns = read_foreign_columns(Dialect::PgExporter, *metrics, prefix, errors);
  }
  reader.finish();
  return runs ? std::optional{std::move(query)} : std::nullopt;
}

}  // namespace

Dialect recognise(const yaml::Node& document, Dialect plain) {
  constexpr std::array<std::string_view, 10> kPgExporter{
      "desc",
      "predicate_queries",
      "tags",
      "ttl",
      "timeout",
      "min_version",
      "max_version",
      "fatal",
      "skip",
      "priority"};
  constexpr std::array<std::string_view, 4> kCloudNativePg{
      "predicate_query", "primary", "target_databases", "name"};
  const auto some_has = [&document](const auto& keys) {
    return std::ranges::any_of(document.entries, [&keys](const yaml::Entry& entry) {
      return has_any(entry.value, keys);
    });
  };
  if (some_has(kPgExporter)) {
    return Dialect::PgExporter;
  }
  return some_has(kCloudNativePg) ? Dialect::CloudNativePg : plain;
}

std::optional<Query> read_foreign_query(Dialect dialect, const yaml::Entry& entry, Errors& errors) {
  if (!is_name(entry.key)) {
    errors.push_back({entry.key_where, entry.key + ": no name for a series"});
    return std::nullopt;
  }
  auto query = dialect == Dialect::PgExporter ? read_collector(entry, errors)
                                              : read_namespace(dialect, entry, errors);
  for (InputError& error : errors) {
    if (!error.message.starts_with(entry.key)) {
      error.message = entry.key + ": " + error.message;
    }
  }
  return query;
}

}  // namespace pgrepl::catalogue
