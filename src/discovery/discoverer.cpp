#include "discovery/discoverer.h"

#include "discovery/dns.h"
#include "discovery/patroni.h"
#include "loop/finish_by.h"
#include "loop/mark.h"

#include <algorithm>
#include <utility>
#include <variant>

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
    fetch::Outside outside,
    const config::Discovery& configured,
    std::span<const config::Server> servers,
    std::chrono::milliseconds timeout,
    std::size_t most
) {
  if (const auto* dns = std::get_if<config::DnsDiscovery>(&configured)) {
    return std::make_unique<DnsSource>(outside, *dns, timeout, most);
  }
  if (const auto* patroni = std::get_if<config::PatroniDiscovery>(&configured)) {
    return std::make_unique<PatroniSource>(outside, *patroni, servers, timeout, most);
  }
  return nullptr;
}

}  // namespace

Discoverer::Discoverer(
    fetch::Outside outside,
    const config::Cluster& configured,
    std::chrono::milliseconds timeout,
    std::size_t most
)
    : loop_(outside.loop),
      configured_(configured.discovery),
      timeout_(timeout),
      most_(most),
      roster_(configured.servers, coverages(configured.discovery), configured.forget_after, most) {
  for (std::size_t i = 0; i < configured.discovery.size(); ++i) {
    auto source = make_source(outside, configured.discovery[i], configured.servers, timeout, most);
    if (source) {
      asked_.push_back({i, std::move(source), std::make_unique<loop::Alarm>(outside.loop)});
    } else {
      followers_.push_back(
          {.number = i,
           .configured = std::get<config::ReplicationDiscovery>(configured.discovery[i])}
      );
    }
  }
}

asio::awaitable<void> Discoverer::turn(std::size_t source) {
  Asked& asked = asked_.at(source);
  const loop::Mark in_turn{asked.in_turn};
  auto work = asked.source->discover();
  const auto found = co_await loop::result_by(*asked.alarm, std::move(work), loop::Instant::max());
  if (!found || stopped_) {
    co_return;
  }
  if (*found) {
    roster_.take_answer(asked.number, **found);
  } else {
    roster_.take_failure(asked.number, found->error());
  }
  const loop::Instant next = loop_.now() + asked.source->refresh();
  co_await asked.alarm->wait_until(next);
}

void Discoverer::failed(std::size_t source, const std::string& why) {
  roster_.take_failure(asked_.at(source).number, "a source failed unexpectedly: " + why);
}

bool Discoverer::has_ended() const {
  return stopped_ && std::ranges::none_of(asked_, &Asked::in_turn);
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
    asked.alarm->cancel();
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
    follower.refused.say(address);
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
