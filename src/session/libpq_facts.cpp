#include "session/libpq_facts.h"

#include "session/libpq.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace pgrepl::session {

namespace {

// Parameters that not every supported libpq knows: 16 brought the first, 17 the second.
constexpr std::array<std::string_view, 2> kNewer{"require_auth", "sslnegotiation"};

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
  for (const std::string_view parameter : kNewer) {
    if (!known.contains(parameter)) {
      missing += (missing.empty() ? "" : ", ") + std::string{parameter};
    }
  }
  return missing.empty() ? text : text + " (without " + missing + ")";
}

}  // namespace pgrepl::session
