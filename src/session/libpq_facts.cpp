#include "session/libpq_facts.h"

#include "pg/newer_keywords.h"
#include "session/libpq.h"

#include <set>
#include <string_view>

namespace pgrepl::session {

namespace {

std::set<std::string, std::less<>> read_parameters() {
  std::set<std::string, std::less<>> known;
  const Options defaults{PQconndefaults()};
  for (const PQconninfoOption* one = defaults.get(); one != nullptr && one->keyword != nullptr;
       ++one) {
    known.insert(one->keyword);
  }
  return known;
}

const std::set<std::string, std::less<>>& known_parameters() {
  static const std::set<std::string, std::less<>> known = read_parameters();
  return known;
}

}  // namespace

bool knows_parameter(std::string_view keyword) {
  return known_parameters().contains(keyword);
}

std::string describe_libpq() {
  const int number = PQlibVersion();  // 150013 is 15.13
  std::string text =
      "libpq " + std::to_string(number / 10000) + "." + std::to_string(number % 10000);
  const auto& known = known_parameters();
  std::string missing;
  for (const pg::NewerKeyword& newer : pg::kNewerKeywords) {
    if (!known.contains(newer.keyword)) {
      missing += (missing.empty() ? "" : ", ") + std::string{newer.keyword};
    }
  }
  return missing.empty() ? text : text + " (without " + missing + ")";
}

}  // namespace pgrepl::session
