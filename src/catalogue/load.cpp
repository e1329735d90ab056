#include "catalogue/load.h"

#include "catalogue/read_columns.h"
#include "support/yaml.h"

#include <algorithm>
#include <map>
#include <utility>

namespace pgrepl::catalogue {

namespace {

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
  };
  const auto* found = std::ranges::find(kWords, *word, &std::pair<std::string_view, Feeds>::first);
  if (found == std::end(kWords)) {
    reader.error(
        "feeds",
        "nothing is called '" + *word + "'; it is tick, server_facts, replication_slots or archiver"
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

Query read_query(const yaml::Node& node, Errors& errors) {
  yaml::Reader reader{node, errors};
  Query query{.name = reader.required_text("name").value_or(""), .where = node.where};
  query.help = reader.text("help").value_or("");
  query.runs_on = parse_roles(reader);
  query.every = reader.duration("every").value_or(std::chrono::milliseconds{0});
  query.feeds = parse_feeds(reader);
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

std::vector<Query> read_file(const SourceText& file, Errors& errors) {
  auto document = yaml::parse(file.text, file.name);
  if (!document) {
    errors.insert(errors.end(), document.error().begin(), document.error().end());
    return {};
  }
  if (document->kind != yaml::Kind::Sequence && document->kind != yaml::Kind::Null) {
    errors.push_back({document->where, "a query file is a list of queries, each with a name"});
    return {};
  }
  std::vector<Query> queries;
  for (const yaml::Node& item : document->items) {
    Query query = read_query(item, errors);
    if (!query.name.empty() &&
        std::ranges::find(queries, query.name, &Query::name) != queries.end()) {
      errors.push_back({item.where, query.name + ": a query of this name stands above"});
    }
    queries.push_back(std::move(query));
  }
  return queries;
}

void add(Catalogue& catalogue, Query query) {
  const auto before = std::ranges::find(catalogue.queries, query.name, &Query::name);
  if (before != catalogue.queries.end()) {
    *before = std::move(query);
  } else {
    catalogue.queries.push_back(std::move(query));
  }
}

void check_families(const Catalogue& catalogue, Errors& errors) {
  std::map<std::string_view, const Query*> owners;
  for (const Query& query : catalogue.queries) {
    for (const Column& column : query.columns) {
      if (column.family.empty()) {
        continue;
      }
      const auto [owner, fresh] = owners.emplace(column.family, &query);
      if (!fresh) {
        errors.push_back(
            {query.where,
             query.name + ": " + column.family + " is also a series of " + owner->second->name}
        );
      }
    }
  }
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
  Errors errors;
  for (const SourceText& file : files) {
    for (Query& query : read_file(file, errors)) {
      add(catalogue, std::move(query));
    }
  }
  if (errors.empty()) {
    check_families(catalogue, errors);
    check_model_is_fed(catalogue, errors);
  }
  if (!errors.empty()) {
    return Unexpected<Errors>{std::move(errors)};
  }
  return catalogue;
}

}  // namespace pgrepl::catalogue
