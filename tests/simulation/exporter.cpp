#include "simulation/exporter.h"

#include "cluster/observe.h"
#include "sampling/poller.h"
#include "watch/take_picture.h"

#include <utility>

#include <asio/co_spawn.hpp>

namespace pgrepl::simulation {

// Until the product's own watch can be run here: pollers and the observation of their samples.
struct Exporter::Parts {
  loop::Loop loop;
  session::Network& network;
  config::Config config;
  sampling::SharedQueries queries;
  std::vector<std::unique_ptr<sampling::Poller>> pollers{};
  loop::Alarm observe_alarm;
  cluster::Memory memory{};
  std::shared_ptr<const pages::Picture> picture{};
  std::vector<cluster::LoggedEvent> events{};
  bool stopped = false;
  bool observer_ended = false;
  int rounds = 0;

  Parts(loop::Loop on, session::Network& by, Setup setup)
      : loop(on), network(by), config(std::move(setup.config)), observe_alarm(on) {
    queries = std::make_shared<sampling::Queries>(
        sampling::Queries{.catalogue = std::move(setup.catalogue), .switches = {}}
    );
  }

  void start() {
    for (const config::Server& server : config.clusters.front().servers) {
      pollers.push_back(std::make_unique<sampling::Poller>(
          loop, network, config.clusters.front().name, server, config.sampling, queries
      ));
      spawn(pollers.back()->tick_until_stopped());
    }
    spawn(observe_until_stopped());
  }

  void spawn(asio::awaitable<void> task) {
    asio::co_spawn(loop.io, std::move(task), [](const std::exception_ptr& problem) {
      if (problem) {
        std::rethrow_exception(problem);
      }
    });
  }

  asio::awaitable<void> observe_until_stopped() {
    while (!stopped) {
      const auto tick = config.sampling.tick;
      const auto since_epoch = loop.now().time_since_epoch();
      const Instant next{since_epoch - since_epoch % tick + tick + tick * 3 / 4};
      co_await observe_alarm.wait_until(next);
      share_places();
      observe();
    }
    observer_ended = true;
  }

  void share_places() {
    std::vector<sampling::PlaceAt> places;
    for (const auto& poller : pollers) {
      places.push_back(poller->place_at(loop.now()));
    }
    const auto wanted = sampling::wanted_places(places);
    for (std::size_t i = 0; i < places.size(); ++i) {
      pollers[i]->want_place(wanted[i]);
    }
  }

  void observe() {
    const config::Cluster& configured = config.clusters.front();
    std::vector<cluster::ServerSample> samples;
    for (const auto& poller : pollers) {
      samples.push_back(poller->sample(loop.now()));
    }
    cluster::Cluster seen;
    if (!cluster::is_observed(samples)) {
      memory = {};
      seen = cluster::leave_to_others(configured.name, samples);
    } else {
      const cluster::Watched watched{.name = configured.name, .rpo = std::nullopt};
      auto observed = cluster::observe(watched, samples, std::move(memory), loop.now());
      memory = std::move(observed.memory);
      seen = std::move(observed.cluster);
      for (cluster::Event& event : observed.events) {
        events.push_back({loop.clock.wall_now(), configured.name, std::move(event)});
      }
    }
    auto next = std::make_shared<pages::Picture>();
    next->taken = loop.now();
    next->taken_at = loop.clock.wall_now();
    next->clusters.push_back(take_picture(seen, configured));
    picture = std::move(next);
  }

  void stop() {
    stopped = true;
    observe_alarm.cancel();
    for (const auto& poller : pollers) {
      poller->stop();
    }
  }
};

Exporter::Exporter(loop::Loop loop, Exchange& exchange, ExporterId id, Setup setup)
    : network_(loop, exchange, id),
      http_(loop, exchange),
      started_(loop.now()),
      configured_(loop.now()),
      parts_(std::make_unique<Parts>(loop, network_, std::move(setup))) {
  parts_->start();
}

Exporter::~Exporter() = default;

void Exporter::stop() {
  parts_->stop();
}

bool Exporter::has_ended() const {
  return parts_->observer_ended && parts_->rounds == 0 &&
         std::ranges::all_of(parts_->pollers, [](const auto& one) { return one->has_ended(); });
}

void Exporter::reload(Setup) {
}

void Exporter::scrape(milliseconds patience) {
  const Instant now = parts_->loop.now();
  const Instant deadline = now + std::min(patience, parts_->config.sampling.timeout);
  scrapes_.push_back({.asked = now, .patience = now + patience});
  const std::size_t number = scrapes_.size() - 1;
  auto left = std::make_shared<std::size_t>(parts_->pollers.size());
  for (const auto& poller : parts_->pollers) {
    ++parts_->rounds;
    asio::co_spawn(
        parts_->loop.io,
        poller->run_round(deadline),
        [this, left, number](const std::exception_ptr& problem) {
          --parts_->rounds;
          if (--*left == 0) {
            scrapes_[number].answered = parts_->loop.now();
            if (!parts_->stopped) {
              parts_->observe();
            }
          }
          if (problem) {
            std::rethrow_exception(problem);
          }
        }
    );
  }
}

std::shared_ptr<const pages::Picture> Exporter::picture() const {
  return parts_->picture;
}

std::vector<cluster::LoggedEvent> Exporter::events_after(std::size_t told) const {
  const auto& all = parts_->events;
  return {all.begin() + static_cast<std::ptrdiff_t>(std::min(told, all.size())), all.end()};
}

const config::Config& Exporter::config() const {
  return parts_->config;
}

}  // namespace pgrepl::simulation
