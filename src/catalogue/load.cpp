#include "catalogue/load.h"

#include "catalogue/foreign.h"
#include "catalogue/read_columns.h"
#include "support/yaml.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <map>
#include <set>
#include <utility>

namespace pgrepl::catalogue {

namespace {

// Extensions and schemas come and go seldom.
constexpr std::chrono::minutes kPredicateKeeps{1};

Feeds parse_feeds(yaml::Reader& reader) {
  const auto word = reader.text("feeds");
  if (!word) {
    return Feeds::Nothing;
  }
  constexpr std::pair<std::string_view, Feeds> kWords[] = {
      {"tick", Feeds::Tick},
      {"server_facts", Feeds::ServerFacts},
      {"replication_slots", Feeds::ReplicationSlots},
      {"archiver", Feeds::Archiver},
      {"database_totals", Feeds::DatabaseTotals},
      {"sessions", Feeds::Sessions},
      {"wal_files", Feeds::WalFiles},
      {"sync_waits", Feeds::SyncWaits},
  };
  const auto* found = std::ranges::find(kWords, *word, &std::pair<std::string_view, Feeds>::first);
  if (found == std::end(kWords)) {
    reader.error(
        "feeds",
        "nothing is called '" + *word +
            "'; it is tick, server_facts, replication_slots, archiver, database_totals or sessions"
    );
    return Feeds::Nothing;
  }
  return found->second;
}

std::vector<Role> parse_roles(yaml::Reader& reader) {
  std::vector<Role> roles;
  for (const std::string& word : reader.texts("runs_on")) {
    if (word == "primary" || word == "standby") {
      roles.push_back(word == "primary" ? Role::Primary : Role::Standby);
    } else {
      reader.error("runs_on", "expected primary or standby, found '" + word + "'");
    }
  }
  return roles.empty() ? std::vector{Role::Primary, Role::Standby} : roles;
}

std::optional<pg::VersionRange> parse_versions(yaml::Reader& reader) {
  const auto text = reader.required_text("versions");
  const auto range = text ? pg::VersionRange::parse(*text) : std::nullopt;
  if (text && !range) {
    reader.error(
        "versions",
        "expected such as \">= 17\", \"< 17\", \"13 .. 16\" or \"15\", found '" + *text + "'"
    );
  }
  return range;
}

// Each supported major from the first on must be served by exactly one variant.
void check_coverage(const std::vector<Variant>& variants, int since, yaml::Reader& reader) {
  for (int major = since; major <= pg::kNewestMajor; ++major) {
    const auto serving = std::ranges::count_if(variants, [major](const Variant& variant) {
      return variant.versions.contains(pg::ServerVersion{major * 10000});
    });
    const std::string supported =
        " (supported: " + std::to_string(since) + " to " + std::to_string(pg::kNewestMajor) + ")";
    if (serving == 0) {
      reader.error("variants", "nothing covers PostgreSQL " + std::to_string(major) + supported);
    } else if (serving > 1) {
      reader.error(
          "variants", "more than one covers PostgreSQL " + std::to_string(major) + supported
      );
    }
  }
}

std::vector<Variant> read_variants(yaml::Reader& reader, Errors& errors) {
  const auto since = reader.integer("since", pg::kOldestMajor, pg::kNewestMajor);
  const auto sql = reader.text("sql");
  const yaml::Node* list = reader.sequence("variants");
  if (sql.has_value() == (list != nullptr)) {
    reader.error(
        "variants",
        sql ? "given beside sql; one of them is enough"
            : "is missing; give variants, or sql for every version"
    );
    return {};
  }
  const int first = static_cast<int>(since.value_or(pg::kOldestMajor));
  if (sql) {
    return {{.versions = {.first = first}, .sql = *sql}};
  }
  std::vector<Variant> variants;
  for (const yaml::Node& item : list->items) {
    yaml::Reader variant{item, errors};
    const auto versions = parse_versions(variant);
    auto text = variant.required_text("sql");
    variant.finish();
    if (versions && text) {
      variants.push_back({.versions = *versions, .sql = std::move(*text)});
    }
  }
  if (variants.size() == list->items.size()) {
    check_coverage(variants, first, reader);
  }
  std::ranges::sort(variants, {}, [](const Variant& variant) { return variant.versions.first; });
  return variants;
}

// An extension may live in any schema; most live in public.
void require_extension(Query& query, yaml::Reader& reader) {
  const auto name = reader.text("extension");
  if (!name) {
    return;
  }
  if (!is_name(*name)) {
    reader.error("extension", "'" + *name + "' is no name of an extension");
    return;
  }
  query.search_path = SearchPath::PgCatalogAndPublic;
  query.predicates.push_back(
      {.sql = "SELECT true FROM pg_catalog.pg_extension WHERE extname = '" + *name + "'",
       .keeps = kPredicateKeeps}
  );
}

Query read_query(const yaml::Node& node, Errors& errors) {
  yaml::Reader reader{node, errors};
  Query query{.name = reader.required_text("name").value_or(""), .where = node.where};
  query.help = reader.text("help").value_or("");
  query.runs_on = parse_roles(reader);
  query.every = reader.duration("every").value_or(std::chrono::milliseconds{0});
  query.timeout = reader.duration("timeout");
  query.feeds = parse_feeds(reader);
  query.enabled = reader.boolean("enabled").value_or(true);
  query.per_database = reader.boolean("per_database").value_or(false);
  query.databases = reader.texts("databases");
  require_extension(query, reader);
  query.variants = read_variants(reader, errors);
  const std::string prefix = reader.text("prefix").value_or("pg_" + query.name);
  const yaml::Node* columns = reader.mapping("columns");
  if (columns == nullptr && query.feeds == Feeds::Nothing) {
    reader.error("columns", "is missing; without columns the query shows nothing");
  } else if (columns != nullptr) {
    query.columns = read_columns(*columns, prefix, errors);
  }
  reader.finish();
  return query;
}

void break_query(Catalogue& catalogue, std::string name, Errors errors) {
  catalogue.broken.push_back({std::move(name), std::move(errors)});
}

void add(Catalogue& catalogue, Query query) {
  const auto before = std::ranges::find(catalogue.queries, query.name, &Query::name);
  if (before != catalogue.queries.end()) {
    *before = std::move(query);
  } else {
    catalogue.queries.push_back(std::move(query));
  }
}

void take(Catalogue& catalogue, Query query, Errors errors, std::set<std::string>& names) {
  if (!query.name.empty() && !names.insert(query.name).second) {
    errors.push_back({query.where, query.name + ": a query of this name stands above"});
  }
  if (errors.empty()) {
    add(catalogue, std::move(query));
  } else {
    break_query(catalogue, std::move(query.name), std::move(errors));
  }
}

void read_document(
    Catalogue& catalogue, const yaml::Node& document, const SourceText& file, Dialect plain
);

// A Kubernetes ConfigMap holds whole files as texts. Only CloudNativePG reads such a map itself;
// others are handed the files in it.
void read_config_map(Catalogue& catalogue, const yaml::Node& map, const SourceText& file) {
  const yaml::Node* data = map.find("data");
  for (std::size_t i = 0; data != nullptr && i < data->entries.size(); ++i) {
    const yaml::Entry& entry = data->entries[i];
    auto inner = yaml::parse(entry.value.scalar, file.name + ": " + entry.key);
    if (!inner) {
      break_query(catalogue, file.name, std::move(inner.error()));
    } else {
      read_document(catalogue, *inner, file, Dialect::CloudNativePg);
    }
  }
}

void read_document(
    Catalogue& catalogue, const yaml::Node& document, const SourceText& file, Dialect plain
) {
  std::set<std::string> names;
  if (document.kind == yaml::Kind::Mapping) {
    const yaml::Node* kind = document.find("kind");
    if (kind != nullptr && kind->scalar == "ConfigMap") {
      read_config_map(catalogue, document, file);
      return;
    }
    const Dialect dialect = recognise(document, plain);
    for (const yaml::Entry& entry : document.entries) {
      Errors errors;
      auto query = read_foreign_query(dialect, entry, errors);
      if (query || !errors.empty()) {
        take(catalogue, query.value_or(Query{.name = entry.key}), std::move(errors), names);
      }
    }
    return;
  }
  if (document.kind == yaml::Kind::Scalar) {
    break_query(
        catalogue, file.name, {{document.where, "a query file is a list or a map of queries"}}
    );
  }
  for (const yaml::Node& item : document.items) {
    Errors errors;
    Query query = read_query(item, errors);
    take(catalogue, std::move(query), std::move(errors), names);
  }
}

void read_file(Catalogue& catalogue, const SourceText& file) {
  auto document = yaml::parse(file.text, file.name);
  if (!document) {
    break_query(catalogue, file.name, std::move(document.error()));
    return;
  }
  read_document(catalogue, *document, file, Dialect::PostgresExporter);
}

// Families of our own format belong to one query each. Other exporters share them between queries
// for different versions or roles.
void check_families(Catalogue& catalogue) {
  std::map<std::string, std::string, std::less<>> owners;
  std::vector<Query> kept;
  for (Query& query : catalogue.queries) {
    Errors errors;
    for (const Column& column : query.columns) {
      const bool shows = column.usage != ColumnUsage::Label && !column.family.empty();
      if (!shows || query.origin == Origin::Custom) {
        continue;
      }
      const auto [owner, fresh] = owners.emplace(column.family, query.name);
      if (!fresh) {
        errors.push_back(
            {query.where,
             query.name + ": " + column.family + " is also a series of " + owner->second}
        );
      }
    }
    if (errors.empty()) {
      kept.push_back(std::move(query));
    } else {
      break_query(catalogue, std::move(query.name), std::move(errors));
    }
  }
  catalogue.queries = std::move(kept);
}

// Tells one version of a file from another.
std::string hash_of(const std::string& text) {
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016zx", std::hash<std::string>{}(text));
  return digits.data();
}

void check_model_is_fed(const Catalogue& catalogue, Errors& errors) {
  for (const Feeds need : {Feeds::Tick, Feeds::ServerFacts}) {
    const auto feeding = std::ranges::count(catalogue.queries, need, &Query::feeds);
    if (feeding != 1) {
      const std::string word = need == Feeds::Tick ? "tick" : "server_facts";
      errors.push_back(
          {{.file = "queries"},
           "exactly one query must feed " + word + "; " + std::to_string(feeding) + " do"}
      );
    }
  }
}

}  // namespace

Expected<Catalogue, Errors> load(std::span<const SourceText> files) {
  Catalogue catalogue;
  for (const SourceText& file : files) {
    const std::size_t broken_before = catalogue.broken.size();
    read_file(catalogue, file);
    if (file.from_user) {
      const bool mistakes = catalogue.broken.size() > broken_before;
      catalogue.user_files.push_back({file.name, hash_of(file.text), mistakes});
    }
  }
  check_families(catalogue);
  Errors errors;
  check_model_is_fed(catalogue, errors);
  if (!errors.empty()) {
    Errors causes = mistakes_of(catalogue);
    errors.insert(errors.end(), causes.begin(), causes.end());
    return Unexpected<Errors>{std::move(errors)};
  }
  return catalogue;
}

Errors mistakes_of(const Catalogue& catalogue) {
  Errors all;
  for (const BrokenQuery& query : catalogue.broken) {
    all.insert(all.end(), query.errors.begin(), query.errors.end());
  }
  return all;
}

}  // namespace pgrepl::catalogue
