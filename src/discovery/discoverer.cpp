#include "discovery/discoverer.h"

#include "discovery/dns.h"
#include "discovery/patroni.h"
#include "log/log.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <asio/experimental/awaitable_operators.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace pgrepl::discovery {

namespace {

std::vector<Coverage> coverages(const std::vector<config::Discovery>& sources) {
  std::vector<Coverage> all;
  for (const config::Discovery& source : sources) {
    const bool follows = std::holds_alternative<config::ReplicationDiscovery>(source);
    all.push_back(follows ? Coverage::Partial : Coverage::Complete);
  }
  return all;
}

// Null for what is not asked but follows the servers.
std::unique_ptr<Source> make_source(
    asio::io_context& io, const config::Discovery& configured, std::chrono::milliseconds timeout
) {
  if (const auto* dns = std::get_if<config::DnsDiscovery>(&configured)) {
    return std::make_unique<DnsSource>(io, *dns, timeout);
  }
  if (const auto* patroni = std::get_if<config::PatroniDiscovery>(&configured)) {
    return std::make_unique<PatroniSource>(io, *patroni, timeout);
  }
  return nullptr;
}

}  // namespace

Discoverer::Discoverer(
    asio::io_context& io, const config::Cluster& configured, std::chrono::milliseconds timeout
)
    : configured_(configured.discovery),
      timeout_(timeout),
      roster_(configured.servers, coverages(configured.discovery), configured.forget_after) {
  for (std::size_t i = 0; i < configured.discovery.size(); ++i) {
    if (auto source = make_source(io, configured.discovery[i], timeout)) {
      asked_.push_back({i, std::move(source), std::make_unique<asio::steady_timer>(io)});
    } else {
      followers_.push_back(
          {.number = i,
           .configured = std::get<config::ReplicationDiscovery>(configured.discovery[i])}
      );
    }
  }
}

asio::awaitable<void> Discoverer::ask_until_stopped(std::size_t source) {
  using namespace asio::experimental::awaitable_operators;
  Asked& asked = asked_.at(source);
  while (!stopped_) {
    asio::error_code cancelled;
    asked.pause->expires_at(Instant::max());
    auto stopping = asked.pause->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    auto work = asked.source->discover();
    auto first = co_await (std::move(work) || std::move(stopping));
    if (first.index() == 1) {
      break;
    }
    const auto& found = std::get<0>(first);
    if (found) {
      roster_.take_answer(asked.number, *found);
    } else {
      roster_.take_failure(asked.number, found.error());
    }
    asked.pause->expires_after(asked.source->refresh());
    co_await asked.pause->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
  ended_ += 1;
}

void Discoverer::take_over(const Discoverer& before) {
  std::vector<std::optional<std::size_t>> numbers;
  for (const config::Discovery& source : before.configured_) {
    const auto found = std::ranges::find(configured_, source);
    const bool kept = found != configured_.end();
    numbers.push_back(
        kept ? std::optional{static_cast<std::size_t>(found - configured_.begin())} : std::nullopt
    );
  }
  roster_.take_over(before.roster_, numbers);
}

void Discoverer::stop() {
  stopped_ = true;
  for (const Asked& asked : asked_) {
    asked.pause->cancel();
  }
}

std::vector<config::Server> Discoverer::update(std::span<const Sighting> sightings, Instant now) {
  for (Follower& follower : followers_) {
    follow(follower, sightings, now);
  }
  roster_.take_sightings(sightings, now);
  return roster_.watched();
}

void Discoverer::follow(Follower& follower, std::span<const Sighting> sightings, Instant now) {
  if (now < follower.next) {
    return;
  }
  Followed followed = follow_senders(follower.configured, sightings);
  if (!followed.servers.empty() || !followed.refused.empty()) {
    follower.next = now + follower.configured.refresh;
  }
  roster_.take_answer(follower.number, followed.servers);
  for (const std::string& address : followed.refused) {
    if (follower.reported.insert(address).second) {
      log::write(
          log::Level::Warning,
          "discovery",
          "a standby is not followed; to send our credentials there, list its network in "
          "allowed_networks",
          {{"address", address}}
      );
    }
  }
}

std::optional<std::string> Discoverer::failure() const {
  const auto failures = roster_.failures();
  if (failures.empty()) {
    return std::nullopt;
  }
  std::string text;
  for (const std::string& failure : failures) {
    text += (text.empty() ? "" : "; ") + failure;
  }
  return text;
}

}  // namespace pgrepl::discovery
