#include "watch/take_page.h"

#include <algorithm>
#include <utility>

namespace pgrepl::watch {

namespace {

metrics::ServerPage page_of(
    const sampling::Poller& poller,
    const std::vector<catalogue::BrokenQuery>& broken,
    const StillAsked& still_asked,
    cluster::Instant now
) {
  metrics::ServerPage page{
      .name = poller.server().name,
      .queries = {},
      .broken_queries = {},
      .connections_opened = poller.counters().connections_opened,
      .errors = poller.counters().errors,
      .databases_left_out = poller.counters().databases_left_out,
  };
  // What a server said before it fell silent is no news.
  if (poller.answers(now) && !still_asked(poller)) {
    for (const auto& [name, collected] : poller.collected(now)) {
      page.queries.push_back(
          {collected.query, collected.rows ? &*collected.rows : nullptr, collected.seconds}
      );
    }
    for (const catalogue::BrokenQuery& query : broken) {
      page.broken_queries.push_back(query.name);
    }
  }
  return page;
}

bool has_failures(const sampling::Poller& poller, cluster::Instant now) {
  return poller.failure(now) || std::ranges::any_of(poller.collected(now), [](const auto& kept) {
           return !kept.second.rows;
         });
}

}  // namespace

std::vector<metrics::ClusterPage> take_pages(
    std::span<const WatchedCluster> clusters,
    const std::vector<catalogue::BrokenQuery>& broken,
    const StillAsked& still_asked,
    cluster::Instant now
) {
  std::vector<metrics::ClusterPage> pages;
  for (const WatchedCluster& watched : clusters) {
    metrics::ClusterPage page{.cluster = &watched.latest, .configured = &watched.configured};
    for (const auto& poller : watched.pollers) {
      if (is_shown(watched, *poller)) {
        page.servers.push_back(page_of(*poller, broken, still_asked, now));
      }
    }
    pages.push_back(std::move(page));
  }
  return pages;
}

bool has_failures(std::span<const WatchedCluster> clusters, cluster::Instant now) {
  return std::ranges::any_of(clusters, [now](const WatchedCluster& watched) {
    return std::ranges::any_of(watched.pollers, [now](const auto& poller) {
      return has_failures(*poller, now);
    });
  });
}

}  // namespace pgrepl::watch
