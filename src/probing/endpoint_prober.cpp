#include "probing/endpoint_prober.h"

#include "catalogue/capabilities.h"
#include "sampling/decode.h"
#include "session/ask_once.h"

#include <utility>

namespace pgrepl::probing {

namespace {

std::string question(const char* system_identifier) {
  return std::string{
             "SELECT pg_catalog.pg_is_in_recovery() AS in_recovery, "
             "pg_catalog.current_setting('transaction_read_only') AS transaction_read_only, "
             "extract(epoch FROM pg_catalog.pg_postmaster_start_time()) AS "
             "postmaster_start_time, "} +
         system_identifier + " AS system_identifier";
}

constexpr const char* kIdentifier =
    "(SELECT system_identifier FROM pg_catalog.pg_control_system())";

}  // namespace

EndpointProber::EndpointProber(
    loop::Loop loop,
    session::Network& network,
    config::Endpoint endpoint,
    const config::Sampling& sampling
)
    : Prober(loop, endpoint, sampling), network_(network), endpoint_(std::move(endpoint)) {
  latest_.name = endpoint_.name;
  latest_.expects_any = endpoint_.expect == config::Expect::Any;
  latest_.target = endpoint_.conninfo.endpoint;
  latest_.database = endpoint_.conninfo.parameter("dbname").value_or("");
  latest_.expect =
      endpoint_.expect == config::Expect::Primary ? cluster::Role::Primary : cluster::Role::Standby;
}

void EndpointProber::failed(const std::string& why) {
  latest_.reading.reset();
  latest_.duration = {};
  latest_.failure = cluster::Failure{pg::FailureReason::Other, why};
}

void EndpointProber::tell(Answers& answers) const {
  answers.endpoints.push_back(latest_);
}

asio::awaitable<void> EndpointProber::probe_once() {
  if (!is_ours_) {
    latest_.reading.reset();
    latest_.failure.reset();
    co_return;
  }
  const loop::Instant began = now();
  pg::ConnInfo conninfo = endpoint_.conninfo;
  std::string sql = question(kIdentifier);
  auto rows = co_await session::ask_once(network_, std::move(conninfo), std::move(sql), deadline());
  if (!rows && catalogue::is_refusal(rows.error().sqlstate)) {
    // Managed services refuse the control file. Then its birth does not tell which server it is.
    conninfo = endpoint_.conninfo;
    sql = question("NULL");
    rows = co_await session::ask_once(network_, std::move(conninfo), std::move(sql), deadline());
  }
  latest_.reading.reset();
  latest_.failure.reset();
  latest_.duration = now() - began;
  if (!rows) {
    latest_.failure = cluster::Failure{rows.error().reason, rows.error().message};
  } else if (auto reading = sampling::decode_endpoint(*rows)) {
    latest_.reading = *reading;
  } else {
    latest_.failure = cluster::Failure{pg::FailureReason::Other, reading.error()};
  }
}

}  // namespace pgrepl::probing
