#include "catalogue/select.h"

#include <algorithm>

namespace pgrepl::catalogue {

namespace {

bool is_due(const Query& query, const LastRuns& last_runs, Instant now) {
  const auto last = last_runs.find(query.name);
  return last == last_runs.end() || now - last->second >= query.every;
}

}  // namespace

const std::string* variant_for(const Query& query, pg::ServerVersion version) {
  const pg::ServerVersion served =
      std::min(version, pg::ServerVersion{pg::kNewestMajor * 10000 + 9999});
  const auto found = std::ranges::find_if(query.variants, [served](const Variant& variant) {
    return variant.versions.contains(served);
  });
  return found == query.variants.end() ? nullptr : &found->sql;
}

std::vector<DueQuery> select_due(
    const Catalogue& catalogue,
    const ServerProfile& server,
    const std::set<std::string>& disabled,
    const LastRuns& last_runs,
    Instant now
) {
  std::vector<DueQuery> due;
  for (const Query& query : catalogue.queries) {
    const bool wanted = query.feeds != Feeds::Tick && !disabled.contains(query.name) &&
                        std::ranges::find(query.runs_on, server.role) != query.runs_on.end();
    const std::string* sql = wanted ? variant_for(query, server.version) : nullptr;
    if (sql != nullptr && is_due(query, last_runs, now)) {
      due.push_back({&query, sql});
    }
  }
  return due;
}

}  // namespace pgrepl::catalogue
