// The man page and the command lines of the documents against the built program.
#include "support/exporter.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

using ::testing::Contains;
using ::testing::IsSubsetOf;

const std::filesystem::path kProject{PGREPL_SOURCE_DIR};

std::string read(const std::filesystem::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::set<std::string> flags_in(const std::string& text) {
  const std::regex flag{R"(--[a-z][a-z.-]*[a-z])"};
  std::set<std::string> flags;
  for (std::sregex_iterator found{text.begin(), text.end(), flag}, end; found != end; ++found) {
    flags.insert(found->str());
  }
  return flags;
}

// Of the program and of all of its commands.
std::set<std::string> known_flags() {
  std::set<std::string> all;
  for (const char* command : {"serve", "check", "status", "metrics", "doctor"}) {
    all.merge(flags_in(run_exporter({.arguments = {command, "--help"}}).output));
  }
  all.merge(flags_in(run_exporter({.arguments = {"--help"}}).output));
  return all;
}

std::string man_page() {
  const std::string text = read(kProject / "docs/man/pg_replication_exporter.1");
  return std::regex_replace(text, std::regex{R"(\\-)"}, "-");
}

TEST(ManPage, HasEveryFlagAndNoOther) {
  std::set<std::string> expected = known_flags();
  EXPECT_THAT(expected, Contains("--web.config.file"));
  expected.insert({"--collector", "--no-collector"});  // one for each query
  EXPECT_EQ(flags_in(man_page()), expected);
}

TEST(ManPage, IsSetWithoutAWarning) {
  if (!std::filesystem::exists("/usr/bin/groff")) {
    ASSERT_EQ(std::getenv("REQUIRE_PG"), nullptr) << "groff is missing";
    GTEST_SKIP() << "groff is missing";
  }
  Process groff{
      {.arguments =
           {"/usr/bin/groff",
            "-man",
            "-ww",
            "-z",
            "-Tutf8",
            kProject / "docs/man/pg_replication_exporter.1"},
       .environment = {"PATH=/usr/bin:/bin"}}};
  EXPECT_EQ(groff.wait(std::chrono::seconds{30}), 0);
  EXPECT_EQ(groff.output(), "");
}

TEST(CommandLines, OfTheDocumentsUseFlagsThatThereAre) {
  const auto known = known_flags();
  std::size_t lines = 0;
  for (const char* document :
       {"README.md", "README.pt-BR.md", "docs/api.md", "docs/configuration.md", "docs/doctor.md"}) {
    std::ifstream file{kProject / document};
    ASSERT_TRUE(file) << document;
    for (std::string line; std::getline(file, line);) {
      const auto at = line.find("pg_replication_exporter ");
      if (at != std::string::npos) {
        lines += 1;
        EXPECT_THAT(flags_in(line.substr(at)), IsSubsetOf(known)) << document << ": " << line;
      }
    }
  }
  EXPECT_GT(lines, 5U);
}

// What is said in one language is said in the other.
TEST(Readme, HasTheSameHeadingsExamplesAndLinksInPortuguese) {
  const auto shape = [](const std::string& file) {
    const std::string text = read(kProject / file);
    std::vector<std::string> parts;
    const std::regex part{R"((?:^|\n)(#+ |```\w*)|\]\(((?:docs/)?[A-Za-z/.-]+)\))"};
    for (std::sregex_iterator found{text.begin(), text.end(), part}, end; found != end; ++found) {
      const std::string link = (*found)[2];
      if (!link.starts_with("README")) {
        parts.push_back((*found)[1].str() + link);
      }
    }
    return parts;
  };
  const auto english = shape("README.md");
  EXPECT_GT(english.size(), 15U);
  EXPECT_EQ(shape("README.pt-BR.md"), english);
}

}  // namespace
}  // namespace pgrepl::testing
