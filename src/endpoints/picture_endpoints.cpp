#include "endpoints/picture_endpoints.h"

#include "endpoints/query_string.h"
#include "pages/api_json.h"
#include "pages/quantities.h"
#include "pages/server_check.h"
#include "pages/service_discovery.h"
#include "pages/status_page.h"
#include "support/yaml.h"

#include <charconv>
#include <string_view>

namespace pgrepl::http {

namespace {

using PicturePointer = std::shared_ptr<const pages::Picture>;

Response plain(int status, std::string line) {
  return {.status = status, .body = std::move(line) + "\n"};
}

Response json(std::string body) {
  Response response{.content_type = "application/json", .body = std::move(body)};
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Response no_picture() {
  return plain(
      503, "There is nothing to show: no server was asked yet, or the loop does not turn."
  );
}

// Old knowledge is no answer for one who decides by it.
PicturePointer present_picture(const SnapshotSource& source) {
  return source.is_responsive() ? source.picture() : nullptr;
}

// A tick brings everything but what queries of rounds bring, such as slots. Where nobody scrapes,
// those who look cause the rounds, but however many they are, not more than one in this time.
constexpr std::chrono::seconds kOldestRound{10};

PicturePointer complete_picture(SnapshotSource& source, const Request& request) {
  const auto round = source.last_round();
  const PicturePointer picture = present_picture(source);
  if (round && picture && picture->taken - *round < kOldestRound) {
    return picture;
  }
  return source.fresh(scrape_timeout(request), {}) ? source.picture() : nullptr;
}

struct CheckPath {
  std::string server;
  cluster::Role role;
};

// The name may hold slashes: "pg-1:5432/orders".
std::optional<CheckPath> parse_check_path(std::string_view path) {
  constexpr std::string_view kPrefix = "/servers/";
  constexpr std::string_view kPrimary = "/primary";
  constexpr std::string_view kReplica = "/replica";
  path.remove_prefix(std::min(kPrefix.size(), path.size()));
  for (const auto& [suffix, role] :
       {std::pair{kPrimary, cluster::Role::Primary}, std::pair{kReplica, cluster::Role::Standby}}) {
    if (path.ends_with(suffix) && path.size() > suffix.size()) {
      path.remove_suffix(suffix.size());
      return CheckPath{std::string{path}, role};
    }
  }
  return std::nullopt;
}

Expected<pages::LagBounds, std::string> parse_bounds(const std::string& query) {
  pages::LagBounds bounds;
  if (const auto text = query_value(query, "max_lag")) {
    const auto time = yaml::parse_duration(*text);
    if (!time) {
      return Unexpected<std::string>{"max_lag: expected a duration such as 500ms, 10s or 5m"};
    }
    bounds.time = *time;
  }
  if (const auto text = query_value(query, "max_bytes")) {
    bounds.bytes = pages::parse_bytes(*text);
    if (!bounds.bytes) {
      return Unexpected<std::string>{"max_bytes: expected a size such as 1024, 512kB or 16MB"};
    }
  }
  return bounds;
}

// Nothing but the page's own style and script; nobody may frame it.
constexpr std::string_view kPolicy =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

Response asset(const std::string& content_type, std::string_view text) {
  Response response{.content_type = content_type, .body = std::string{text}};
  response.headers.emplace_back("Cache-Control", "no-cache");
  return response;
}

Response to_response(const pages::Verdict& verdict) {
  return plain(verdict.passed ? 200 : 503, verdict.reason);
}

}  // namespace

Response clusters(SnapshotSource& source, const Request& request) {
  const PicturePointer picture = complete_picture(source, request);
  return picture ? json(pages::clusters_json(*picture)) : no_picture();
}

Response events(SnapshotSource& source, const Request& request) {
  pages::EventFilter filter{
      .cluster = query_value(request.query, "cluster").value_or(""),
      .server = query_value(request.query, "server").value_or("")};
  if (const auto text = query_value(request.query, "limit")) {
    const char* const last = text->data() + text->size();
    const auto [end, problem] = std::from_chars(text->data(), last, filter.limit);
    if (problem != std::errc{} || end != last) {
      return plain(400, "limit: expected a number of events");
    }
  }
  const auto log = source.events();
  return json(pages::events_json(log ? *log : cluster::EventLog{}, filter));
}

Response service_discovery(SnapshotSource& source, const Request& request) {
  const PicturePointer picture = source.picture();
  const auto host = request.headers.find("host");
  if (host == request.headers.end() || host->second.empty()) {
    return plain(400, "The request has no header Host, which says where this exporter is reached.");
  }
  return picture ? json(pages::service_discovery_json(*picture, host->second)) : no_picture();
}

Response server_check(SnapshotSource& source, const Request& request) {
  const auto path = parse_check_path(request.path);
  if (!path) {
    return plain(404, "Expected /servers/NAME/primary or /servers/NAME/replica.");
  }
  const auto bounds = parse_bounds(request.query);
  if (!bounds) {
    return plain(400, bounds.error());
  }
  const PicturePointer picture = present_picture(source);
  if (!picture) {
    return no_picture();
  }
  const std::string cluster = query_value(request.query, "cluster").value_or("");
  const auto found = pages::find_servers(*picture, path->server, cluster);
  if (found.empty()) {
    return plain(404, "No such server is known.");
  }
  if (found.size() > 1) {
    return plain(400, "Several clusters have a server of this name; choose with ?cluster=NAME.");
  }
  const pages::FoundServer& one = found.front();
  return to_response(
      path->role == cluster::Role::Primary ? pages::check_primary(*one.watched, *one.server)
                                           : pages::check_replica(*one.server, *bounds)
  );
}

Response status(SnapshotSource& source, const Request& request, const std::string& telemetry_path) {
  const PicturePointer picture = complete_picture(source, request);
  if (!picture) {
    return no_picture();
  }
  const auto log = source.events();
  Response response{
      .content_type = "text/html; charset=utf-8",
      .body = pages::status_page(*picture, log ? *log : cluster::EventLog{}, telemetry_path)};
  response.headers.emplace_back("Content-Security-Policy", kPolicy);
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Response status_style() {
  return asset("text/css; charset=utf-8", pages::status_css());
}

Response status_script() {
  return asset("text/javascript; charset=utf-8", pages::status_js());
}

}  // namespace pgrepl::http
