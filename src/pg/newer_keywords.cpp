#include "pg/newer_keywords.h"

#include <algorithm>

namespace pgrepl::pg {

std::optional<int> libpq_that_brought(std::string_view keyword) {
  const auto* found = std::ranges::find(kNewerKeywords, keyword, &NewerKeyword::keyword);
  return found == kNewerKeywords.end() ? std::nullopt : std::optional{found->since};
}

std::string needs_newer_libpq(int since) {
  return "needs libpq " + std::to_string(since) +
         " or newer; pg_replication_exporter --version names the one that runs here";
}

}  // namespace pgrepl::pg
