#include "probing/prober.h"

#include <algorithm>
#include <utility>

#include <asio/experimental/awaitable_operators.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace pgrepl::sampling {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kShortestPeriod{1000};

}  // namespace

Prober::Prober(asio::io_context& io, const config::Sampling& sampling)
    : sampling_(sampling), pause_(io) {
}

asio::awaitable<void> Prober::probe_until_stopped() {
  using namespace asio::experimental::awaitable_operators;
  const std::chrono::milliseconds period = std::max(sampling_.tick, kShortestPeriod);
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
    pause_.expires_at(began + period);
    co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
  ended_ = true;
}

void Prober::stop() {
  stopped_ = true;
  pause_.cancel();
}

Clock::time_point Prober::deadline() const {
  return Clock::now() + sampling_.connect_timeout;
}

}  // namespace pgrepl::sampling
