#include "catalogue/select.h"

#include <algorithm>

namespace pgrepl::catalogue {

namespace {

// A scrape that comes a little early must not skip the query until the next one.
bool is_due(
    const Query& query, std::chrono::milliseconds every, const LastRuns& last_runs, Instant now
) {
  constexpr std::chrono::milliseconds kMostSlack{1000};
  const auto slack = std::min(every / 10, kMostSlack);
  const auto last = last_runs.find(query.name);
  return last == last_runs.end() || now - last->second >= every - slack;
}

bool is_on(const Query& query, const Switches& switches) {
  return !switches.disabled.contains(query.name) &&
         (query.enabled || switches.enabled.contains(query.name));
}

bool is_for_role(const Query& query, std::optional<Role> role) {
  return role ? std::ranges::find(query.runs_on, *role) != query.runs_on.end()
              : query.runs_on.size() == 2;
}

bool serves(const Query& query, pg::ServerVersion version) {
  return version.number >= query.from_version &&
         (!query.before_version || version.number < *query.before_version);
}

}  // namespace

const pg::Statement* variant_for(const Query& query, pg::ServerVersion version) {
  const pg::ServerVersion served =
      std::min(version, pg::ServerVersion{pg::kNewestMajor * 10000 + 9999});
  const auto found = std::ranges::find_if(query.variants, [served](const Variant& variant) {
    return variant.versions.contains(served);
  });
  return found == query.variants.end() ? nullptr : &found->sql;
}

bool applies(const Query& query, const ServerProfile& server, const Switches& switches) {
  return is_on(query, switches) && serves(query, server.version) &&
         is_for_role(query, server.role) && variant_for(query, server.version) != nullptr;
}

std::vector<DueQuery> select_due(
    const Catalogue& catalogue,
    const ServerProfile& server,
    const Switches& switches,
    const LastRuns& last_runs,
    Instant now,
    Reach reach
) {
  const std::chrono::milliseconds least{reach == Reach::Databases ? 60'000 : 0};
  std::vector<DueQuery> due;
  for (const Query& query : catalogue.queries) {
    const bool walked = is_walked(query, switches.databases);
    const bool wanted = query.feeds != Feeds::Tick && walked == (reach == Reach::Databases) &&
                        applies(query, server, switches);
    if (wanted && is_due(query, std::max(query.every, least), last_runs, now)) {
      due.push_back({&query, variant_for(query, server.version)});
    }
  }
  return due;
}

}  // namespace pgrepl::catalogue
