// The counters of a door's refusals, in a registry of their own, and a server that counts there.
#pragma once

#include "http/refusals.h"
#include "http/server.h"
#include "http/web_settings.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <prometheus/registry.h>

namespace pgrepl::testing {

struct RefusalCounters {
  // Over all reasons.
  [[nodiscard]] double total() const {
    double total = 0;
    for (const auto& one : registry.Collect()) {
      for (const auto& metric : one.metric) {
        total += metric.counter.value;
      }
    }
    return total;
  }

  prometheus::Registry registry{};
  http::Refusals::Family& family =
      prometheus::BuildCounter().Name("refused_total").Help("Refused").Register(registry);
};

// Without a web configuration file, within the usual limits.
inline Expected<std::unique_ptr<http::Server>, std::string> start_server(
    const std::vector<std::string>& addresses, http::Handler handler
) {
  static const RefusalCounters counters;
  return http::Server::start(
      addresses, std::move(handler), nullptr, http::Limits{}, counters.family
  );
}

}  // namespace pgrepl::testing
