#include "endpoints/endpoints.h"

#include "endpoints/negotiation.h"
#include "endpoints/picture_endpoints.h"
#include "endpoints/query_string.h"
#include "exposition/openmetrics.h"
#include "support/gzip.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace pgrepl::http {

namespace {

constexpr std::string_view kTextFormat = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kOpenMetricsFormat =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

// Empty when it was not sent. `name` in lower case.
std::string header_of(const Request& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? "" : found->second;
}

Response plain(int status, std::string body) {
  return {.status = status, .body = std::move(body)};
}

struct Served {
  SnapshotSource& source;
  Site site;
};

// In the format that the scraper asks for.
Response negotiated(std::shared_ptr<const std::string> text, const Request& request) {
  const bool openmetrics =
      exposition_format(header_of(request, "accept")) == ExpositionFormat::OpenMetrics;
  Response response{
      .content_type = std::string{openmetrics ? kOpenMetricsFormat : kTextFormat}, .body = {}};
  if (openmetrics) {
    response.body = metrics::to_openmetrics(*text);
  } else {
    response.page = std::move(text);
  }
  return response;
}

Response metrics_page(SnapshotSource& source, const Request& request) {
  const auto snapshot =
      source.fresh(scrape_timeout(request), {query_values(request.query, "collect[]")});
  if (snapshot == nullptr) {
    return plain(503, "The exporter's loop does not answer; see /-/healthy and its log.\n");
  }
  if (!snapshot->mistake.empty()) {
    return plain(400, snapshot->mistake + "\n");
  }
  return negotiated({snapshot, &snapshot->page}, request);
}

Response probe(SnapshotSource& source, const Request& request) {
  const ProbeRequest wanted{
      .target = query_value(request.query, "target").value_or(""),
      .cluster = query_value(request.query, "cluster"),
      .auth_module = query_value(request.query, "auth_module"),
  };
  if (wanted.target.empty()) {
    return plain(400, "target is required: the name of a known server, or host:port\n");
  }
  ProbeAnswer answer = source.probe(wanted, scrape_timeout(request));
  if (answer.status != 200) {
    return plain(answer.status, std::move(answer.text));
  }
  return negotiated(std::make_shared<const std::string>(std::move(answer.text)), request);
}

Response health(const SnapshotSource& source) {
  return source.is_responsive() ? plain(200, "Healthy\n")
                                : plain(503, "The loop that watches the servers does not turn.\n");
}

Response readiness(const SnapshotSource& source) {
  return source.last_round() ? plain(200, "Ready\n")
                             : plain(503, "The first round is not done yet.\n");
}

constexpr std::string_view kReload = "/-/reload";

Response with_allow(Response response, std::string methods) {
  response.headers.emplace_back("Allow", std::move(methods));
  return response;
}

// Whether a page of another site sent this, in the browser of somebody who may reach us. Browsers
// say where a request comes from (Fetch, "Sec-Fetch-Site"; older ones by Origin alone); programs
// say nothing.
bool is_cross_site(const Request& request) {
  const std::string site = header_of(request, "sec-fetch-site");
  if (!site.empty()) {
    return site != "same-origin" && site != "none";
  }
  const std::string origin = header_of(request, "origin");
  if (origin.empty()) {
    return false;
  }
  const std::size_t scheme_end = origin.find("://");
  return scheme_end == std::string::npos ||
         origin.substr(scheme_end + 3) != header_of(request, "host");
}

Response reload(const Served& served, const Request& request) {
  if (request.method == "OPTIONS") {
    return with_allow(plain(200, ""), "POST, PUT, OPTIONS");
  }
  if (request.method != "POST" && request.method != "PUT") {
    return with_allow(plain(405, "A reload is asked for by POST.\n"), "POST, PUT, OPTIONS");
  }
  if (is_cross_site(request)) {
    return plain(403, "A page of another site must not ask for a reload.\n");
  }
  if (!served.site.lifecycle) {
    return plain(403, "Reloading over HTTP is off; --web.enable-lifecycle turns it on.\n");
  }
  const auto reloaded = served.source.reload();
  return reloaded ? plain(200, "The configuration has been reloaded.\n")
                  : plain(400, reloaded.error());
}

constexpr std::string_view kProbe = "/probe";

struct Route {
  std::string_view path;  // with a slash at its end: everything below it
  Response (*answer)(const Served& served, const Request& request);
};

constexpr Route kRoutes[] = {
    {"/",
     [](const Served& served, const Request& request) {
       return status(served.source, request, served.site.telemetry_path);
     }},
    {"/status.css", [](const Served&, const Request&) { return status_style(); }},
    {"/status.js", [](const Served&, const Request&) { return status_script(); }},
    {"/-/healthy", [](const Served& served, const Request&) { return health(served.source); }},
    {"/-/ready", [](const Served& served, const Request&) { return readiness(served.source); }},
    {"/api/v1/clusters",
     [](const Served& served, const Request& request) { return clusters(served.source, request); }},
    {"/api/v1/events",
     [](const Served& served, const Request& request) { return events(served.source, request); }},
    {kProbe, [](const Served& served, const Request& r) { return probe(served.source, r); }},
    {"/sd",
     [](const Served& served, const Request& request) {
       return service_discovery(served.source, request);
     }},
    {"/servers/",
     [](const Served& served, const Request& request) {
       return server_check(served.source, request);
     }},
};

bool leads_to(const Route& route, std::string_view path) {
  const bool everything_below = route.path.size() > 1 && route.path.ends_with('/');
  return everything_below ? path.starts_with(route.path) : path == route.path;
}

// Smaller ones are not worth it.
constexpr std::size_t kWorthCompressing = 1000;

// One Vary names all that any answer of this path depends on, however short this one is: a cache
// keeps answers by what the last of them said.
Response compressed(Response response, const Request& request, bool is_negotiated) {
  response.headers.emplace_back(
      "Vary", is_negotiated ? "Accept, Accept-Encoding" : "Accept-Encoding"
  );
  if (response.content().size() < kWorthCompressing) {
    return response;
  }
  if (accepts_gzip(header_of(request, "accept-encoding"))) {
    if (std::string smaller = gzip(response.content()); !smaller.empty()) {
      response.body = std::move(smaller);
      response.page = nullptr;
      response.headers.emplace_back("Content-Encoding", "gzip");
    }
  }
  return response;
}

Response route(const Served& served, const Request& request) {
  if (request.path == kReload) {
    return reload(served, request);
  }
  if (request.method == "OPTIONS") {
    return with_allow(plain(200, ""), "GET, HEAD, OPTIONS");
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return with_allow(plain(405, "Only GET and HEAD are answered here.\n"), "GET, HEAD, OPTIONS");
  }
  if (request.path == served.site.telemetry_path) {
    return metrics_page(served.source, request);
  }
  const auto* const found =
      std::ranges::find_if(kRoutes, [&](const Route& r) { return leads_to(r, request.path); });
  return found == std::end(kRoutes)
             ? plain(404, "Nothing is here; metrics are at " + served.site.telemetry_path + ".\n")
             : found->answer(served, request);
}

}  // namespace

std::chrono::milliseconds scrape_timeout(const Request& request) {
  const std::string header = header_of(request, "x-prometheus-scrape-timeout-seconds");
  double seconds = 0;
  const char* const last = header.data() + header.size();
  const auto [end, problem] = std::from_chars(header.data(), last, seconds);
  if (problem != std::errc{} || end != last || !(seconds > 0) || seconds > 60) {
    return std::chrono::minutes{1};
  }
  return std::chrono::milliseconds{static_cast<long>(seconds * 900)};
}

Handler make_handler(SnapshotSource& source, Site site) {
  return [served = Served{source, std::move(site)}](const Request& request) {
    const bool is_negotiated = request.path == served.site.telemetry_path || request.path == kProbe;
    return compressed(route(served, request), request, is_negotiated);
  };
}

}  // namespace pgrepl::http
