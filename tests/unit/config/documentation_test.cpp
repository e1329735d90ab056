#include "config/web_file.h"
#include "unit/config/load_fixture.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include <gtest/gtest.h>

namespace pgrepl::config {
namespace {

// The blocks between ```yaml, or another such mark, and ``` in docs/configuration.md.
std::vector<std::string> examples(const std::string& mark = "```yaml\n") {
  const std::filesystem::path project{PGREPL_SOURCE_DIR};
  std::ifstream file{project / "docs/configuration.md"};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  std::vector<std::string> all;
  std::size_t begin = text.find(mark);
  while (begin != std::string::npos) {
    begin += mark.size();
    const std::size_t end = text.find("```", begin);
    all.push_back(text.substr(begin, end - begin));
    begin = text.find(mark, end);
  }
  return all;
}

TEST(Documentation, EveryExampleOfTheConfigurationLoads) {
  const auto all = examples();
  EXPECT_EQ(all.size(), 5U);
  for (const std::string& example : all) {
    EXPECT_EQ(errors_of({.yaml = example, .environment = {{"MONITOR_PASSWORD", "secret"}}}), "")
        << example;
  }
}

TEST(Documentation, ExampleOfTheWebConfigurationLoads) {
  const auto all = examples("```yml\n");
  ASSERT_EQ(all.size(), 1U);
  const auto file = parse_web_file(all.front(), "web.yml");
  ASSERT_TRUE(file) << to_string(file.error());
  EXPECT_TRUE(file->tls);
  EXPECT_EQ(file->users.size(), 1U);
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

// What the readers of src/config ask a YAML mapping for, as their sources say it.
std::set<std::string> known_keys() {
  const std::regex asks{
      R"re(\b(?:reader|header|section|login)\w*(?:\.\w+\(|, )"([a-z][a-z0-9_]*)")re"};
  std::set<std::string> keys;
  const std::filesystem::path sources = std::filesystem::path{PGREPL_SOURCE_DIR} / "src/config";
  for (const auto& entry : std::filesystem::directory_iterator{sources}) {
    const std::string text = read(entry.path());
    for (std::sregex_iterator found{text.begin(), text.end(), asks}, end; found != end; ++found) {
      keys.insert((*found)[1]);
    }
  }
  return keys;
}

TEST(Documentation, HasEveryKeyThatTheReadersKnow) {
  const std::string text = read(std::filesystem::path{PGREPL_SOURCE_DIR} / "docs/configuration.md");
  const auto keys = known_keys();
  EXPECT_GT(keys.size(), 60U) << "the sources are not read as they are written";
  for (const std::string& key : keys) {
    const std::regex shown{"[`.]" + key + "[`.]"};
    EXPECT_TRUE(std::regex_search(text, shown)) << key;
  }
}

}  // namespace
}  // namespace pgrepl::config
