// The page for people: every cluster drawn, what is wrong in words, and what happened last.
#pragma once

#include "cluster/event_log.h"
#include "pages/picture.h"
#include "pages/problems.h"

#include <span>
#include <string>
#include <string_view>

namespace pgrepl::pages {

// A whole HTML document that refers to nothing but status.css and status.js beside it, and to
// `telemetry_path`. All text from outside is escaped.
[[nodiscard]] std::string status_page(
    const Picture& picture, const cluster::EventLog& log, const std::string& telemetry_path
);

// The servers of a cluster as nested lists: a standby stands in the list of its upstream.
[[nodiscard]] std::string draw_servers(
    const WatchedCluster& watched, std::span<const Problem> problems
);

[[nodiscard]] std::string_view status_css();
[[nodiscard]] std::string_view status_js();

}  // namespace pgrepl::pages
