#include "sampling/endpoint_prober.h"

#include "sampling/decode.h"
#include "session/ask_once.h"

#include <algorithm>
#include <utility>

#include <asio/experimental/awaitable_operators.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace pgrepl::sampling {

namespace {

using Clock = std::chrono::steady_clock;

// More often than that, the log of connections of a server is full of ours.
constexpr std::chrono::milliseconds kShortestPeriod{1000};

constexpr const char* kQuestion =
    "SELECT pg_catalog.pg_is_in_recovery() AS in_recovery, "
    "pg_catalog.current_setting('transaction_read_only') AS transaction_read_only, "
    "(SELECT system_identifier FROM pg_catalog.pg_control_system()) AS system_identifier, "
    "extract(epoch FROM pg_catalog.pg_postmaster_start_time()) AS postmaster_start_time";

}  // namespace

EndpointProber::EndpointProber(
    asio::io_context& io, config::Endpoint endpoint, const config::Sampling& sampling
)
    : io_(io),
      endpoint_(std::move(endpoint)),
      sampling_(sampling),
      period_(std::max(sampling.tick, kShortestPeriod)),
      timeout_(sampling.connect_timeout),
      resolver_(io),
      pause_(io) {
  latest_.name = endpoint_.name;
  latest_.expect =
      endpoint_.expect == config::Expect::Primary ? cluster::Role::Primary : cluster::Role::Standby;
}

asio::awaitable<void> EndpointProber::probe_until_stopped() {
  using namespace asio::experimental::awaitable_operators;
  while (!stopped_) {
    const Clock::time_point began = Clock::now();
    asio::error_code cancelled;
    pause_.expires_at(Clock::time_point::max());
    auto stopping = pause_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    auto work = probe_once();
    auto first = co_await (std::move(work) || std::move(stopping));
    if (first.index() == 1) {
      break;
    }
    pause_.expires_at(began + period_);
    co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
  ended_ = true;
}

asio::awaitable<void> EndpointProber::probe_once() {
  if (!is_ours_) {
    latest_.reading.reset();
    latest_.failure.reset();
    co_return;
  }
  const Clock::time_point began = Clock::now();
  pg::ConnInfo conninfo = endpoint_.conninfo;
  std::string question = kQuestion;
  auto rows = co_await session::ask_once(
      io_, resolver_, std::move(conninfo), std::move(question), began + timeout_
  );
  latest_.reading.reset();
  latest_.failure.reset();
  latest_.duration = Clock::now() - began;
  if (!rows) {
    latest_.failure = cluster::Failure{rows.error().reason, rows.error().message};
  } else if (auto reading = decode_endpoint(*rows)) {
    latest_.reading = *reading;
  } else {
    latest_.failure = cluster::Failure{pg::FailureReason::Other, reading.error()};
  }
}

void EndpointProber::stop() {
  stopped_ = true;
  pause_.cancel();
}

}  // namespace pgrepl::sampling
