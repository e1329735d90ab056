#include "unit/config/load_fixture.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

namespace pgrepl::config {
namespace {

// The blocks between ```yaml and ``` in docs/configuration.md.
std::vector<std::string> examples() {
  const std::filesystem::path project{PGREPL_SOURCE_DIR};
  std::ifstream file{project / "docs/configuration.md"};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  constexpr std::string_view kBegin = "```yaml\n";
  std::vector<std::string> all;
  std::size_t begin = text.find(kBegin);
  while (begin != std::string::npos) {
    begin += kBegin.size();
    const std::size_t end = text.find("```", begin);
    all.push_back(text.substr(begin, end - begin));
    begin = text.find(kBegin, end);
  }
  return all;
}

TEST(Documentation, EveryExampleOfTheConfigurationLoads) {
  const auto all = examples();
  EXPECT_EQ(all.size(), 4U);
  for (const std::string& example : all) {
    EXPECT_EQ(errors_of({.yaml = example, .environment = {{"MONITOR_PASSWORD", "secret"}}}), "")
        << example;
  }
}

}  // namespace
}  // namespace pgrepl::config
