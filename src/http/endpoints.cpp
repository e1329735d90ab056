#include "http/endpoints.h"

#include "support/gzip.h"

#include <charconv>
#include <utility>

namespace pgrepl::http {

namespace {

constexpr std::string_view kTextFormat = "text/plain; version=0.0.4; charset=utf-8";

// Empty when it was not sent. `name` in lower case.
std::string header_of(const Request& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? "" : found->second;
}

Response plain(int status, std::string body) {
  return {.status = status, .body = std::move(body)};
}

Response metrics_page(SnapshotSource& source, const Request& request) {
  const auto snapshot = source.fresh(scrape_timeout(request));
  if (snapshot == nullptr) {
    return plain(503, "The exporter's loop does not answer; see /-/healthy and its log.\n");
  }
  Response response{.content_type = std::string{kTextFormat}, .body = {}};
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (header_of(request, "accept-encoding").find("gzip") != std::string::npos) {
    response.body = gzip(snapshot->page);
    if (!response.body.empty()) {
      response.headers.emplace_back("Content-Encoding", "gzip");
      return response;
    }
  }
  response.body = snapshot->page;
  return response;
}

Response health(const SnapshotSource& source) {
  return source.is_responsive() ? plain(200, "Healthy\n")
                                : plain(503, "The loop that watches the servers does not turn.\n");
}

Response readiness(const SnapshotSource& source) {
  return source.latest() != nullptr ? plain(200, "Ready\n")
                                    : plain(503, "The first round is not done yet.\n");
}

Response landing_page(const std::string& telemetry_path) {
  return {
      .content_type = "text/html; charset=utf-8",
      .body =
          "<!doctype html>\n<html lang=\"en\"><head><title>pg_replication_exporter</title></head>"
          "<body><h1>pg_replication_exporter</h1><p><a href=\"" +
          telemetry_path + "\">Metrics</a></p></body></html>\n",
  };
}

}  // namespace

std::chrono::milliseconds scrape_timeout(const Request& request) {
  const std::string header = header_of(request, "x-prometheus-scrape-timeout-seconds");
  double seconds = 0;
  const auto [end, problem] =
      std::from_chars(header.data(), header.data() + header.size(), seconds);
  if (problem != std::errc{} || !(seconds > 0) || seconds > 60) {
    return std::chrono::minutes{1};
  }
  return std::chrono::milliseconds{static_cast<long>(seconds * 900)};
}

Handler make_handler(SnapshotSource& source, std::string telemetry_path) {
  return [&source, path = std::move(telemetry_path)](const Request& request) {
    if (request.method != "GET" && request.method != "HEAD") {
      return plain(405, "Only GET and HEAD are answered here.\n");
    }
    if (request.path == path) {
      return metrics_page(source, request);
    }
    if (request.path == "/-/healthy") {
      return health(source);
    }
    if (request.path == "/-/ready") {
      return readiness(source);
    }
    if (request.path == "/") {
      return landing_page(path);
    }
    return plain(404, "Nothing is here; metrics are at " + path + ".\n");
  };
}

}  // namespace pgrepl::http
