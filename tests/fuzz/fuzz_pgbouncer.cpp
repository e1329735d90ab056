// What calls itself PgBouncer: the answers of its console, with a line "--" after each, up to the
// pages that show them.
#include "cluster/pgbouncer.h"
#include "exposition/exposition.h"
#include "exposition/openmetrics.h"
#include "fuzz/page.h"
#include "fuzz/result_set.h"
#include "metrics/pgbouncer_families.h"
#include "pages/api_json.h"
#include "pages/status_page.h"
#include "support/builders.h"

#include <array>
#include <string>
#include <vector>

namespace {

using namespace pgrepl;

constexpr std::string_view kEnd = "\n--\n";

std::string_view take_answer(std::string_view& rest) {
  const std::size_t at = rest.find(kEnd);
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + kEnd.size());
  return taken;
}

cluster::PgBouncerReading read(std::string_view rest) {
  using Reading = cluster::PgBouncerReading;
  constexpr std::array kAnswers{
      &Reading::version,
      &Reading::pools,
      &Reading::stats,
      &Reading::databases,
      &Reading::lists,
      &Reading::config,
      &Reading::servers};
  Reading reading;
  for (const auto answer : kAnswers) {
    reading.*answer = fuzz::result_set(take_answer(rest));
  }
  return reading;
}

const std::vector<cluster::ServerSample>& samples() {
  static const std::vector<cluster::ServerSample> kSamples = [] {
    cluster::ServerSample one = testing::primary("pg-1").at("0/100");
    one.endpoint = {"pg-1.example", 5432};
    one.addresses = {"10.0.0.1"};
    cluster::ServerSample two = testing::standby("pg-2").replayed("0/100");
    two.endpoint = {"10.0.0.2", 5432};
    return std::vector{one, two};
  }();
  return kSamples;
}

cluster::PgBouncerStatus status_of(std::string_view text) {
  const std::array probes{
      cluster::PgBouncerProbe{.name = "b", .reading = read(text), .failure = std::nullopt}};
  return cluster::describe_pgbouncers(probes, samples(), "pg-1").front();
}

pages::Picture picture_of(cluster::PgBouncerStatus status) {
  cluster::Cluster seen{.name = "c"};
  seen.pgbouncers.push_back(std::move(status));
  pages::Picture picture;
  picture.clusters.push_back({.cluster = std::move(seen)});
  return picture;
}

void promise_routes(const cluster::PgBouncerStatus& status) {
  for (const cluster::PgBouncerRoute& route : status.routes) {
    for (const std::string& server : route.servers) {
      fuzz::promise(server == "pg-1" || server == "pg-2");
    }
    if (route.leads_to_primary == true) {
      fuzz::promise(route.servers == std::vector<std::string>{"pg-1"});
    }
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text(data, size);
  cluster::PgBouncerStatus status = status_of(text);
  promise_routes(status);
  metrics::Families families;
  metrics::add_pgbouncer_families(status, {{"cluster", "c"}}, families);
  const std::string page = metrics::render(std::move(families).take());
  fuzz::promise_exposition(page, "pgbouncer_");
  (void)metrics::to_openmetrics(page);
  const pages::Picture picture = picture_of(std::move(status));
  fuzz::promise_json(pages::clusters_json(picture));
  const pages::Picture harmless = picture_of(status_of(fuzz::harmless(std::string{text})));
  fuzz::promise_same_markup(
      pages::status_page(picture, {}, "/metrics"), pages::status_page(harmless, {}, "/metrics")
  );
  return 0;
}
