#include "catalogue/load.h"

#include "catalogue/embedded.h"

#include <gtest/gtest.h>

namespace pgrepl::catalogue {
namespace {

// What every catalogue needs besides the query under test.
constexpr const char* kModel = R"(
- { name: tick, feeds: tick, sql: SELECT 1 }
- { name: server_facts, feeds: server_facts, sql: SELECT 1 }
)";

Expected<Catalogue, Errors> load_one(const std::string& text) {
  const std::vector<SourceText> files{{"model.yaml", kModel}, {"q.yaml", text}};
  return load(files);
}

std::string errors_of(const std::string& text) {
  const auto loaded = load_one(text);
  return loaded ? to_string(mistakes_of(*loaded)) : to_string(loaded.error());
}

TEST(LoadCatalogue, EmbeddedQueriesAreValidForEverySupportedVersion) {
  std::vector<SourceText> files;
  for (const EmbeddedFile& file : embedded_query_files()) {
    files.push_back({std::string{file.name}, std::string{file.text}});
  }
  const auto loaded = load(files);
  ASSERT_TRUE(loaded) << to_string(loaded.error());
  EXPECT_TRUE(loaded->broken.empty()) << to_string(mistakes_of(*loaded));
  EXPECT_GT(loaded->queries.size(), 15U);
  EXPECT_NE(loaded->feeding(Feeds::Tick), nullptr);
  EXPECT_NE(loaded->feeding(Feeds::ReplicationSlots), nullptr);
}

TEST(LoadCatalogue, ReadsAWholeQuery) {
  const auto loaded = load_one(R"(
- name: locks
  help: Locks held
  runs_on: primary
  every: 15s
  variants:
    - { versions: ">= 17", sql: SELECT 17 }
    - { versions: "13 .. 16", sql: SELECT 13 }
  columns:
    mode: { label }
    count: { gauge, help: Locks }
    noise: { discard }
    total: { counter, help: Others, name: pg_other_total }
)");
  ASSERT_TRUE(loaded) << to_string(loaded.error());
  const Query& query = *loaded->find("locks");
  EXPECT_EQ(query.runs_on, std::vector{Role::Primary});
  EXPECT_EQ(query.every, std::chrono::seconds{15});
  ASSERT_EQ(query.variants.size(), 2U);
  EXPECT_EQ(query.variants[0].sql, "SELECT 13");
  ASSERT_EQ(query.columns.size(), 4U);
  EXPECT_EQ(query.columns[1].family, "pg_locks_count");
  EXPECT_EQ(query.columns[3].family, "pg_other_total");
  EXPECT_EQ(query.columns[2].family, "");
}

TEST(LoadCatalogue, LaterFileReplacesAQueryByName) {
  const std::vector<SourceText> files{
      {"model.yaml", kModel},
      {"a.yaml", "- { name: q, sql: SELECT 1, columns: { a: { gauge, help: A } } }"},
      {"b.yaml", "- { name: q, sql: SELECT 2, columns: { a: { gauge, help: A } } }"},
  };
  const auto loaded = load(files);
  ASSERT_TRUE(loaded) << to_string(loaded.error());
  EXPECT_EQ(loaded->find("q")->variants[0].sql, "SELECT 2");
}

struct Mistake {
  const char* text;
  const char* said;
};

class LoadCatalogueMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(LoadCatalogueMistake, IsNamedWithItsPlace) {
  const std::string errors = errors_of(GetParam().text);
  EXPECT_NE(errors.find(GetParam().said), std::string::npos) << errors;
  EXPECT_TRUE(errors.starts_with("q.yaml:")) << errors;
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    LoadCatalogueMistake,
    ::testing::Values(
        Mistake{"hello", "a query file is a list"},
        Mistake{"- { sql: SELECT 1, columns: { a: { discard } } }", "name: is missing"},
        Mistake{"- { name: q, columns: { a: { discard } } }", "variants: is missing"},
        Mistake{"- { name: q, sql: SELECT 1 }", "columns: is missing"},
        Mistake{
            "- { name: q, sql: SELECT 1, colums: { a: { discard } } }", "did you mean 'columns'"},
        Mistake{
            "- { name: q, sql: X, variants: [], columns: { a: { discard } } }", "given beside sql"},
        Mistake{
            "- { name: q, variants: [{ versions: '>= 17', sql: X }], columns: { a: { discard } } }",
            "nothing covers PostgreSQL 16 (supported: 13 to 18)"},
        Mistake{
            "- { name: q, variants: [{ versions: '>= 13', sql: X }, { versions: '15', sql: Y }], "
            "columns: { a: { discard } } }",
            "more than one covers PostgreSQL 15"},
        Mistake{
            "- { name: q, variants: [{ versions: new, sql: X }], columns: { a: { discard } } }",
            "found 'new'"},
        Mistake{"- { name: q, sql: X, columns: { a: { gauge } } }", "help is missing"},
        Mistake{"- { name: q, sql: X, columns: { a: { gauge, label, help: A } } }", "one usage"},
        Mistake{"- { name: q, sql: X, columns: { a: { help: A } } }", "one usage"},
        Mistake{"- { name: q, sql: X, columns: { a-b: { gauge, help: A } } }", "no name for a"},
        Mistake{"- { name: q, sql: X, columns: { pid: { label } } }", "without bound"},
        Mistake{"- { name: q, sql: X, columns: { flush_lsn: { label } } }", "without bound"},
        Mistake{"- { name: q, sql: X, columns: { server: { label } } }", "no name for a label"},
        Mistake{
            "- { name: q, sql: X, columns: { a: { gauge, help: \"A\\nB\" } } }",
            "must be one line"},
        Mistake{"- { name: q, sql: X, runs_on: replica, columns: { a: { discard } } }", "replica"},
        Mistake{"- { name: q, sql: X, feeds: nothing, columns: { a: { discard } } }", "nothing"},
        Mistake{"- { name: q, sql: X, every: 5, columns: { a: { discard } } }", "a duration"},
        Mistake{
            "- { name: q, sql: X, columns: { a: { discard } } }\n"
            "- { name: q, sql: X, columns: { a: { discard } } }",
            "stands above"},
        Mistake{
            "- { name: q, sql: X, columns: { a: { gauge, help: A } } }\n"
            "- { name: r, prefix: pg_q, sql: X, columns: { a: { gauge, help: A } } }",
            "is also a series of q"}
    )
);

TEST(LoadCatalogue, EveryMistakeOfEveryFileIsToldAtOnce) {
  const std::string errors = errors_of(R"(
- { name: q, sql: X, columns: { pid: { label } } }
- { name: r, columns: { a: { gauge } } }
)");
  EXPECT_NE(errors.find("q.yaml:2:"), std::string::npos) << errors;
  EXPECT_NE(errors.find("q.yaml:3:"), std::string::npos) << errors;
}

TEST(LoadCatalogue, ModelMustBeFedExactlyOnce) {
  const std::vector<SourceText> none{{"a.yaml", ""}};
  EXPECT_NE(
      to_string(load(none).error()).find("exactly one query must feed tick"), std::string::npos
  );
}

}  // namespace
}  // namespace pgrepl::catalogue
