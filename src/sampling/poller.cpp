#include "sampling/poller.h"

#include <utility>

namespace pgrepl::sampling {

Poller::Poller(
    loop::Loop loop,
    loop::Supervisor& supervisor,
    session::Network& network,
    const std::optional<std::string>& cluster,
    config::Server server,
    const config::Sampling& sampling,
    SharedQueries queries
)
    : polled_(loop, supervisor, network, cluster, std::move(server), sampling, std::move(queries)),
      ticker_(polled_),
      rounds_(polled_) {
}

asio::awaitable<void> Poller::tick() {
  return tick_as(polled_.tasks.begin());
}

asio::awaitable<bool> Poller::ask_round(Instant deadline) {
  return join_round_as(polled_.tasks.begin(), deadline);
}

asio::awaitable<void> Poller::run_round(Instant deadline) {
  return join_round_and_forget(ask_round(deadline));
}

asio::awaitable<void> Poller::join_round_and_forget(asio::awaitable<bool> round) {
  co_await std::move(round);
}

asio::awaitable<void> Poller::walk() {
  return walk_as(polled_.tasks.begin());
}

asio::awaitable<void> Poller::tick_as(Running) {
  if (polled_.place.must_step_down()) {
    step_down();
  }
  co_await ticker_.turn();
}

asio::awaitable<bool> Poller::join_round_as(Running, Instant deadline) {
  const bool ended = co_await rounds_.join(deadline);
  co_return ended;
}

asio::awaitable<void> Poller::walk_as(Running) {
  co_await rounds_.walk();
}

// Whatever is under way on the connections ends with them.
void Poller::step_down() {
  ticker_.close();
  rounds_.close();
  polled_.place.lost();
  polled_.collection.forget(polled_.now());
  log_place(polled_.server.name, Place::Waiting);
}

void Poller::stop() {
  polled_.stopped = true;
  ticker_.close();
  rounds_.close();
  ticker_.wake();
  rounds_.wake();
  polled_.place_known.cancel();
}

asio::awaitable<void> Poller::end() {
  stop();
  co_await rounds_.wait_until_over();
}

std::optional<cluster::Failure> Poller::failure(Instant now) const {
  auto failure = polled_.state.failure(now);
  return failure ? failure : rounds_.failure(now);
}

cluster::ServerSample Poller::sample(Instant now) const {
  cluster::ServerSample sample{
      .name = polled_.server.name,
      .endpoint = polled_.server.conninfo.endpoint,
      .addresses = ticker_.addresses(),
      .failure = failure(now),
      .left_to_others = is_left_to_others(now),
      .seen_postmaster_start_time = ticker_.seen_start_time(),
      .fed_by_archive = polled_.server.fed_by == config::FedBy::Archive,
      .pooled = polled_.pooled,
  };
  polled_.collection.describe(sample);
  if (sample.tick) {
    sample.capabilities = capabilities(now);
  }
  if (polled_.state.failure(now)) {
    sample.tick.reset();
    sample.slots.clear();
    sample.slots_read_at.reset();
    sample.wal_files.reset();
    sample.sync_waits = {};
    sample.archiver.reset();
    sample.totals.reset();
    sample.sessions.clear();
  }
  return sample;
}

// What the settings' query was refused is known once it ran.
std::map<std::string, bool> Poller::capabilities(Instant now) const {
  auto capabilities = polled_.refusals.capabilities();
  const auto& queries = collected(now);
  if (const auto settings = queries.find("settings"); settings != queries.end()) {
    capabilities["settings"] = !settings->second.refused;
  }
  return capabilities;
}

const std::map<std::string, Collected>& Poller::collected(Instant now) const {
  static const std::map<std::string, Collected> kNothing;
  return rounds_.is_overdue(now) ? kNothing : polled_.collection.collected();
}

PollerCounters Poller::counters() const {
  return {
      .connections_opened = polled_.connections_opened,
      .errors = polled_.collection.errors(),
      .databases_left_out = rounds_.databases_left_out(),
  };
}

PlaceAt Poller::place_at(Instant now) const {
  // Nobody's place at a server behind a pooler says who reads the others.
  const bool answers = !polled_.state.failure(now) && !polled_.pooled;
  return {
      .server = polled_.server.name,
      .place = answers ? polled_.place.place() : Place::Unknown,
      .settled = answers && polled_.place.is_settled(now),
  };
}

}  // namespace pgrepl::sampling
